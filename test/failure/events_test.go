package failure

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
)

// received is what another system has got of events: each as often as it came.
type received struct {
	mu  sync.Mutex
	all []*ovationv1.Event
}

func (r *received) take(e *ovationv1.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, e)
}

func (r *received) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.all)
}

// ids returns the ids that came.
func (r *received) ids() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make(map[string]bool)
	for _, e := range r.all {
		ids[e.GetEventId()] = true
	}
	return ids
}

// judge checks that events of each room came in their order, those that came again with the
// same place, and returns how many came again.
func (r *received) judge(t *testing.T, who string) (again int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := make(map[string]uint64)
	places := make(map[string]uint64)
	for _, e := range r.all {
		place, seen := places[e.GetEventId()]
		switch {
		case seen && place != e.GetSequence():
			t.Errorf("%s: %s was at %d, and came again at %d", who, e.GetEventId(), place, e.GetSequence())
		case seen:
			again++
		case e.GetSequence() <= latest[e.GetRoomId()]:
			t.Errorf("%s: %s came after the room's event at %d", who, e, latest[e.GetRoomId()])
		}
		places[e.GetEventId()] = e.GetSequence()
		latest[e.GetRoomId()] = max(latest[e.GetRoomId()], e.GetSequence())
	}
	return again
}

// webhook listens for events until the test ends, and does not take every seventh at first.
func webhook(t *testing.T) (*received, string) {
	t.Helper()
	got, n := &received{}, 0
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the node was killed
		}
		if err := ovation.VerifyWebhook(hookSecret, r.Header, body, time.Hour); err != nil {
			t.Error(err)
		}
		mu.Lock()
		n++
		refuse := n%7 == 0
		mu.Unlock()
		if refuse {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var e ovationv1.Event
		if err := protojson.Unmarshal(body, &e); err != nil {
			t.Errorf("%s: %v", body, err)
			return
		}
		got.take(&e)
	}))
	t.Cleanup(server.Close)
	return got, server.URL
}

const hookSecret = "a secret of thirty-two bytes too"

// consume has a client read events until the test ends.
func consume(t *testing.T, c *ovation.Client) *received {
	t.Helper()
	got := &received{}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		err := c.Consume(ctx, &ovationv1.StreamEventsRequest{Consumer: "stream"},
			func(_ context.Context, e *ovationv1.Event) error {
				got.take(e)
				return nil
			})
		if ctx.Err() == nil {
			t.Errorf("the stream of events is over: %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-over })
	return got
}

// until makes a call until it gets through.
func until[Req, Res any](t *testing.T, call func(context.Context, Req) (Res, error), request Req) (res Res) {
	t.Helper()
	eventually(t, fmt.Sprintf("%T gets through", request), func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var err error
		res, err = call(ctx, request)
		return err == nil
	})
	return res
}

// happen has things happen in a room, and returns the ids of those events that tell of them.
func happen(t *testing.T, c *ovation.Client, room string) (ids []string) {
	t.Helper()
	created := until(t, c.Rooms().CreateRoom, &ovationv1.CreateRoomRequest{RoomId: room, RequestId: room})
	ids = append(ids, fmt.Sprintf("room_created/%s/%d", room, created.GetRoom().GetCreatedAt()))
	for i := range 5 {
		ban := &ovationv1.BanRequest{RoomId: room, UserId: fmt.Sprint("user-", i), RequestId: fmt.Sprint("ban-", i)}
		ids = append(ids, "sanction_applied/"+until(t, c.Moderation().Ban, ban).GetSanction().GetSanctionId())
	}
	ended := until(t, c.Rooms().EndRoom, &ovationv1.EndRoomRequest{RoomId: room})
	return append(ids, fmt.Sprintf("room_ended/%s/%d", room, ended.GetRoom().GetEndedAt()))
}

func TestEventsWhileNodesAreKilled(t *testing.T) {
	begin(t)
	d := deploy(t, services.SharedRedis(t), services.NewDatabase(t))
	operator := d.client(t, "operator", live.RoleBackend)
	pushed, url := webhook(t)
	until(t, operator.Events().PutWebhook, &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{
		Consumer: "hook", Url: url, Secret: hookSecret,
	}})
	streamed := consume(t, d.client(t, "reader", live.RoleBackend))
	eventually(t, "the stream is open", func() bool {
		listed, err := operator.Events().ListConsumers(t.Context(), &ovationv1.ListConsumersRequest{})
		return err == nil && len(listed.GetConsumers()) == 2
	})
	var want []string
	more := func(round string) {
		for i := range 5 {
			want = append(want, happen(t, operator, fmt.Sprint("room-", round, "-", i))...)
		}
	}
	more("first")
	eventually(t, "events come", func() bool { return pushed.count() > 0 && streamed.count() > 0 })
	d.grow(t)
	for i := range 3 { // whichever node has the webhook, and whichever the stream: they are among these
		d.nodes[i].kill(t)
		more(fmt.Sprint("killed-", i))
	}
	last := time.Now()
	for who, got := range map[string]*received{"the webhook": pushed, "the stream": streamed} {
		eventually(t, who+" gets everything", func() bool {
			ids := got.ids()
			return !slices.ContainsFunc(want, func(id string) bool { return !ids[id] })
		})
		t.Logf("%s has got everything, %d of %d once more", who, got.judge(t, who), len(want))
	}
	eventually(t, "everything is acknowledged", func() bool {
		listed, err := operator.Events().ListConsumers(t.Context(), &ovationv1.ListConsumersRequest{})
		return err == nil && !slices.ContainsFunc(listed.GetConsumers(), func(c *ovationv1.EventConsumer) bool { return c.GetLag() > 0 })
	})
	letters, err := operator.Events().ListDeadLetters(t.Context(), &ovationv1.ListDeadLettersRequest{})
	if err != nil || len(letters.GetDeadLetters()) > 0 {
		t.Errorf("dead letters: %v, %v", letters, err)
	}
	t.Logf("| nodes that send and stream events are killed, three one after the other | all were there %.1f s after the last |", time.Since(last).Seconds())
}
