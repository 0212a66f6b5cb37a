package rpc_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/ovation-live/ovation/server/limit"
	"github.com/ovation-live/ovation/server/rpc"
)

// What a procedure counts as goes by its name: whoever adds one of another name says
// here what it is.
func TestEveryProcedureIsLimited(t *testing.T) {
	t.Parallel()
	reads := []string{"Get", "List", "Pull", "SyncClock"}
	connects := []string{"JoinRoom", "Subscribe", "StreamEvents"}
	sends := []string{
		"Create", "Update", "End", "Leave", "Link", "Unlink", "Send", "Recall", "Ask", "Submit", "Reveal", "Finish", "Cancel",
		"Ack", "Use", "Grant", "Put", "Deposit", "Report", "Replay", "Ban", "Unban", "Mute", "Unmute", "Kick", "Protect",
		"Unprotect", "Add", "Remove", "Delete", "Retry", "Issue",
	}
	seen := 0
	for _, name := range rpc.ServiceNames() {
		d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
		if err != nil {
			t.Fatal(err)
		}
		methods := d.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			seen++
			m := methods.Get(i)
			got := rpc.Call("/" + name + "/" + string(m.Name()))
			var want limit.Class
			switch begins := func(words []string) bool { return begins(string(m.Name()), words) }; {
			case begins(connects):
				want = limit.Connect
			case begins(reads):
				want = limit.Read
			case begins(sends):
				want = limit.Send
			default:
				t.Errorf("%s: what does it count as?", m.FullName())
				continue
			}
			if got.Class != want {
				t.Errorf("%s counts as %v, want %v", m.FullName(), got.Class, want)
			}
			if m.IsStreamingServer() != (got.Held == limit.Stream) {
				t.Errorf("%s holds %v", m.FullName(), got.Held)
			}
			if (got.Held == limit.Pull) != (m.FullName() == "ovation.v1.FeedService.Pull") {
				t.Errorf("%s holds %v", m.FullName(), got.Held)
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d procedures", seen)
	}
}

func begins(name string, words []string) bool {
	for _, word := range words {
		if strings.HasPrefix(name, word) {
			return true
		}
	}
	return false
}
