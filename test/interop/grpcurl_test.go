package interop

import (
	"os/exec"
	"sync"
	"testing"
)

// grpcurlBinary is the tool that go.mod names.
var grpcurlBinary = sync.OnceValues(func() (string, error) {
	return build(".", "grpcurl", "github.com/fullstorydev/grpcurl/cmd/grpcurl")
})

func grpcurl(t *testing.T) string {
	t.Helper()
	path, err := grpcurlBinary()
	if err != nil {
		missing(t, "grpcurl", err)
	}
	return path
}

func TestGrpcurl(t *testing.T) {
	t.Parallel()
	tool, s := grpcurl(t), start(t)
	auth := "authorization: " + s.auth
	for name, tt := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"list": {[]string{s.address(), "list"}, 0, []string{
			"grpc.health.v1.Health", "ovation.v1.AttributeService", "ovation.v1.AudienceService", "ovation.v1.EventService",
			"ovation.v1.FeedService", "ovation.v1.GiftService", "ovation.v1.MediaService", "ovation.v1.ModerationService",
			"ovation.v1.QuizService", "ovation.v1.RoomService", "ovation.v1.WalletService",
		}},
		"list a service": {[]string{s.address(), "list", "ovation.v1.FeedService"}, 0, []string{
			"ovation.v1.FeedService.Subscribe", "ovation.v1.FeedService.Pull",
		}},
		"describe": {[]string{s.address(), "describe", "ovation.v1.FeedService.Subscribe"}, 0, []string{
			"rpc Subscribe ( .ovation.v1.SubscribeRequest ) returns ( stream .ovation.v1.SubscribeResponse );",
		}},
		"call": {[]string{"-H", auth, "-d", `{"room_id":"r"}`, s.address(), "ovation.v1.RoomService/GetRoom"}, 0, []string{
			`"roomId": "r"`, `"state": "ROOM_STATE_LIVE"`,
		}},
		"without a token": {[]string{"-d", `{"room_id":"r"}`, s.address(), "ovation.v1.RoomService/GetRoom"}, 64 + 16, []string{
			"Code: Unauthenticated", "ERROR_REASON_TOKEN_MISSING",
		}},
		"not built": {[]string{s.address(), "ovation.v1.MediaService/IssueToken"}, 64 + 12, []string{
			"Code: Unimplemented", "ERROR_REASON_NOT_IMPLEMENTED",
		}},
		"health": {[]string{s.address(), "grpc.health.v1.Health/Check"}, 0, []string{"SERVING"}},
	} {
		expect(t, name, tt.code, tt.want, tool, append([]string{"-plaintext"}, tt.args...)...)
	}
}

func TestGrpcurlStream(t *testing.T) {
	t.Parallel()
	tool, s := grpcurl(t), start(t)
	s.follow(t, exec.Command(tool, "-plaintext", "-H", "authorization: "+s.auth,
		"-d", `{"room_id":"r","delivery":"DELIVERY_INLINE"}`, s.address(), "ovation.v1.FeedService/Subscribe"))
}
