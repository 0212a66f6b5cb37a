package failure

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// attemptLimit is the time that one call of a sender may take.
const attemptLimit = 5 * time.Second

// sender sends one message after the other, each under an id of its own, and each again until
// it is acknowledged.
type sender struct {
	name   string
	client *ovation.Client
	room   string
	every  time.Duration
	quit   chan struct{} // closed to end it after the message that it is at
	over   chan struct{} // closed when it has ended

	mu       sync.Mutex
	receipts []receipt
	refusals []refusal
	unsure   []string // never answered: they may be there or not
}

// receipt is an acknowledged message.
type receipt struct {
	text      string
	epoch     string
	timestamp int64
	at        time.Time // when it was acknowledged
}

// refusal is a call that failed.
type refusal struct {
	at   time.Time // when it was made
	took time.Duration
	err  error
}

// send starts a sender.
func send(t *testing.T, client *ovation.Client, room, name string, every time.Duration) *sender {
	t.Helper()
	s := &sender{
		name: name, client: client, room: room, every: every, quit: make(chan struct{}), over: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	go s.run(ctx)
	t.Cleanup(func() {
		cancel()
		<-s.over
	})
	return s
}

func (s *sender) run(ctx context.Context) {
	defer close(s.over)
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		s.say(ctx, fmt.Sprintf("%s-%d", s.name, n))
		select {
		case <-ticker.C:
		case <-s.quit:
			return
		case <-ctx.Done():
			return
		}
	}
}

// say sends one message until it is acknowledged.
func (s *sender) say(ctx context.Context, text string) {
	for ctx.Err() == nil {
		begun := time.Now()
		got, err := s.try(ctx, text)
		if err == nil {
			s.acknowledged(text, got)
			return
		}
		s.refused(refusal{begun, time.Since(begun), err})
		after, _ := ovation.RetryAfter(err)
		select {
		case <-time.After(max(after, 100*time.Millisecond)):
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsure = append(s.unsure, text)
}

func (s *sender) try(ctx context.Context, text string) (*ovationv1.SendResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	got, err := s.client.Feed().Send(ctx, &ovationv1.SendRequest{RoomId: s.room, Text: text, ClientMessageId: text})
	if err == nil && got.GetStatus() != ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
		return nil, connect.NewError(connect.CodeResourceExhausted, fmt.Errorf("the room said %s", got.GetStatus()))
	}
	return got, err
}

func (s *sender) acknowledged(text string, got *ovationv1.SendResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receipts = append(s.receipts, receipt{text, got.GetEpoch(), got.GetTimestamp(), time.Now()})
}

func (s *sender) refused(r refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, r)
}

// stop has the sender end with the message that it is at, and waits for that.
func (s *sender) stop(t *testing.T) {
	t.Helper()
	close(s.quit)
	select {
	case <-s.over:
	case <-time.After(patience):
		t.Fatalf("%s cannot send: %v", s.name, s.refusals[len(s.refusals)-1])
	}
}

// last returns the latest message that was acknowledged.
func (s *sender) last() (receipt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.receipts) == 0 {
		return receipt{}, false
	}
	return s.receipts[len(s.receipts)-1], true
}
