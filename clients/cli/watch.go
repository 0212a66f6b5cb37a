package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/audience"
	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

type watchCommand struct {
	Room       string        `arg:"" help:"The room's id."`
	Viewers    int           `help:"How many viewers." default:"100"`
	Delivery   string        `help:"How they get messages: ${enum}." enum:"notify,inline,auto" default:"auto" placeholder:"WAY"`
	Duration   time.Duration `help:"End after so long." default:"0s"`
	UntilIdle  time.Duration `help:"End once the room has taken messages and then none for so long." default:"0s"`
	Settle     time.Duration `help:"How long the viewers have at the end to read what they lack." default:"30s"`
	Ramp       perSecond     `help:"How many viewers connect in a second." default:"200/s" placeholder:"N/s"`
	KillEvery  time.Duration `help:"Break a random viewer's connection so often; 0s: never." default:"0s"`
	Prefix     string        `help:"What the viewers' user ids begin with." default:"viewer-"`
	NoProgress bool          `help:"Show no progress."`
}

func (*watchCommand) Help() string {
	return `Each viewer has a user, a token and a TCP connection of its own. For each viewer and bucket, what was delivered and what was reported as dropped must come to the way from its first to its final place in the room's log. The exit code is 1 if any viewer has a gap, a duplicate, a disorder, a message that is not accounted for, did not get in, or did not get up to the room's head. Messages from before a viewer joined are history and counted apart: where all joined before the first, accepted times viewers is delivered and dropped together. Without --duration and --until-idle it goes on until Ctrl-C.

Latency is the time from a message's timestamp to its reader: it means something where both clocks are the same.

Each viewer takes an open file: raise the limit with ` + "`ulimit -n`" + ` for many, at the server too.

Examples:
  ovation watch demo --viewers 1000 --until-idle 3s
  ovation watch demo --viewers 5000 --delivery inline --ramp 500/s --duration 1m --json
  ovation watch demo --viewers 200 --kill-every 100ms --until-idle 5s`
}

// perSecond is a rate, written as 200/s or 200.
type perSecond float64

// UnmarshalText reads it.
func (p *perSecond) UnmarshalText(text []byte) error {
	value, err := strconv.ParseFloat(strings.TrimSuffix(string(text), "/s"), 64)
	if err != nil || !(value > 0) {
		return fmt.Errorf("%q is not a rate like 200/s", text)
	}
	*p = perSecond(value)
	return nil
}

// Validate checks the flags.
func (c *watchCommand) Validate() error {
	switch {
	case c.Viewers < 1:
		return errors.New("--viewers must be 1 or more")
	case c.Duration < 0 || c.UntilIdle < 0 || c.Settle < 0 || c.KillEvery < 0:
		return errors.New("--duration, --until-idle, --settle and --kill-every must be 0s or more")
	case c.Duration > 0 && c.UntilIdle > 0:
		return errors.New("--duration and --until-idle exclude each other")
	}
	return nil
}

// Run watches and reports.
func (c *watchCommand) Run(ctx context.Context, app *app) error {
	if err := checkOpenFiles(c.Viewers); err != nil {
		return err
	}
	head, err := c.head(app)
	if err != nil {
		return err
	}
	crowd := audience.New(audience.Options{
		Server: app.Server, Room: c.Room, Viewers: c.Viewers, Delivery: deliveries[c.Delivery],
		Ramp: float64(c.Ramp), KillEvery: c.KillEvery, Duration: c.Duration, UntilIdle: c.UntilIdle, Settle: c.Settle,
		Token: func(viewer int) (string, error) { return c.token(app, viewer) },
		Head:  head,
	})
	stop := c.showProgress(app, crowd)
	report, fault := crowd.Run(ctx)
	stop()
	if fault != nil {
		return fault
	}
	if err := app.printReport(report); err != nil {
		return err
	}
	if !report.Clean() {
		return errReported
	}
	return nil
}

// token is that of a viewer: the one given, for all, or one of their own.
func (c *watchCommand) token(app *app, viewer int) (string, error) {
	if app.Token != nil {
		return *app.Token, nil
	}
	user := fmt.Sprintf("%s%05d", c.Prefix, viewer)
	return app.mint(token.Claims{
		User: live.UserID(user), Name: user, Role: live.RoleViewer, Rooms: []live.RoomID{live.RoomID(c.Room)},
	})
}

// head returns what reads the room's head: a backend that pulls next to nothing, and
// belongs to no session.
func (c *watchCommand) head(app *app) (func(context.Context) (*ovationv1.Cursor, error), error) {
	client, err := app.client(live.RoleBackend)
	if err != nil {
		return nil, err
	}
	request := &ovationv1.PullRequest{RoomId: c.Room, Limit: 1}
	return func(ctx context.Context) (*ovationv1.Cursor, error) {
		response, err := client.Feed().Pull(ctx, request)
		if err != nil {
			return nil, err
		}
		request.Cursor = response.GetHeads().GetCursor()
		return request.GetCursor(), nil
	}, nil
}

// showProgress shows how the run is going until the returned function is called.
func (c *watchCommand) showProgress(app *app, crowd *audience.Crowd) func() {
	if c.NoProgress {
		return func() {}
	}
	started, rate := time.Now(), newMeter()
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		at := crowd.Progress()
		status := progress.Status{}
		if c.Duration > 0 {
			status.Done, status.Total = time.Since(started).Milliseconds(), c.Duration.Milliseconds()
		}
		status.Text = fmt.Sprintf("%s of %s viewers, %s messages, %s", figures.Count(at.Connected), figures.Count(c.Viewers),
			figures.Count(at.Counts.Delivered), figures.Rate(rate.per(int64(at.Counts.Delivered)))) //nolint:gosec // far from the end
		if at.Gone > 0 {
			status.Text += fmt.Sprintf(", %s gone", figures.Count(at.Gone))
		}
		if !at.Counts.Clean() {
			status.Text += ", FAULTS"
		}
		return status
	})
}
