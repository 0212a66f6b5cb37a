package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store/storetest"
)

// nowhere is a writer whose frames nobody reads.
type nowhere struct{}

// WriteFrames implements hub.Writer.
func (nowhere) WriteFrames(...*wire.Frame) error { return nil }

// comeAndGo lets a user join, speak and stream on a node until ctx is done, whatever it
// is answered, as long as it is one of the answers that there are.
func (h house) comeAndGo(ctx context.Context, user live.UserID) {
	p := as(user, live.RoleViewer)
	for i := 0; ctx.Err() == nil; i++ {
		in, err := h.Admit(ctx, p, "r")
		if err == nil {
			switch i % 3 {
			case 0:
				_, err = h.rooms.Join(in, p, "r", "")
			case 1:
				_, err = h.chat.Send(in, p, "r", chat.Outgoing{})
			default:
				short, cancel := context.WithTimeout(in, 20*time.Millisecond)
				var v *chat.Viewing
				if v, err = h.chat.Subscribe(short, p, chat.Stream{Room: "r"}); err == nil {
					err = v.Serve(short, nowhere{})
				}
				cancel()
			}
		}
		var ban *rules.BannedError
		known := errors.As(err, &ban) || errors.Is(err, chat.ErrEmpty) ||
			errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
		if err != nil && !known {
			h.t.Errorf("%s: %v", user, err)
		}
	}
}

// Whatever happens at once, on two nodes of which one hears nothing: those who are banned
// in the end are out, and stay out, and the others are not.
func TestBansAmongEverythingElse(t *testing.T) {
	t.Parallel()
	one := setup(t)
	deaf := one.store
	deaf.Bus = storetest.Lossy{Bus: one.store.Bus, Drop: 1}
	other := node(t, deaf)
	one.keep()
	other.keep()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var users, mods sync.WaitGroup
	user := func(n int) live.UserID { return live.UserID(fmt.Sprint("user ", n)) }
	for n := range 6 {
		users.Go(func() { one.comeAndGo(ctx, user(n)) })
		users.Go(func() { other.comeAndGo(ctx, user(n)) })
		mods.Go(func() {
			h, place := []house{one, other}[n%2], []live.RoomID{"r", ""}[n/2%2]
			for range 30 {
				h.apply(order(rules.Ban, place, user(n)))
				h.lift(rules.Ban, place, user(n))
			}
			if n < 4 {
				h.apply(order(rules.Ban, place, user(n)))
			}
		})
	}
	mods.Wait()
	banned := func(u live.UserID) bool { return u < user(4) }
	for begun := time.Now(); present(one, other, banned); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("some of the banned are still there")
		}
	}
	stop()
	users.Wait()
	if present(one, other, banned) {
		t.Error("some of the banned came back")
	}
	for n := range 6 {
		_, err := one.rooms.Join(t.Context(), as(user(n), live.RoleViewer), "r", "")
		if (err != nil) != banned(user(n)) {
			t.Errorf("%s joins: %v", user(n), err)
		}
	}
}

// present says whether some have a session, or a stream on a node.
func present(one, other house, some func(live.UserID) bool) bool {
	members, err := one.store.Presence.Members(one.t.Context(), "r", "", 100)
	if err != nil {
		one.t.Fatal(err)
	}
	sessions := slices.Concat(one.hub.SessionsIn("r"), other.hub.SessionsIn("r"))
	return slices.ContainsFunc(members, func(m room.Member) bool { return some(m.User) }) ||
		slices.ContainsFunc(sessions, func(s room.Session) bool { return some(s.User) })
}
