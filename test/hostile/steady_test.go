package hostile

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// The steady room: what goes on in it beside an attack.
const (
	steadyRoom    = "steady"
	steadyViewers = 20 // half of them inline, half notified
	steadyPeriod  = 20 * time.Millisecond
)

// steady is a room in which somebody says something fifty times a second, to viewers to whom
// all of it must come.
type steady struct {
	viewers []*viewer
	quit    chan struct{} // ends the sending
	sent    chan sendings
	end     context.CancelFunc
	tasks   sync.WaitGroup
}

// sendings is what was sent, when that is over.
type sendings struct {
	count int
	last  uint64 // sequence
	err   error
}

// openSteady opens the steady room, and returns when it is going on.
func (s *server) openSteady(t *testing.T) *steady {
	t.Helper()
	backend := s.honest(t, token.Claims{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
	if _, err := backend.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: steadyRoom}); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	r := &steady{quit: make(chan struct{}), sent: make(chan sendings, 1), end: end}
	t.Cleanup(func() {
		end()
		r.tasks.Wait()
	})
	for i := range steadyViewers {
		r.admit(ctx, t, s, i)
	}
	go func() { r.sent <- speak(ctx, backend, r.quit) }()
	for _, v := range r.viewers {
		eventually(t, "the room goes on", func() bool { return v.at() >= 10 })
	}
	return r
}

// honest returns a client of the honest address.
func (s *server) honest(t *testing.T, c token.Claims) *ovation.Client {
	t.Helper()
	rt := transport(t, 2, (&net.Dialer{Timeout: patience}).DialContext)
	client, err := ovation.New(s.url, ovation.WithToken(mint(t, c)), ovation.WithHTTPClient(&http.Client{Transport: rt}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// admit lets the i-th viewer in.
func (r *steady) admit(ctx context.Context, t *testing.T, s *server, i int) {
	t.Helper()
	delivery := ovationv1.Delivery_DELIVERY_INLINE
	if i%2 == 1 {
		delivery = ovationv1.Delivery_DELIVERY_NOTIFY
	}
	user := live.UserID(fmt.Sprintf("steady-%d", i))
	client := s.honest(t, token.Claims{User: user, Role: live.RoleViewer, Rooms: []live.RoomID{steadyRoom}})
	room, err := client.Join(ctx, steadyRoom, ovation.WithDelivery(delivery))
	if err != nil {
		t.Fatal(err)
	}
	v := &viewer{name: fmt.Sprintf("viewer %d, %v", i, delivery)}
	r.viewers = append(r.viewers, v)
	r.tasks.Go(func() {
		defer room.Close()
		v.watch(ctx, room)
	})
}

// speak sends messages at their times, until it is told to stop and all have been sent that
// were due by then. What is late is made up for at twice the rate, which is less than a
// room sheds at.
func speak(ctx context.Context, backend *ovation.Client, quit <-chan struct{}) (all sendings) {
	text := strings.Repeat("steady ", 20)
	ticker := time.NewTicker(steadyPeriod / 2)
	defer ticker.Stop()
	begun, due, over := time.Now(), 0, false
	for {
		if !over {
			due = int(time.Since(begun) / steadyPeriod)
		}
		switch {
		case all.count < due:
			if all.last, all.err = say(ctx, backend, text); all.err != nil {
				return all
			}
			all.count++
		case over:
			return all
		}
		select {
		case <-ticker.C:
		case <-quit:
			over, quit = true, nil
		}
	}
}

// say sends a message, which must be accepted, and returns its sequence.
func say(ctx context.Context, backend *ovation.Client, text string) (uint64, error) {
	sent, err := backend.Feed().Send(ctx, &ovationv1.SendRequest{
		RoomId: steadyRoom, Text: text, OnBehalfOf: "speaker", Bucket: ovationv1.Bucket_BUCKET_LOW,
	})
	if err == nil && sent.GetStatus() != ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
		err = fmt.Errorf("answered %v", sent.GetStatus())
	}
	return sent.GetSequence(), err
}

// close ends the sending, and checks that each viewer got each message, once and in order.
// It returns how many were sent, and the longest that one took from its sending to a viewer.
func (r *steady) close(t *testing.T) (count int, late time.Duration) {
	t.Helper()
	close(r.quit)
	all := <-r.sent
	if all.err != nil {
		t.Errorf("the steady room's speaker: %v", all.err)
	}
	if all.last != uint64(all.count) {
		t.Errorf("%d messages were accepted, and the last has sequence %d", all.count, all.last)
	}
	for _, v := range r.viewers {
		eventually(t, v.name+" has all messages", func() bool { return v.at() >= all.last || len(v.wrong()) > 0 })
		for _, fault := range v.wrong() {
			t.Errorf("%s: %s", v.name, fault)
		}
		late = max(late, v.latest())
	}
	r.end()
	r.tasks.Wait()
	return all.count, late
}

// viewer watches the steady room.
type viewer struct {
	name string

	mu     sync.Mutex
	last   uint64 // sequence
	faults []string
	late   time.Duration
}

// watch notes what comes until ctx is done.
func (v *viewer) watch(ctx context.Context, room *ovation.Room) {
	for {
		event, err := room.Next(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			v.fault("its stay is over: %v", err)
			return
		}
		switch event := event.(type) {
		case *ovation.Messages:
			v.take(event)
		case *ovation.Reconnecting:
			v.fault("it was cut off: %v", event.Cause)
		default:
		}
	}
}

// take notes messages.
func (v *viewer) take(m *ovation.Messages) {
	now := time.Now()
	if m.Dropped.Total() > 0 || m.Unexplained > 0 || m.Resync && v.at() > 0 {
		v.fault("lost: dropped %v, unexplained %d, resync %v", m.Dropped, m.Unexplained, m.Resync)
	}
	for _, message := range m.Messages {
		if message.GetBucket() != ovationv1.Bucket_BUCKET_LOW {
			continue
		}
		if got, want := message.GetSequence(), v.at()+1; got != want {
			v.fault("message %d came after %d", got, want-1)
		}
		v.mu.Lock()
		v.last = message.GetSequence()
		v.late = max(v.late, now.Sub(time.UnixMicro(message.GetTimestamp())))
		v.mu.Unlock()
	}
}

func (v *viewer) fault(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.faults) < 5 { // what follows follows from those
		v.faults = append(v.faults, fmt.Sprintf(format, args...))
	}
}

// at is the sequence of the last message that came.
func (v *viewer) at() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// wrong is what went wrong.
func (v *viewer) wrong() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.faults
}

// latest is the longest that a message took.
func (v *viewer) latest() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.late
}
