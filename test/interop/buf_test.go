package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// protocols is what buf speaks, by name.
var protocols = map[string][]string{
	"connect":            {"--protocol", "connect"},
	"connect over HTTP2": {"--protocol", "connect", "--http2-prior-knowledge"},
	"grpc":               {"--protocol", "grpc", "--http2-prior-knowledge"},
	"grpcweb":            {"--protocol", "grpcweb"},
}

// schema writes the contract and all that it imports to a file, in the form that buf
// reads.
func schema(t *testing.T) string {
	t.Helper()
	set, seen := new(descriptorpb.FileDescriptorSet), make(map[string]bool)
	var add func(protoreflect.FileDescriptor)
	add = func(f protoreflect.FileDescriptor) {
		if seen[f.Path()] {
			return
		}
		seen[f.Path()] = true
		for i := range f.Imports().Len() {
			add(f.Imports().Get(i).FileDescriptor)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
	}
	add(ovationv1.File_ovation_v1_feed_proto)
	add(ovationv1.File_ovation_v1_errors_proto)
	b, err := proto.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "schema.binpb")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bufCurl returns the arguments of a `buf curl` of a procedure. Over HTTP/2 it learns
// the schema by reflection, which is a stream both ways; over HTTP/1.1 it is told.
func (s server) bufCurl(t *testing.T, options []string, procedure, body string) []string {
	t.Helper()
	args := append([]string{"curl"}, options...)
	if !slices.Contains(options, "--http2-prior-knowledge") {
		args = append(args, "--schema", schema(t))
	}
	return append(args, "-H", "Authorization: "+s.auth, "-d", body, s.url+"/ovation.v1."+procedure)
}

func TestBufCurl(t *testing.T) {
	t.Parallel()
	tool := path(t, "buf", root+"/node_modules/.bin/buf")
	for name, options := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			out, code := run(t.Context(), t, tool, s.bufCurl(t, options, "RoomService/GetRoom", `{"roomId":"r"}`)...)
			if code != 0 || !strings.Contains(out, `"roomId": "r"`) {
				t.Errorf("exit code %d: %s", code, out)
			}
			out, code = run(t.Context(), t, tool, s.bufCurl(t, options, "RoomService/GetRoom", `{"roomId":"nowhere"}`)...)
			if code == 0 || !strings.Contains(out, "not_found") {
				t.Errorf("exit code %d: %s", code, out)
			}
			follow := s.bufCurl(t, options, "FeedService/Subscribe", `{"roomId":"r","delivery":"DELIVERY_INLINE"}`)
			s.follow(t, exec.Command(tool, follow...))
		})
	}
}
