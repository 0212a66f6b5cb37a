package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	"github.com/ovation-live/ovation/clients/cli/internal/replay"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

type replayCommand struct {
	File        string        `arg:"" help:"The log: one JSON object a line; - is standard input."`
	Room        string        `help:"Where to play it." default:"demo" placeholder:"ID"`
	Create      bool          `help:"Make the room if it is not there."`
	Speed       float64       `help:"How many times faster than the log; 0: as fast as possible." default:"1"`
	MaxGap      time.Duration `help:"Cut longer gaps of the log to this; 0s: keep them." default:"0s"`
	From        time.Duration `help:"Begin so much log time after its first entry." default:"0s"`
	Duration    time.Duration `help:"Play so much log time; 0s: to the end." default:"0s"`
	Limit       int           `help:"Play at most so many entries; 0: all." default:"0"`
	Concurrency int           `help:"How many messages are on their way at a time." default:"64"`
	Connections int           `help:"Over how many HTTP/2 connections." default:"4"`
	RetryFor    time.Duration `help:"How long to try a message again that the server could not take." default:"30s"`
	GiveUpAfter time.Duration `help:"End the run if the server has answered nothing for so long; 0s: never." default:"2m"`
	NoMutes     bool          `help:"Skip the log's mutes."`
	RunName     string        `name:"run" help:"Name of the run. Together with the line it is a message's id: the same run again, within 5 minutes, doubles nothing." placeholder:"NAME"`
	NoProgress  bool          `help:"Show no progress."`
}

func (*replayCommand) Help() string {
	return `Each line is an object with "ts" (milliseconds), "type" and "user". A message is sent as text on behalf of its user; a gift as a gift, a subscribe or raid as a custom message, with the line as JSON payload; a mute mutes its user for its "seconds" as --speed makes them (timed ones are skipped at --speed 0), or for good. Other types are skipped and counted, as are messages without text. A user's messages never overtake each other. Lines that are no entries are told with their number and skipped.

While the server cannot take anything each message is tried for --retry-for, and the run ends after --give-up-after. Ctrl-C stops it, and the report comes all the same. The exit code is 1 if a send failed, or if no line is an entry; messages that the room dropped or refused, such as those of users who are muted, are counted, and are no failures.

Examples:
  ovation replay chat.jsonl --room demo
  ovation replay chat.jsonl --room evening --create --speed 60
  ovation replay chat.jsonl --from 1h30m --duration 10m --speed 0 --concurrency 256
  zcat chat.jsonl.gz | ovation replay - --max-gap 5s --json`
}

// Validate checks the flags.
func (c *replayCommand) Validate() error {
	switch {
	case c.Speed < 0 || c.Speed != c.Speed:
		return errors.New("--speed must be 0 or more")
	case c.MaxGap < 0 || c.From < 0 || c.Duration < 0 || c.Limit < 0 || c.RetryFor < 0 || c.GiveUpAfter < 0:
		return errors.New("--max-gap, --from, --duration, --limit, --retry-for and --give-up-after must be 0 or more")
	case c.Concurrency < 1 || c.Concurrency > 10_000:
		return errors.New("--concurrency must be between 1 and 10000")
	case c.Connections < 1 || c.Connections > 1_000:
		return errors.New("--connections must be between 1 and 1000")
	case len(c.RunName) > 40:
		return errors.New("--run must be of at most 40 bytes")
	}
	return nil
}

// Run plays the log and reports.
func (c *replayCommand) Run(ctx context.Context, app *app) error {
	log, err := c.open(app.stdin)
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // only read
	options, err := c.options(app)
	if err != nil {
		return err
	}
	plan, err := c.survey(ctx, log, options)
	if err != nil {
		return err
	}
	if err := c.prepareRoom(ctx, app); err != nil {
		return err
	}
	play := replay.New(options)
	stop := c.showProgress(app, play, plan)
	report, fault := play.Run(ctx, log)
	stop()
	if err := app.printReport(report); err != nil {
		return err
	}
	if left := plan.Messages - report.Sent; left > 0 && (report.Interrupted || fault != nil) {
		app.note("%s of %s messages were not sent; the same again with --run %s doubles nothing within 5 minutes",
			figures.Count(left), figures.Count(plan.Messages), terminal.Escape(report.Run))
	}
	if fault != nil {
		return fault
	}
	if report.Lines == report.Malformed && !report.Interrupted {
		return fmt.Errorf("%s has no line that is an entry, of %d: see `ovation replay --help` for what lines look like", c.File, report.Lines)
	}
	if report.Failures() > 0 {
		return errReported
	}
	return nil
}

