package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/game"
	"github.com/ovation-live/ovation/clients/cli/internal/match"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// quizCommand is the commands about quizzes.
type quizCommand struct {
	Host   quizHostCommand   `cmd:"" help:"Play a quiz with a room: ask, reveal, finish."`
	Play   quizPlayCommand   `cmd:"" help:"Answer a room's quiz, as one player or as many."`
	Audit  quizAuditCommand  `cmd:"" help:"Compute a quiz's winners again from its answer log, and compare."`
	Replay quizReplayCommand `cmd:"" help:"Play a recorded game with simulated players, and check every count."`
}

// quizService is the client of the quiz service, for short.
type quizService = ovationv1connect.QuizServiceClient

// callQuizzes makes one call of the quiz service, as a backend.
func callQuizzes[Request, Response any](
	ctx context.Context, app *app,
	method func(quizService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Quizzes, method, request)
}

// readQuestions reads a file of questions.
func readQuestions(path string) ([]game.Question, error) {
	file, err := os.Open(path) //nolint:gosec // whoever calls names it
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	all, err := game.Read(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no question: see --help for what one looks like", path)
	}
	return all, nil
}

type quizReplayCommand struct {
	File        string        `arg:"" help:"The recorded games: one question a line."`
	Date        string        `help:"The day of the game." required:"" placeholder:"YYYY-MM-DD"`
	Game        int           `help:"Which game of the day." default:"1"`
	Scale       float64       `help:"How many players for each real one." default:"0.05" placeholder:"F"`
	Room        string        `help:"Where to play it; made if it is not there." default:"quiz" placeholder:"ID"`
	Window      time.Duration `help:"How long a question takes answers." default:"10s"`
	Grace       time.Duration `help:"How much longer an answer may come that the server was too busy for." default:"2s"`
	From        time.Duration `help:"The first answers come so long after the question." default:"3s"`
	To          time.Duration `help:"The last answers come so long after it." default:"6s"`
	Questions   int           `help:"Play only so many questions; 0: all." default:"0"`
	Concurrency int           `help:"How many answers are on their way at a time." default:"512"`
	Connections int           `help:"Over how many HTTP/2 connections with each node." default:"8"`
	Also        []string      `help:"Another node of the same deployment, to go on with when one is away; may be repeated." placeholder:"URL"`
	RetryFor    time.Duration `help:"How long to make a call again that did not get through." default:"30s"`
	Seed        uint64        `help:"Who answers what is drawn from this." default:"1"`
	NoProgress  bool          `help:"Show no progress."`
}

func (*quizReplayCommand) Help() string {
	return `Each line is an object with "date", "game", "number", "question" and "options", and each option has "text", "correct" and "count": how many real players chose it. Each count times --scale players choose it here, by a call of their own, between --from and --to after the question. Whoever does not answer right is out, and does not answer again. Where more answered the real game's next question than were left (it had extra lives, of which the record knows nothing) all who are left answer here, in the same proportions.

The server's counts, survivors and winners are then compared with those that follow from the answers. The exit code is 1 if anything differs.

Examples:
  ovation quiz replay games.jsonl --date 2018-06-06 --scale 0.01
  ovation quiz replay games.jsonl --date 2018-06-06 --game 2 --scale 0.05 --server http://n1:8080 --also http://n2:8080 --json`
}

// Validate checks the flags.
func (c *quizReplayCommand) Validate() error {
	if err := checkRoomID(c.Room); err != nil {
		return err
	}
	switch {
	case !(c.Scale > 0) || c.Scale > 10:
		return errors.New("--scale must be more than 0 and at most 10")
	case c.From < 0 || c.To < c.From || c.To > c.Window:
		return errors.New("--from and --to must be in order, and within --window")
	case c.Questions < 0 || c.RetryFor < 0:
		return errors.New("--questions and --retry-for must be 0 or more")
	case c.Concurrency < 1 || c.Concurrency > 10_000:
		return errors.New("--concurrency must be between 1 and 10000")
	case c.Connections < 1 || c.Connections > 1_000:
		return errors.New("--connections must be between 1 and 1000")
	}
	return nil
}

// Run plays the game and reports.
func (c *quizReplayCommand) Run(ctx context.Context, app *app) error {
	all, err := readQuestions(c.File)
	if err != nil {
		return err
	}
	questions, err := game.Pick(all, c.Date, c.Game)
	if err != nil {
		return err
	}
	if c.Questions > 0 && c.Questions < len(questions) {
		questions = questions[:c.Questions]
	}
	cast := game.NewCast(questions, c.Scale, c.Seed)
	if cast.Players == 0 {
		return errors.New("there is no player at this scale: raise --scale")
	}
	if err := ensureRoom(ctx, app, c.Room); err != nil {
		return err
	}
	services, err := c.services(app)
	if err != nil {
		return err
	}
	played := match.New(match.Options{
		Room: c.Room, Title: fmt.Sprintf("%s, game %d", c.Date, c.Game), Game: questions, Cast: cast,
		Prefix: newID()[:8] + "-", Window: c.Window, Grace: c.Grace, From: c.From, To: c.To,
		Concurrency: c.Concurrency, RetryFor: c.RetryFor, Services: services,
	})
	stop := c.showProgress(app, played, cast)
	report, fault := played.Run(ctx)
	stop()
	if err := app.printReport(report); err != nil {
		return err
	}
	if fault != nil {
		return fault
	}
	if !report.Same {
		return errReported
	}
	return nil
}

// ensureRoom makes a room if it is not there.
func ensureRoom(ctx context.Context, app *app, id string) error {
	_, err := callRooms(ctx, app, roomService.GetRoom, &ovationv1.GetRoomRequest{RoomId: id})
	if !isRoomNotFound(err) {
		return err
	}
	_, err = callRooms(ctx, app, roomService.CreateRoom, &ovationv1.CreateRoomRequest{RoomId: id, Title: id, RequestId: newID()})
	return err
}

// services returns connections with every node.
func (c *quizReplayCommand) services(app *app) ([]match.Service, error) {
	bearer, err := app.bearer(live.RoleBackend)
	if err != nil {
		return nil, err
	}
	var all []match.Service
	for range c.Connections {
		for _, server := range append([]string{app.Server}, c.Also...) {
			client, err := ovation.New(server, ovation.WithToken(bearer))
			if err != nil {
				return nil, err
			}
			app.clients = append(app.clients, client)
			all = append(all, client.Quizzes())
		}
	}
	return all, nil
}

// showProgress shows how many answers were given until the returned function is called.
func (c *quizReplayCommand) showProgress(app *app, played *match.Match, cast game.Cast) func() {
	if c.NoProgress {
		return func() {}
	}
	rate := newMeter()
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		done, total := played.Progress()
		return progress.Status{Done: done, Total: total, Text: fmt.Sprintf("%s of %s answers of %s, %s",
			figures.Count(done), figures.Count(total), figures.Plural(cast.Players, "player"), figures.Rate(rate.per(done)))}
	})
}

// questionLines is a question for people.
func questionLines(n uint32, text string, options []string) string {
	lines := []string{fmt.Sprintf("%d. %s", n, terminal.Escape(text))}
	for i, option := range options {
		lines = append(lines, fmt.Sprintf("   %d  %s", i+1, terminal.Escape(option)))
	}
	return strings.Join(lines, "\n")
}
