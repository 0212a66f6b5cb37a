package rooms_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// notified is a viewer whose stream notifies them.
type notified struct {
	sub    *hub.Subscriber
	cursor feed.Cursor
}

// stream opens a viewer's stream on a node.
func (h house) stream(t *testing.T, user live.UserID) *notified {
	t.Helper()
	session, _, err := h.Enter(t.Context(), as(user, live.RoleViewer), "r", "", rooms.StreamLease)
	if err != nil {
		t.Fatal(err)
	}
	sub, _, err := h.hub.Subscribe(t.Context(), hub.Subscription{Room: "r", Session: session, Delivery: hub.Notified}, hub.NewBell())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.hub.Unsubscribe(sub) })
	return &notified{sub: sub}
}

// answer pulls from a node if there is anything on the stream.
func (v *notified) answer(t *testing.T, from house, user live.UserID, session live.SessionID) {
	t.Helper()
	if frames, _ := v.sub.Next(nil); len(frames) == 0 {
		return
	}
	pulled, err := from.hub.Pull(t.Context(), hub.Pull{Room: "r", User: user, Session: session, Cursor: v.cursor})
	if err != nil {
		t.Fatal(err)
	}
	if v.cursor = pulled.Batch.Cursor; !pulled.Streaming {
		from.keeper.Pulled("r", user, session)
	}
}

// A viewer whose pulls go to another node than their stream is not ended as offline,
// however long the room is active, and then silent; one who never pulls is.
func TestWhoPullsElsewhereIsNotOffline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := memory.New().Set()
		here, there := open(t, set, rooms.DoubtFor), open(t, set, rooms.DoubtFor)
		here.create(t, "r")
		here.keep(t)
		time.Sleep(4 * time.Second) // nodes did not start together
		there.keep(t)
		elsewhere, gone := here.stream(t, "elsewhere"), here.stream(t, "gone")
		session := here.hub.SessionsIn("r")[0]
		for _, s := range here.hub.SessionsIn("r") {
			if s.User == "elsewhere" {
				session = s
			}
		}
		limits := store.Limits{Limits: feed.Limits{Rate: 1000, WhitelistRate: 1000, Capacity: 100}, Revision: 100}
		for i := range 6000 { // ten minutes
			_, err := set.Log.Append(t.Context(), "r", feed.Draft{Content: feed.Content{Kind: feed.KindText, Sender: "host"}}, limits)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
			elsewhere.answer(t, there, "elsewhere", session.ID)
			switch after := time.Duration(i) * 100 * time.Millisecond; {
			case elsewhere.sub.Ending() != hub.Open:
				t.Fatalf("who pulls elsewhere was ended after %v: %v", after, elsewhere.sub.Ending())
			case gone.sub.Ending() != hub.Open && after < 30*time.Second:
				t.Fatalf("who never pulls was ended after %v", after)
			case gone.sub.Ending() != hub.Offline && after > 85*time.Second:
				t.Fatalf("who never pulls was not ended after %v: %v", after, gone.sub.Ending())
			}
			if users, _ := here.online(t, "r"); i > 700 && users != 1 {
				t.Fatalf("%d users after %d messages", users, i)
			}
		}
		for range 3000 { // five minutes of silence
			time.Sleep(100 * time.Millisecond)
			elsewhere.answer(t, there, "elsewhere", session.ID)
		}
		if users, _ := here.online(t, "r"); users != 1 || elsewhere.sub.Ending() != hub.Open {
			t.Errorf("%d users, who pulls elsewhere: %v", users, elsewhere.sub.Ending())
		}
	})
}
