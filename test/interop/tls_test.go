package interop

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
)

// grpc-go over TLS insists on HTTP/2 being negotiated.
func TestGRPCGoOverTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certText, keyText := testkit.Certificate(t, "interop", time.Now().Add(365*24*time.Hour))
	for path, text := range map[string][]byte{cert: certText, key: keyText} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := launch(t, "OVATION_TLS_CERT="+cert, "OVATION_TLS_KEY="+key)
	transport, err := credentials.NewClientTLSFromFile(cert, "")
	if err != nil {
		t.Fatal(err)
	}
	conn := s.dialWith(t, transport)
	made := new(ovationv1.CreateRoomResponse)
	if err := conn.Invoke(s.as(t), "/ovation.v1.RoomService/CreateRoom", &ovationv1.CreateRoomRequest{RoomId: "r"}, made); err != nil {
		t.Fatal(err)
	}
	res := new(ovationv1.GetRoomResponse)
	if err := conn.Invoke(s.as(t), getRoom, &ovationv1.GetRoomRequest{RoomId: "r"}, res); err != nil || res.GetRoom().GetRoomId() != "r" {
		t.Errorf("%v, %v", res, err)
	}
}
