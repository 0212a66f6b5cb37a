package interop

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// versions is what curl speaks; HTTP/2 it is told of.
var versions = map[string]string{"HTTP1": "--http1.1", "h2c": "--http2-prior-knowledge"}

func TestCurl(t *testing.T) {
	t.Parallel()
	tool, s := path(t, "curl"), start(t)
	json, auth := "Content-Type: application/json", "Authorization: "+s.auth
	room := s.url + "/ovation.v1.RoomService/"
	for version, flag := range versions {
		for name, tt := range map[string]struct {
			args []string
			want []string
		}{
			"a call": {[]string{"-H", json, "-H", auth, "-d", `{"roomId":"r"}`, room + "GetRoom"}, []string{"200", `"roomId":"r"`}},
			"a GET": {
				[]string{"-H", auth, "-G", room + "GetRoom", "-d", "connect=v1", "-d", "encoding=json", "--data-urlencode", `message={"roomId":"r"}`},
				[]string{"200", `"roomId":"r"`},
			},
			"without a token": {[]string{"-H", json, "-d", `{"roomId":"r"}`, room + "GetRoom"}, []string{
				"401", `"code":"unauthenticated"`, `"reason":"ERROR_REASON_TOKEN_MISSING"`,
			}},
			"not there": {[]string{"-H", json, "-H", auth, "-d", `{"roomId":"s"}`, room + "GetRoom"}, []string{"404", `"code":"not_found"`}},
			"gzip":      {[]string{"--compressed", "-H", json, "-H", auth, "-d", `{"roomId":"r"}`, room + "JoinRoom"}, []string{"200", `"sessionId":"`}},
			"not built": {[]string{"-H", json, "-d", `{}`, s.url + "/ovation.v1.MediaService/IssueToken"}, []string{"501", `"code":"unimplemented"`}},
			"ready":     {[]string{s.url + "/readyz"}, []string{"200", "ready"}},
			"the page":  {[]string{s.url + "/"}, []string{"200", "<title>"}},
		} {
			args := append([]string{"-sS", flag, "-w", "\n%{http_code}\n"}, tt.args...)
			expect(t, name+" over "+version, 0, tt.want, tool, args...)
		}
	}
}

// A stream is a plain POST of one enveloped message, and comes as it is made.
func TestCurlStream(t *testing.T) {
	t.Parallel()
	tool := path(t, "curl")
	for version, flag := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			message := `{"roomId":"r","delivery":"DELIVERY_INLINE"}`
			body := filepath.Join(t.TempDir(), "body")
			envelope := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
			if err := os.WriteFile(body, envelope, 0o600); err != nil {
				t.Fatal(err)
			}
			out := s.follow(t, exec.Command(tool, "-sSN", flag, "-H", "Content-Type: application/connect+json",
				"-H", "Authorization: "+s.auth, "--data-binary", "@"+body, s.url+"/ovation.v1.FeedService/Subscribe"))
			if !strings.HasSuffix(out, "\x02\x00\x00\x00\x02{}") {
				t.Errorf("ends with %q", out[max(0, len(out)-200):])
			}
		})
	}
}