// window is the part to be played.
func (c *replayCommand) window() replay.Window {
	return replay.Window{From: c.From, Length: c.Duration, Limit: c.Limit}
}

// open opens the log. What cannot be read twice is read into memory.
func (c *replayCommand) open(stdin io.Reader) (io.ReadSeekCloser, error) {
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return file, nil
		}
		defer file.Close() //nolint:errcheck // only read
		stdin = file
	}
	all, err := io.ReadAll(stdin)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.File, err)
	}
	return memory{bytes.NewReader(all)}, nil
}

// memory is a log in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// survey reads the log through, and goes back to its beginning.
func (c *replayCommand) survey(ctx context.Context, log io.ReadSeeker, options replay.Options) (replay.Plan, error) {
	plan, err := replay.Survey(ctx, log, options)
	if err != nil {
		return plan, fmt.Errorf("read %s: %w", c.File, err)
	}
	if _, err = log.Seek(0, io.SeekStart); err != nil {
		return plan, fmt.Errorf("read %s: %w", c.File, err)
	}
	return plan, nil
}

// prepareRoom makes sure that the room is there before the first message.
func (c *replayCommand) prepareRoom(ctx context.Context, app *app) error {
	if c.Create {
		return ensureRoom(ctx, app, c.Room)
	}
	_, err := callRooms(ctx, app, roomService.GetRoom, &ovationv1.GetRoomRequest{RoomId: c.Room})
	return err
}

// options is what was asked for, over as many connections as were asked for.
func (c *replayCommand) options(app *app) (replay.Options, error) {
	options := replay.Options{
		Room: c.Room, Run: orElse(c.RunName, newID()), Window: c.window(), Speed: c.Speed, MaxGap: c.MaxGap,
		Concurrency: c.Concurrency, Timeout: app.Timeout, RetryFor: c.RetryFor, GiveUpAfter: c.GiveUpAfter,
		Malformed: func(err *chatlog.MalformedError) {
			app.note("%s: %s", terminal.Escape(c.File), terminal.Escape(err.Error()))
		},
	}
	for range c.Connections {
		client, err := app.client(live.RoleBackend)
		if err != nil {
			return options, err
		}
		options.Senders = append(options.Senders, client.Feed())
		if !c.NoMutes {
			options.Muter = client.Moderation()
		}
	}
	return options, nil
}

// silentAfter is from when on it is shown that nothing is answered.
const silentAfter = 3 * time.Second

// showProgress shows how the replay is getting on until the returned function is
// called. A paced replay is measured in its time, which passes evenly; any other in
// messages.
func (c *replayCommand) showProgress(app *app, play *replay.Replay, plan replay.Plan) func() {
	if c.NoProgress {
		return func() {}
	}
	rate := newMeter()
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		at := play.Progress()
		status := progress.Status{Done: int64(at.Sent), Total: int64(plan.Messages)}
		if c.Speed > 0 && plan.Length > 0 {
			status.Done, status.Total = at.Elapsed.Milliseconds(), plan.Length.Milliseconds()
		}
		status.Text = fmt.Sprintf("%s of %s messages, %s", figures.Count(at.Sent), figures.Count(plan.Messages),
			figures.Rate(rate.per(int64(at.Sent))))
		if at.Silent >= silentAfter {
			status.Text += fmt.Sprintf(", NO ANSWER for %s: Ctrl-C stops", figures.Span(at.Silent))
		}
		return status
	})
}
