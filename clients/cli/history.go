package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

type historyCommand struct {
	Room  string  `arg:"" help:"The room's id."`
	Since *string `help:"Only messages from then on: an instant, or how long ago." placeholder:"WHEN"`
	Until *string `help:"Only messages before then." placeholder:"WHEN"`
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
	feed, printed := client.Feed(), 0
	err = pages(func(token string) (string, error) {
		request.PageToken = token
		ctx, cancel := app.limited(ctx)
		defer cancel()
		response, err := feed.ListHistory(ctx, request)
		if err != nil {
			return "", err
		}
		printed += len(response.GetMessages())
		return response.GetNextPageToken(), each(response.GetMessages(), app.printPast)
	})
	if err == nil && printed == 0 {
		app.note("nothing was said in room %s%s", c.Room, c.then(request))
	}
	return err
}

// then is the time that was asked for, in words.
func (*historyCommand) then(request *ovationv1.ListHistoryRequest) (text string) {
	if since := request.GetFromAt(); since > 0 {
		text += " from " + second(since) + " on"
	}
	if until := request.GetUntilAt(); until > 0 {
		text += " before " + second(until)
	}
	return text
}

// request is what to ask for.
func (c *historyCommand) request(now time.Time) (*ovationv1.ListHistoryRequest, error) {
	since, until, err := sinceUntil(c.Since, c.Until, now)
	if err != nil {
		return nil, err
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

// instantOf reads the instant of a flag; one that was not given is 0.
func instantOf(flag *string, now time.Time) (int64, error) {
	if flag == nil {
		return 0, nil
	}
	return parseInstant(*flag, now)
}

// sinceUntil reads the instants of --since and --until.
func sinceUntil(from, to *string, now time.Time) (since, until int64, err error) {
	if since, err = instantOf(from, now); err != nil {
		return 0, 0, fmt.Errorf("--since %w", err)
	}
	if until, err = instantOf(to, now); err != nil {
		return 0, 0, fmt.Errorf("--until %w", err)
	}
	return since, until, nil
}

// parseInstant reads an instant as Unix microseconds.
func parseInstant(text string, now time.Time) (int64, error) {
	if text == "" {
		return 0, errors.New("is empty: give an instant, or leave it out")
	}
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return parseTimestamp(number, text)
	}
	if of, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		return time.Date(now.Year(), now.Month(), now.Day(), of.Hour(), of.Minute(), 0, 0, now.Location()).UnixMicro(), nil
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil && at.UnixMicro() > 0 {
			return at.UnixMicro(), nil
		}
	}
	ago, err := parsePeriod(text)
	switch {
	case err == nil:
		return now.Add(-time.Duration(ago)).UnixMicro(), nil
	case errors.Is(err, errPeriodRange):
		return 0, fmt.Errorf("%s ago: it must be more than 0 and at most 10 years ago", text)
	default:
		return 0, fmt.Errorf("%q is no instant like 2026-01-02T15:04:05Z or 15:04, no timestamp, and no time ago like 90m or 7d", text)
	}
}

// parseTimestamp takes a number for a message's timestamp.
func parseTimestamp(number int64, text string) (int64, error) {
	switch {
	case number >= least:
		return number, nil
	case number >= least/1_000_000 && number < 1000*least/1_000_000:
		return 0, fmt.Errorf("%s seems to be in seconds: timestamps are Unix microseconds, %s000000", text, text)
	case number >= least/1000 && number < least:
		return 0, fmt.Errorf("%s seems to be in milliseconds: timestamps are Unix microseconds, %s000", text, text)
	default:
		return 0, fmt.Errorf("%s is no timestamp in Unix microseconds; for how long ago give a unit, as in %sm", text, text)
	}
}

// printPast prints a message with the day that it is of.
func (a *app) printPast(message *ovationv1.Message) error {
	if a.JSON {
		return a.printProto(message)
	}
	return a.print("%s", lineAt(clock(message.GetTimestamp()), message))
}
