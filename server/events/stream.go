package events

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/store"
)

const (
	// streamLease is how long a stream whose node is gone keeps a webhook from being put.
	streamLease = 10 * time.Second
	// keepEvery is how often a stream looks whether another has replaced it, and where its
	// consumer is.
	keepEvery = time.Second
	// lookEvery is the same for one that waits for acknowledgements, which may come by
	// another node.
	lookEvery = 100 * time.Millisecond
	// defaultAhead is how many events a stream is ahead of its cursor at most by default.
	defaultAhead = 1000
	// readAtOnce is how many events are read at a time, and frameBytes about how much of them
	// is in one frame.
	readAtOnce = 256
	frameBytes = 256 << 10
	// goodbye is how long what a stream's end leaves to do may take.
	goodbye = 5 * time.Second
)

// Subscription is what a caller asks of a stream.
type Subscription struct {
	Consumer string
	store.EventFilter
	Start store.EventStart
	After string // a cursor; empty: the consumer's own
	Ahead int    // most events that are sent and not acknowledged; 0: defaultAhead
}

// Frame is what a stream brings at a time.
type Frame struct {
	Events   []store.Event // none: a sign of life
	Consumer store.EventConsumer
}

// Stream is a stream that was opened and is to be served. It is for one goroutine.
type Stream struct {
	service *Service
	owner   string
	filter  store.EventFilter
	again   bool // it began elsewhere than at the consumer's cursor
	ahead   int
	expires time.Time

	consumer store.EventConsumer   // as it was when it was asked last
	at       store.EventPosition   // read up to here
	sent     []store.EventPosition // and not acknowledged, as far as is known
	more     bool                  // there may be more to read
	full     bool                  // as many are sent as may be
	kept     time.Time             // when its lease began

	lost     <-chan struct{} // closed when the log lost events
	acks     chan struct{}   // the consumer has acknowledged
	replaced chan struct{}   // closed when another stream was opened here
}

// Stream opens a stream, which the caller serves. Errors of auth, ErrCursor,
// store.ErrEventPosition, store.ErrConsumerConflict, ErrDraining.
func (s *Service) Stream(ctx context.Context, p auth.Principal, sub Subscription) (*Stream, error) {
	if err := may(p); err != nil {
		return nil, err
	}
	after, err := position(sub.After)
	if err != nil {
		return nil, err
	}
	if over(s.drain) {
		return nil, ErrDraining
	}
	if after > 0 {
		if err := s.happened(ctx, after); err != nil {
			return nil, err
		}
	}
	stream := &Stream{
		service: s, owner: strings.ToLower(rand.Text()), filter: asked(sub.EventFilter), again: sub.After != "", ahead: sub.Ahead,
		expires: p.Expires, kept: time.Now(), more: true, lost: s.watch.loss(), acks: make(chan struct{}, 1), replaced: make(chan struct{}),
	}
	if stream.ahead == 0 {
		stream.ahead = defaultAhead
	}
	stream.consumer, err = s.consumers.OpenConsumer(ctx, store.ConsumerOpening{
		Name: sub.Consumer, Owner: stream.owner, Lease: streamLease, EventFilter: stream.filter, Start: sub.Start,
	})
	if err != nil {
		return nil, err
	}
	if stream.at = stream.consumer.Acknowledged; stream.again {
		stream.at = after
	}
	s.replace(stream)
	ring(s.news)
	return stream, nil
}

// happened returns nil if an event was recorded at a position.
func (s *Service) happened(ctx context.Context, at store.EventPosition) error {
	page, err := s.events.Events(ctx, store.EventQuery{After: at - 1, Limit: 1})
	if err == nil && page.Next < at {
		return store.ErrEventPosition
	}
	return err
}

