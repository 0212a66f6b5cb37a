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
	// Messages is how many it sends, mutes included.
	Messages int
	// Length is how long it takes at its pace.
	Length time.Duration
}

// Survey reads a log through and says what its replay comes to.
func Survey(ctx context.Context, log io.Reader, options Options) (Plan, error) {
	plan, schedule := Plan{}, pace.New(options.Speed, options.MaxGap)
	err := walk(ctx, log, options.Window, visitor{
		entry: func(entry chatlog.Entry) error {
			plan.Length = schedule.Due(entry.Millis)
			if options.skip(entry) == "" {
				plan.Messages++
			}
			return nil
		},
		malformed: func(*chatlog.MalformedError) {},
		outside:   func() {},
	})
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
