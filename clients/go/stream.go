package ovation

import (
	"context"
	"errors"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

const (
	// welcomeLimit is how long a stream may take to its first frame. A proxy that
	// buffers never lets it through.
	welcomeLimit = 5 * time.Second
	// defaultHeartbeat is assumed where the server does not say.
	defaultHeartbeat = 25 * time.Second
)

// Ends of a stream that no frame announced.
var (
	errNoWelcome   = errors.New("ovation: the stream did not begin in time")
	errSilent      = errors.New("ovation: the stream fell silent")
	errStreamEnded = errors.New("ovation: the stream ended without a last frame")
)

// stream reads one Subscribe call. Its watchdog aborts the call when nothing comes
// for too long; while nobody takes the frames, it sleeps.
type stream struct {
	frames chan *ovationv1.SubscribeResponse // closed when err is set
	err    error
	stop   context.CancelFunc // has run end
}

func newStream(stop context.CancelFunc) *stream {
	return &stream{frames: make(chan *ovationv1.SubscribeResponse), stop: stop}
}

// run reads until the stream or ctx ends.
func (s *stream) run(
	ctx context.Context, feed ovationv1connect.FeedServiceClient, request *ovationv1.SubscribeRequest,
) {
	defer close(s.frames)
	defer s.stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.err = s.read(ctx, cancel, feed, request)
	if cause := context.Cause(ctx); cause != nil {
		s.err = cause
	}
}

func (s *stream) read(
	ctx context.Context, abort context.CancelCauseFunc,
	feed ovationv1connect.FeedServiceClient, request *ovationv1.SubscribeRequest,
) error {
	dog := newWatchdog(abort)
	defer dog.rest()
	call, err := feed.Subscribe(ctx, request)
	if err != nil {
		return err
	}
	defer func() { _ = call.Close() }()
	for call.Receive() {
		dog.rest()
		frame := call.Msg()
		select {
		case s.frames <- frame:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		dog.watch(frame.GetWelcome())
	}
	if err := call.Err(); err != nil {
		return err
	}
	return errStreamEnded
}

// watchdog aborts a call unless it is put to rest in time.
type watchdog struct {
	first, later *time.Timer
	silence      time.Duration
}

// newWatchdog watches for the first frame.
func newWatchdog(abort context.CancelCauseFunc) *watchdog {
	later := time.AfterFunc(time.Hour, func() { abort(errSilent) })
	later.Stop()
	return &watchdog{
		first:   time.AfterFunc(welcomeLimit, func() { abort(errNoWelcome) }),
		later:   later,
		silence: 2 * defaultHeartbeat,
	}
}

// rest stops watching.
func (d *watchdog) rest() {
	d.first.Stop()
	d.later.Stop()
}

// watch watches for the next frame: twice the heartbeat that a Welcome states.
func (d *watchdog) watch(welcome *ovationv1.Welcome) {
	if interval := welcome.GetHeartbeatInterval().AsDuration(); interval > 0 {
		d.silence = 2 * interval
	}
	d.later.Reset(d.silence)
}
