package failure

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
)

// waiting is how many calls wait at a node that is stopped.
const waiting = 50

// What a node knew before it was stopped it does not go by when it goes on: calls that
// waited for it are answered as their callers stand then, and streams end.
func TestBansWhileANodeIsPaused(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	paused := d.nodes[0]
	operator := d.nodes[1].client(t, "operator", live.RoleBackend)
	_, err := operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: "stage", RequestId: "stage"})
	if err != nil {
		t.Fatal(err)
	}
	client := paused.client(t, "banned", live.RoleViewer)
	viewer := watch(t, client, "stage", "banned", ovationv1.Delivery_DELIVERY_INLINE)
	if err := say(t.Context(), client, "before"); err != nil {
		t.Fatal(err)
	}
	paused.signal(t, syscall.SIGSTOP)
	_, err = operator.Moderation().Ban(t.Context(), &ovationv1.BanRequest{RoomId: "stage", UserId: "banned"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pause+patience)
	defer cancel()
	answers := make(chan error, waiting)
	for i := range waiting {
		time.AfterFunc(pause*time.Duration(i)/waiting, func() { answers <- say(ctx, client, fmt.Sprint("waits ", i)) })
	}
	time.Sleep(pause)
	paused.signal(t, syscall.SIGCONT)
	for range waiting {
		if err := <-answers; ovation.Reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED {
			t.Errorf("a call that waited was answered %v", err)
		}
	}
	select {
	case <-viewer.over:
	case <-time.After(patience):
		t.Error("the stream of one who is banned goes on")
	}
}

// say sends one message.
func say(ctx context.Context, client *ovation.Client, text string) error {
	_, err := client.Feed().Send(ctx, &ovationv1.SendRequest{RoomId: "stage", Text: text, ClientMessageId: text})
	return err
}
