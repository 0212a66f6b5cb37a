package audience

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// leaveLimit is how long a viewer may take to leave.
const leaveLimit = 5 * time.Second

// buffer is how many events may wait for a viewer: few, for there are many viewers.
const buffer = 2

// viewer is one member of the audience, with a user, a token and connections of its
// own.
type viewer struct {
	number  int
	conns   *connections
	latency *latency.Recorder
	scratch []time.Duration // belongs to the goroutine that reads
	stale   bool            // the next messages are the latest, of any age; belongs to it too

	mu    sync.Mutex
	state state
}

// state is what a viewer has come to. Copies of it are safe to keep.
type state struct {
	joined     bool
	connected  bool // events flow now
	everUp     bool // they have flowed
	over       error
	account    account.Account
	reconnects int
	polled     bool
	causes     []string // of the disconnections, by name
}

// watch joins the room and reads it until the context ends or the stay is over.
func (v *viewer) watch(ctx context.Context, options Options) {
	err := v.stay(ctx, options)
	if ctx.Err() != nil {
		err = nil // the run is over, not the viewer
	}
	v.update(func(s *state) {
		s.connected = false
		s.over = err
	})
}

// stay is watch with the reason why it ended.
func (v *viewer) stay(ctx context.Context, options Options) error {
	token, err := options.Token(v.number)
	if err != nil {
		return err
	}
	web := v.conns.client(options.Server)
	defer web.CloseIdleConnections()
	client, err := ovation.New(options.Server, ovation.WithToken(token), ovation.WithHTTPClient(web))
	if err != nil {
		return err
	}
	room, err := client.Join(ctx, options.Room, ovation.WithDelivery(options.Delivery), ovation.WithBuffer(buffer))
	if err != nil {
		return err
	}
	defer v.leave(ctx, room)
	v.open(room.Joined().GetLatest())
	for {
		event, err := room.Next(ctx)
		if err != nil {
			return err
		}
		v.handle(event)
	}
}

// leave ends the session at the server too: a crowd that just goes away would stay
// in the room's numbers for a while.
func (v *viewer) leave(ctx context.Context, room *ovation.Room) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveLimit)
	defer cancel()
	_ = room.Leave(ctx) // the server notices by itself
}

// open opens the books before the messages that came with joining. They are old: how
// long they took says nothing.
func (v *viewer) open(latest *ovationv1.Batch) {
	v.stale = len(latest.GetMessages()) > 0
	v.update(func(s *state) {
		s.joined = true
		s.account.Begin(latest.GetMessages(), latest.GetCursor())
	})
}

// handle takes one event.
func (v *viewer) handle(event ovation.Event) {
	switch event := event.(type) {
	case *ovation.Messages:
		v.messages(event, time.Now())
	case *ovation.Connected:
		v.update(func(s *state) {
			if s.everUp && !s.connected {
				s.reconnects++
			}
			s.connected, s.everUp = true, true
			s.polled = s.polled || event.Polling
		})
	case *ovation.Reconnecting:
		v.update(func(s *state) {
			s.connected = false
			s.causes = append(s.causes, causeName(event.Cause))
		})
	}
}

// messages enters a run of messages into the books.
func (v *viewer) messages(event *ovation.Messages, now time.Time) {
	dropped := account.Dropped{event.Dropped.Whitelist, event.Dropped.High, event.Dropped.Low}
	v.update(func(s *state) {
		if event.Resync {
			s.account.Begin(event.Messages, event.Cursor)
			dropped, v.stale = account.Dropped{}, true
		}
		s.account.Take(event.Messages, dropped, event.Cursor)
	})
	if !v.stale {
		v.record(event.Messages, now)
	}
	v.stale = false
}

// record enters how long the messages took, all at once.
func (v *viewer) record(messages []*ovationv1.Message, now time.Time) {
	v.scratch = v.scratch[:0]
	at := now.UnixMicro()
	for _, message := range messages {
		v.scratch = append(v.scratch, time.Duration(at-message.GetTimestamp())*time.Microsecond)
	}
	v.latency.Record(v.scratch...)
}

// look returns how the viewer is.
func (v *viewer) look() state {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

func (v *viewer) update(change func(*state)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(&v.state)
}

// fault is why a viewer's stay is over, nil while it lasts and if the room ended while
// the viewer was in it.
func (s state) fault() error {
	if s.joined && errors.Is(s.over, ovation.ErrRoomEnded) {
		return nil
	}
	return s.over
}
