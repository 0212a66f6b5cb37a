package paired

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/store"
)

// shelf is both backends, as far as an archive asks them: of one message in one room.
type shelf struct {
	Hot
	Durable
	away error // what keeping comes to
	held bool  // this node has the lease
}

var head = feed.Cursor{Epoch: "e", At: [feed.Buckets]feed.Place{{Timestamp: 1, Sequence: 1}}}

func (*shelf) MarkDirty(context.Context, []DirtyMark) error   { return nil }
func (*shelf) UnmarkDirty(context.Context, []DirtyMark) error { return nil }

func (s *shelf) Lease(context.Context, live.RoomID, store.NodeID, time.Duration) (bool, error) {
	return s.held, nil
}

func (*shelf) Head(context.Context, live.RoomID) (store.Head, error) {
	return store.Head{Heads: feed.Heads{Cursor: head}}, nil
}

func (*shelf) Read(_ context.Context, _ live.RoomID, _ feed.Cursor, _ int) (feed.Batch, store.Head, error) {
	return feed.Batch{Cursor: head}, store.Head{}, nil
}

func (*shelf) Archived(context.Context, live.RoomID, live.Epoch) (feed.Cursor, error) {
	return feed.Cursor{}, nil
}

func (s *shelf) Archive(context.Context, live.RoomID, feed.Cursor, feed.Cursor, []*feed.Message) (bool, error) {
	return s.away == nil, s.away
}

// That messages are archived again is said when some were, and not when there was nothing to
// do for this node.
func TestArchivedAgainIsSaidOnceItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &shelf{away: store.ErrUnavailable, held: true}
		a := newArchive(s, s, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}.withDefaults())
		said := func(what string) bool { return strings.Contains(log.String(), what) }
		round := func() {
			time.Sleep(maxPause)
			a.mark("r")
			a.round(t.Context())
		}
		round()
		if !said("cannot be archived") {
			t.Errorf("the log is\n%s", &log)
		}
		s.held = false
		round()
		s.held, s.away = true, errors.New("not this room")
		round()
		if said("archived again") {
			t.Errorf("nothing was kept, and the log is\n%s", &log)
		}
		s.away = nil
		round()
		if !said("archived again") {
			t.Errorf("it was kept, and the log is\n%s", &log)
		}
	})
}
