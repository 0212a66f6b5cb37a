package rpc

import (
	"net/http"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// unknown is what the caller of an RPC is told that is not in the contract.
var unknown = failure{
	connect.CodeUnimplemented, ovationv1.ErrorReason_ERROR_REASON_NOT_IMPLEMENTED,
	"there is no such RPC: look at its name, or for a newer server", 0,
}

// anyProtocol writes errors in the protocol that a request speaks.
var anyProtocol = connect.NewErrorWriter()

// OrUnknown lets next serve what is no RPC, and tells callers of RPCs that theirs is not
// known.
func OrUnknown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !anyProtocol.IsSupported(r) {
			next.ServeHTTP(w, r)
			return
		}
		_ = anyProtocol.Write(w, r, unknown.told(r.Context(), nil)) // whoever asked has gone
	})
}

// procedures returns the path of every RPC of the contract.
var procedures = sync.OnceValue(func() map[string]bool {
	all := make(map[string]bool)
	for _, name := range ServiceNames() {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			panic(err) // the contract lacks a service of its own
		}
		service, ok := found.(protoreflect.ServiceDescriptor)
		if !ok {
			panic(name + " is no service")
		}
		for i := range service.Methods().Len() {
			all["/"+name+"/"+string(service.Methods().Get(i).Name())] = true
		}
	}
	return all
})

// nowhere is what there is at paths of a service that are no RPC of the contract.
var nowhere = OrUnknown(http.NotFoundHandler())
