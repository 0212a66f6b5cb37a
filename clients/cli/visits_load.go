package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	"github.com/ovation-live/ovation/clients/cli/internal/turnout"
	ovation "github.com/ovation-live/ovation/clients/go"
	"github.com/ovation-live/ovation/live"
)

type visitsLoadCommand struct {
	File       string        `arg:"" help:"The log: one JSON object a line."`
	Room       string        `help:"The room, which is made if it is not there. It must have no visits yet." required:"" placeholder:"ID"`
	Reporters  int           `help:"How many report side by side." default:"4"`
	Batch      int           `help:"How many events a call carries." default:"500"`
	Shuffle    bool          `help:"Send the events in any order."`
	Duplicate  float64       `help:"Which part of the events is sent twice, 0 to 1." default:"0" placeholder:"P"`
	Seed       uint64        `help:"The same seed shuffles and duplicates the same." default:"1"`
	AsItIs     bool          `name:"as-it-is" help:"Leave the instants as the log has them; else it is moved so that it ended a minute ago."`
	End        bool          `help:"End the room, which closes what is open."`
	Also       []string      `help:"Another node to report to." placeholder:"URL"`
	RetryFor   time.Duration `help:"How long a call is repeated that fails, the one that ends the room too." default:"60s"`
	WaitFor    time.Duration `help:"How long to wait until all is merged." default:"5m"`
	NoProgress bool          `help:"Show no progress."`
}

func (*visitsLoadCommand) Help() string {
	return `A line is an object with "ts" (milliseconds), "type" and "user"; those of other types than "enter" and "leave" are passed over. The log has no sessions, so each user gets one, "log", whose versions count on: an enter is 1, its leave 2, the next enter 3. Who enters and is in already enters again, and what they left stays without an exit: the server infers it from the next enter. Who leaves and is not in makes a visit without an enter, an anomaly.

When all is merged, the visits one by one, the watch time of the room and of every user, unique users, peak, every minute of the curve, retention and anomalies are compared with what this program computes from the log by itself. The exit code is 1 if anything differs.

Examples:
  ovation visits load channel.jsonl --room channel --reporters 8 --shuffle --duplicate 0.3
  ovation visits load channel.jsonl --room channel --end --server http://n1:8080 --also http://n2:8080 --json`
}

// Validate checks the flags.
func (c *visitsLoadCommand) Validate() error {
	if err := checkRoomID(c.Room); err != nil {
		return err
	}
	switch {
	case c.Reporters < 1 || c.Reporters > 1000:
		return errors.New("--reporters must be between 1 and 1000")
	case c.Batch < 1 || c.Batch > 5000:
		return errors.New("--batch must be between 1 and 5000")
	case !(c.Duplicate >= 0 && c.Duplicate <= 1):
		return errors.New("--duplicate must be between 0 and 1")
	case c.RetryFor < 0 || c.WaitFor < 0:
		return errors.New("--retry-for and --wait-for must be 0 or more")
	}
	return nil
}

// Run loads the log and reports.
func (c *visitsLoadCommand) Run(ctx context.Context, app *app) error {
	log, err := c.read()
	if err != nil {
		return err
	}
	if err := ensureRoom(ctx, app, c.Room); err != nil {
		return err
	}
	load, err := c.load(app, log)
	if err != nil {
		return err
	}
	stop := c.showProgress(app, load, log)
	report, fault := load.Run(ctx)
	stop()
	if fault != nil {
		return fault
	}
	if err := app.printReport(report); err != nil {
		return err
	}
	if !report.Same {
		return errReported
	}
	return nil
}

// read reads the log, and moves it.
func (c *visitsLoadCommand) read() (*turnout.Log, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	log, err := turnout.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.File, err)
	}
	if len(log.Events) == 0 {
		return nil, fmt.Errorf("%s has no enter and no leave: see --help for what they look like", c.File)
	}
	if !c.AsItIs {
		const minute = 60_000_000
		log.Shift((time.Now().Add(-time.Minute).UnixMicro() - log.Last) / minute * minute)
	}
	return log, nil
}

// load makes the load, with connections to every node.
func (c *visitsLoadCommand) load(app *app, log *turnout.Log) (*turnout.Load, error) {
	options := turnout.Options{
		Room: c.Room, Reporters: c.Reporters, Batch: c.Batch, Shuffle: c.Shuffle, Duplicate: c.Duplicate, Seed: c.Seed,
		RetryFor: c.RetryFor, WaitFor: c.WaitFor, End: c.End,
	}
	bearer, err := app.bearer(live.RoleBackend)
	if err != nil {
		return nil, err
	}
	for _, server := range append([]string{app.Server}, c.Also...) {
		client, err := ovation.New(server, ovation.WithToken(bearer))
		if err != nil {
			return nil, err
		}
		app.clients = append(app.clients, client)
		options.Nodes = append(options.Nodes, client)
	}
	return turnout.New(log, options), nil
}

// showProgress shows how the load is getting on until the returned function is called.
func (c *visitsLoadCommand) showProgress(app *app, load *turnout.Load, log *turnout.Log) func() {
	if c.NoProgress {
		return func() {}
	}
	rate := newMeter()
	total := int64(float64(len(log.Events)) * (1 + c.Duplicate))
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		stage, sent, compared := load.Progress()
		text := fmt.Sprintf("%s: %s sent, %s", stage, figures.Plural(sent, "event"), figures.Rate(rate.per(sent)))
		if compared > 0 {
			text = fmt.Sprintf("%s: %s compared", stage, figures.Plural(compared, "user"))
		}
		return progress.Status{Done: sent, Total: max(total, sent), Text: text}
	})
}
