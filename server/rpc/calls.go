package rpc

import (
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/server/limit"
)

// exceptions is how those procedures are limited of which the contract does not say
// enough.
var exceptions = map[string]limit.Call{
	ovationv1connect.RoomServiceJoinRoomProcedure:      {Class: limit.Connect},
	ovationv1connect.FeedServiceSubscribeProcedure:     {Class: limit.Connect, Held: limit.Stream},
	ovationv1connect.EventServiceStreamEventsProcedure: {Class: limit.Connect, Held: limit.Stream},
	ovationv1connect.FeedServicePullProcedure:          {Class: limit.Read, Held: limit.Pull},
	ovationv1connect.FeedServiceSyncClockProcedure:     {Class: limit.Read},
}

// calls is how each procedure of the contract is limited: by the exceptions, and else
// as a read if the contract says that it has no side effects.
var calls = func() map[string]limit.Call {
	all := make(map[string]limit.Call)
	for _, name := range ServiceNames() {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			panic(err) // the service is generated, and so registered
		}
		methods := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			procedure := "/" + name + "/" + string(methods.Get(i).Name())
			all[procedure] = callOf(procedure, methods.Get(i))
		}
	}
	return all
}()

// callOf returns how one procedure is limited.
func callOf(procedure string, m protoreflect.MethodDescriptor) limit.Call {
	if call, ok := exceptions[procedure]; ok {
		return call
	}
	options, _ := m.Options().(*descriptorpb.MethodOptions)
	if options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
		return limit.Call{Class: limit.Read}
	}
	return limit.Call{Class: limit.Send}
}

// Call returns how a procedure is limited.
func Call(procedure string) limit.Call { return calls[procedure] }
