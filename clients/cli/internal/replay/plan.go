package replay

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
)

// Plan is what a replay is about to do.
type Plan struct {
	// Messages is how many it sends.
	Messages int
	// Length is how long it takes at its pace.
	Length time.Duration
	// LogSpan is how much log time it covers.
	LogSpan time.Duration
}

// Survey reads a log through and says what its replay comes to.
func Survey(ctx context.Context, log io.Reader, window Window, schedule *pace.Schedule) (Plan, error) {
	plan := Plan{}
	span := span{}
	err := walk(ctx, log, window, visitor{
		entry: func(entry chatlog.Entry) error {
			plan.Length = schedule.Due(entry.Millis)
			span.include(entry.Millis)
			if _, skipped := message(entry, "", ""); skipped == "" {
				plan.Messages++
			}
			return nil
		},
		malformed: func(*chatlog.MalformedError) {},
		outside:   func() {},
	})
	plan.LogSpan = span.length()
	return plan, err
}

// visitor is what a walk calls for the lines of a log.
type visitor struct {
	entry     func(chatlog.Entry) error
	malformed func(*chatlog.MalformedError)
	outside   func()
}

// walk reads a log up to the window's end, or until the context or entry ends it.
func walk(ctx context.Context, log io.Reader, window Window, visit visitor) error {
	reader := chatlog.NewReader(log)
	cut := cutter{window: window}
	for ctx.Err() == nil {
		entry, err := reader.Next()
		var malformed *chatlog.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &malformed):
			visit.malformed(malformed)
			continue
		case err != nil:
			return err
		}
		switch cut.place(entry) {
		case before:
			visit.outside()
			continue
		case beyond:
			return nil
		case within:
		}
		if err := visit.entry(entry); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// span is from the earliest to the latest of some log times.
type span struct {
	started     bool
	first, last int64
}

func (s *span) include(millis int64) {
	if !s.started {
		s.started, s.first, s.last = true, millis, millis
	}
	s.first, s.last = min(s.first, millis), max(s.last, millis)
}

func (s *span) length() time.Duration {
	return time.Duration(min(s.last-s.first, maxMillis)) * time.Millisecond
}

// maxMillis is the longest Duration in milliseconds.
const maxMillis = int64(1<<63-1) / int64(time.Millisecond)