// over says whether a channel is closed.
func over(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// replace puts a stream in place of the consumer's older one, if that is here.
func (s *Service) replace(stream *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if older := s.streams[stream.consumer.Name]; older != nil {
		close(older.replaced)
	}
	s.streams[stream.consumer.Name] = stream
}

// Serve sends frames until ctx is done, send fails, the node drains (ErrDraining), the
// caller's token expires (*auth.ExpiredError), or the consumer is another's
// (store.ErrConsumerReplaced), or events were lost (store.ErrUnavailable). While the store is
// away it sends signs of life.
func (t *Stream) Serve(ctx context.Context, send func(Frame) error) error {
	defer t.close(ctx)
	defer t.service.watch.enter()()
	t.service.metrics.streams.Inc()
	defer t.service.metrics.streams.Dec()
	expiry := time.NewTimer(time.Until(t.expires))
	defer expiry.Stop()
	life := time.NewTimer(t.service.config.SignOfLife)
	defer life.Stop()
	err := send(Frame{Consumer: t.consumer}) // the caller knows at once that it works
	for err == nil {
		var silent bool
		if silent, err = t.advance(ctx, send); err != nil {
			break
		}
		if !silent {
			life.Reset(t.service.config.SignOfLife)
		}
		err = t.wait(ctx, life, expiry, send)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// advance reads and sends what may be sent, until there is no more.
func (t *Stream) advance(ctx context.Context, send func(Frame) error) (silent bool, err error) {
	silent = true
	for t.more && !t.full {
		page, err := t.service.events.Events(ctx, store.EventQuery{
			After: t.at, EventFilter: t.filter, Limit: min(readAtOnce, t.ahead-len(t.sent)),
		})
		if errors.Is(err, store.ErrUnavailable) {
			return silent, nil // the next look comes soon
		}
		if err != nil {
			return silent, err
		}
		for some := range frames(page.Events) {
			silent = false
			if err := send(Frame{Events: some, Consumer: t.consumer}); err != nil {
				return silent, err
			}
			t.service.metrics.streamed.Add(float64(len(some)))
		}
		t.went(page)
		if over(t.service.drain) {
			return silent, ErrDraining
		}
		if time.Since(t.kept) >= keepEvery {
			if err := t.keep(ctx); err != nil {
				return silent, err
			}
		}
	}
	return silent, nil
}

// went notes what was sent.
func (t *Stream) went(page store.EventPage) {
	for _, e := range page.Events {
		if e.Position > t.consumer.Acknowledged {
			t.sent = append(t.sent, e.Position)
		}
	}
	t.at, t.more, t.full = page.Next, page.More, len(t.sent) >= t.ahead
}

// frames returns events as so many frames that none is too large.
func frames(all []store.Event) func(yield func([]store.Event) bool) {
	return func(yield func([]store.Event) bool) {
		for len(all) > 0 {
			n, size := 0, 0
			for n < len(all) && (n == 0 || size+len(all[n].Payload) <= frameBytes) {
				size += len(all[n].Payload)
				n++
			}
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

// wait waits until there may be something to send.
func (t *Stream) wait(ctx context.Context, life, expiry *time.Timer, send func(Frame) error) error {
	look, events := keepEvery, t.service.watch.after(t.at)
	if t.full || t.more { // it waits for acknowledgements, or for the store
		look, events = lookEvery, nil
	}
	timer := time.NewTimer(time.Until(t.kept.Add(look)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.service.drain:
			return ErrDraining
		case <-t.replaced:
			return store.ErrConsumerReplaced
		case <-t.lost:
			return store.ErrUnavailable // whoever comes back goes on where the consumer is
		case <-expiry.C:
			return &auth.ExpiredError{At: t.expires, Now: time.Now()}
		case <-life.C:
			life.Reset(t.service.config.SignOfLife)
			if err := send(Frame{Consumer: t.consumer}); err != nil {
				return err
			}
		case <-events:
			t.more = true
			return nil
		case <-t.acks:
			return t.keep(ctx)
		case <-timer.C:
			return t.keep(ctx)
		}
	}
}

// keep keeps the consumer, and finds out where it is. What the stream has passed by, with
// nothing before it to be acknowledged, it acknowledges itself.
func (t *Stream) keep(ctx context.Context) error {
	t.kept = time.Now()
	passed := store.EventPosition(0)
	if len(t.sent) == 0 && !t.again {
		passed = t.at
	}
	c, err := t.service.consumers.KeepConsumer(ctx, t.consumer.Name, t.owner, streamLease, passed)
	if errors.Is(err, store.ErrUnavailable) {
		return nil
	}
	if err != nil {
		return err
	}
	t.consumer = c
	done := 0
	for done < len(t.sent) && t.sent[done] <= c.Acknowledged {
		done++
	}
	t.sent = t.sent[done:]
	t.full = len(t.sent) >= t.ahead
	t.more = t.more || done > 0
	return nil
}

// close gives the consumer free.
func (t *Stream) close(ctx context.Context) {
	s := t.service
	s.mu.Lock()
	if s.streams[t.consumer.Name] == t {
		delete(s.streams, t.consumer.Name)
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if err := s.consumers.CloseConsumer(ctx, t.consumer.Name, t.owner); err != nil {
		s.logger.DebugContext(ctx, "a consumer of events keeps its lease until it ends by itself", "error", err)
	}
}
