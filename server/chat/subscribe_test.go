package chat_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// frames is a writer that keeps what it gets.
type frames chan *ovationv1.SubscribeResponse

// WriteFrames implements hub.Writer.
func (f frames) WriteFrames(frames ...*wire.Frame) error {
	for _, frame := range frames {
		if err := f.write(frame); err != nil {
			return err
		}
	}
	return nil
}

func (f frames) write(frame *wire.Frame) error {
	b, err := frame.AppendProto(nil)
	if err != nil {
		return err
	}
	m := new(ovationv1.SubscribeResponse)
	if err := proto.Unmarshal(b, m); err != nil {
		return err
	}
	f <- m
	return nil
}

// stuck is a writer whose reader never reads.
type stuck struct{ hungUp <-chan struct{} }

// WriteFrames implements hub.Writer.
func (s stuck) WriteFrames(...*wire.Frame) error {
	<-s.hungUp
	return context.Canceled
}

// expiring returns a caller whose token expires after a while.
func expiring(after time.Duration) auth.Principal {
	p := as("u", live.RoleViewer)
	p.Expires = time.Now().Add(after)
	return p
}

// follow opens a stream and serves it to its end.
func (h house) follow(ctx context.Context, p auth.Principal, stream chat.Stream, w hub.Writer) error {
	v, err := h.Subscribe(ctx, p, stream)
	if err != nil {
		return err
	}
	return v.Serve(ctx, w)
}

func (h house) sessions(t *testing.T) int {
	t.Helper()
	got, err := h.store.Presence.Online(t.Context(), []live.RoomID{"r"})
	if err != nil {
		t.Fatal(err)
	}
	return got["r"].Sessions
}

func TestATokenThatExpiresEndsItsStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		w := make(frames, 1000)
		begun := time.Now()
		if err := h.follow(t.Context(), expiring(time.Hour), chat.Stream{Room: "r"}, w); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != time.Hour {
			t.Errorf("after %v", took)
		}
		close(w)
		var last *ovationv1.SubscribeResponse
		for last = range w { //nolint:revive // only the last matters
		}
		kicked := last.GetKicked()
		if kicked.GetReason() != ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED || !kicked.GetMayReconnect() {
			t.Errorf("last frame: %v", last)
		}
		if h.sessions(t) != 1 {
			t.Error("the session does not wait to be resumed")
		}
	})
}

func TestAStreamThatIsCancelledLeavesItsSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		err := h.follow(ctx, expiring(time.Hour), chat.Stream{Room: "r"}, stuck{ctx.Done()})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if h.sessions(t) != 1 || len(h.hub.Sessions()) != 0 {
			t.Errorf("%d sessions, %v subscribers", h.sessions(t), h.hub.Sessions())
		}
	})
}

// A node that takes no more streams leaves no session behind that nobody knows of.
func TestTurnedAwayWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		j, err := h.rooms.Join(t.Context(), expiring(time.Hour), "r", "")
		if err != nil {
			t.Fatal(err)
		}
		h.hub.Drain(t.Context(), hub.Farewell{After: time.Second, Jitter: time.Second})
		err = h.follow(t.Context(), expiring(time.Hour), chat.Stream{Room: "r"}, make(frames, 9))
		if !errors.Is(err, hub.ErrDraining) || h.sessions(t) != 1 {
			t.Errorf("%v, %d sessions", err, h.sessions(t))
		}
		resume := chat.Stream{Room: "r", Session: j.Session}
		err = h.follow(t.Context(), expiring(time.Hour), resume, make(frames, 9))
		if !errors.Is(err, hub.ErrDraining) || h.sessions(t) != 1 {
			t.Errorf("resuming: %v, %d sessions", err, h.sessions(t))
		}
	})
}

// Whose stream lasts until the room's end was there until then, and so was who comes back
// after it; whose stream broke before was there until that.
func TestStreamsUntilTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		var streams sync.WaitGroup
		begin := func(user live.UserID) (cut context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			p := as(user, live.RoleViewer)
			p.Expires = time.Now().Add(time.Hour)
			streams.Go(func() { _ = h.follow(ctx, p, chat.Stream{Room: "r", Session: live.SessionID(user)}, make(frames, 100)) })
			return cancel
		}
		defer begin("stays")()
		cutShort, cutOff := begin("cut"), begin("returns")
		time.Sleep(time.Minute)
		cutShort()
		cutOff()
		cut := live.At(time.Now())
		time.Sleep(5 * time.Second)
		r, err := h.rooms.End(t.Context(), as("b", live.RoleBackend), "r")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		defer begin("returns")()
		streams.Wait()
		over, stop := context.WithCancel(t.Context())
		stop()
		h.keeper.Run(over) // it says the last
		time.Sleep(2 * time.Minute)
		ended, _, err := h.store.Presence.Expire(t.Context(), 10)
		if err != nil || len(ended) != 3 {
			t.Fatalf("%+v have ended, %v", ended, err)
		}
		want := map[live.UserID]live.Timestamp{"stays": r.Ended, "cut": cut, "returns": r.Ended}
		for _, e := range ended {
			if e.LastSeen != want[e.User] || e.Left || e.At != r.Ended {
				t.Errorf("%+v has ended, want it last seen at %d", e, want[e.User])
			}
		}
	})
}

func TestSubscribeWhereOneMayNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := setup(t)
		p := expiring(time.Hour)
		p.Rooms = append(p.Rooms, "nowhere")
		for id, want := range map[live.RoomID]error{"s": auth.ErrRoomForbidden, "nowhere": store.ErrRoomNotFound} {
			if err := h.follow(t.Context(), p, chat.Stream{Room: id}, make(frames, 9)); !errors.Is(err, want) {
				t.Errorf("%s: %v", id, err)
			}
		}
		if _, err := h.rooms.End(t.Context(), as("b", live.RoleBackend), "r"); err != nil {
			t.Fatal(err)
		}
		if err := h.follow(t.Context(), p, chat.Stream{Room: "r"}, make(frames, 9)); !errors.Is(err, store.ErrRoomEnded) {
			t.Errorf("ended: %v", err)
		}
	})
}
