package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

type historyCommand struct {
	Room  string `arg:"" help:"The room's id."`
	Since string `help:"Only messages from then on: an instant, or how long ago." placeholder:"WHEN"`
	Until string `help:"Only messages before then." placeholder:"WHEN"`
}

func (*historyCommand) Help() string {
	return `Prints what was said in a room, live or ended, in its order; then it ends. WHEN is an instant, as 2026-01-02T15:04:05Z, "2026-01-02 15:04:05" or 15:04 (of this machine's clock, today), a message's timestamp, or how long ago: 90m, 7d.

Examples:
  ovation history demo
  ovation history demo --since 90m
  ovation history demo --since 2026-01-02T20:00:00Z --until 2026-01-02T21:00:00Z --json > evening.jsonl`
}

// Run prints all pages.
func (c *historyCommand) Run(ctx context.Context, app *app) error {
	request, err := c.request(time.Now())
	if err != nil {
		return usageError{err}
	}
	client, err := app.client(live.RoleBackend)
	if err != nil {
		return err
	}
	feed := client.Feed()
	return pages(func(token string) (string, error) {
		request.PageToken = token
		ctx, cancel := app.limited(ctx)
		defer cancel()
		response, err := feed.ListHistory(ctx, request)
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), each(response.GetMessages(), app.printPast)
	})
}

// request is what to ask for.
func (c *historyCommand) request(now time.Time) (*ovationv1.ListHistoryRequest, error) {
	since, err := parseInstant(c.Since, now)
	if err != nil {
		return nil, fmt.Errorf("--since %w", err)
	}
	until, err := parseInstant(c.Until, now)
	if err != nil {
		return nil, fmt.Errorf("--until %w", err)
	}
	if until != 0 && until <= since {
		return nil, fmt.Errorf("--until %s is not after --since %s", clock(until), clock(since))
	}
	return &ovationv1.ListHistoryRequest{RoomId: c.Room, FromAt: since, UntilAt: until, PageSize: pageSize}, nil
}

// layouts are how instants are written, of this machine's clock where they do not say.
var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999", "2006-01-02T15:04:05.999999", "2006-01-02 15:04", "2006-01-02"}

// least is the least timestamp that is taken for one, and not for a mistyped year.
const least = 1_000_000_000_000_000

// parseInstant reads an instant as Unix microseconds; "" is 0.
func parseInstant(text string, now time.Time) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if micros, err := strconv.ParseInt(text, 10, 64); err == nil && micros >= least {
		return micros, nil
	}
	if ago, err := parsePeriod(text); err == nil {
		return now.Add(-time.Duration(ago)).UnixMicro(), nil
	}
	if of, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		return time.Date(now.Year(), now.Month(), now.Day(), of.Hour(), of.Minute(), 0, 0, now.Location()).UnixMicro(), nil
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil && at.UnixMicro() > 0 {
			return at.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%q is no instant like 2026-01-02T15:04:05Z or 15:04, no timestamp, and no time ago like 90m or 7d", text)
}

// printPast prints a message with the day that it is of.
func (a *app) printPast(message *ovationv1.Message) error {
	if a.JSON {
		return a.printProto(message)
	}
	return a.print("%s", lineAt(clock(message.GetTimestamp()), message))
}
