package ovation

import (
	"errors"
	"os"
	"testing"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// Against a server in development, where OVATION_TEST_SERVER names one: every way of
// delivery sees everything, once, and the end of the room.
func TestAgainstServer(t *testing.T) {
	base := os.Getenv("OVATION_TEST_SERVER")
	if base == "" {
		t.Skip("OVATION_TEST_SERVER names no server")
	}
	t.Parallel()
	as := func(user string, role live.Role) *Client {
		signed, err := token.Mint(token.DevelopmentSecret, token.Claims{
			User: live.UserID(user), Name: user, Role: role, Rooms: []live.RoomID{token.AnyRoom},
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := New(base, WithToken(signed))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	backend := as("backend", live.RoleBackend)
	created, err := backend.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{Title: "Test"})
	if err != nil {
		t.Fatal(err)
	}
	id := created.Room.RoomId
	type tally struct {
		delivery    ovationv1.Delivery
		seen, lost  int
		unexplained uint64
		attrib      string
		err         error
	}
	tallies := make(chan tally)
	for _, delivery := range []ovationv1.Delivery{notifying, inlining, ovationv1.Delivery_DELIVERY_UNSPECIFIED} {
		room, err := as("viewer-"+delivery.String(), live.RoleViewer).Join(t.Context(), id, WithDelivery(delivery))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(room.Close)
		go func() {
			sum := tally{delivery: delivery}
			for event, err := range room.Events(t.Context()) {
				sum.err = err
				if m, ok := event.(*Messages); ok {
					sum.seen, sum.lost = sum.seen+len(m.Messages), sum.lost+int(m.Dropped.Total())
					sum.unexplained += m.Unexplained
				}
			}
			a, _ := room.Attribute("n")
			sum.attrib = string(a.Value)
			tallies <- sum
		}()
	}
	speaker, err := as("speaker", live.RoleHost).Join(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer speaker.Close()
	accepted := 0
	for i := range 300 {
		answer, err := speaker.SendText(t.Context(), "hello")
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status == ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
			accepted++
		}
		if i%10 == 0 {
			update := &ovationv1.AttributeUpdate{Key: "n", Value: []byte(numbers(i, i)[0])}
			if _, err := speaker.UpdateAttributes(t.Context(), update); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(3 * time.Second) // the last round of delivery, at its slowest
	if _, err := backend.Rooms().EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: id}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		got := <-tallies
		if got.seen+got.lost != accepted || got.unexplained != 0 || got.attrib != "290" || !errors.Is(got.err, ErrRoomEnded) {
			t.Errorf("%d accepted: %+v", accepted, got)
		}
	}
}
