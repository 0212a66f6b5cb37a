package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

type quizPlayCommand struct {
	Room    string        `help:"The room's id." default:"demo" placeholder:"ID"`
	Players int           `help:"So many simulated players, who answer at random; 0: play yourself." default:"0"`
	Prefix  string        `help:"What the simulated players' ids begin with." default:"player-"`
	Ramp    perSecond     `help:"How many simulated players come in a second." default:"200/s" placeholder:"N/s"`
	Think   time.Duration `help:"The longest that a simulated player thinks about a question." default:"6s"`
}

func (*quizPlayCommand) Help() string {
	return `Without --players it shows the questions as they come and takes the number of an option from the keyboard. With it, so many players join the room, each with a user, a token and a stream of its own, and answer at random; the report counts what became of them. It ends when the quiz is over, and in between with Ctrl-C. The exit code is 1 if a player did not get in, or an answer was not taken in time.

Each simulated player takes an open file: raise the limit with ` + "`ulimit -n`" + ` for many, at the server too.

Examples:
  ovation quiz play --room demo --user ann
  ovation quiz play --room demo --players 1000 --json`
}

// Validate checks the flags.
func (c *quizPlayCommand) Validate() error {
	if c.Players < 0 || c.Think < 0 {
		return errors.New("--players and --think must be 0 or more")
	}
	return checkRoomID(c.Room)
}

// Run plays until the quiz is over.
func (c *quizPlayCommand) Run(ctx context.Context, app *app) error {
	if c.Players > 0 {
		return c.simulate(ctx, app)
	}
	p := &player{app: app, lines: make(chan string)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go readLines(ctx, app.stdin, p.lines)
	entered := func(room *ovation.Room) error {
		p.room = room
		go p.answer(ctx)
		return nil
	}
	err := app.stay(ctx, c.Room, entered, p.take)
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// errOver says that the quiz is over.
var errOver = errors.New("the quiz is over")

// player is one person at a terminal.
type player struct {
	*app
	room  *ovation.Room
	lines chan string

	mu   sync.Mutex
	open *ovationv1.QuizFrame // the question that is open
}

// take shows a frame.
func (p *player) take(event ovation.Event) error {
	frame, ok := event.(*ovation.QuizFrame)
	if !ok {
		return nil
	}
	if p.JSON {
		if err := p.printProto(frame.Frame); err != nil {
			return err
		}
	}
	return p.show(frame.Frame)
}

// show says what a frame tells.
func (p *player) show(frame *ovationv1.QuizFrame) error {
	switch body := frame.GetBody().(type) {
	case *ovationv1.QuizFrame_Question:
		p.setOpen(frame)
		left := time.Until(p.room.LocalTime(frame.GetAnswerClosesAt())).Round(time.Second)
		p.note("%s\nType a number and Enter, within %s", questionLines(frame.GetQuestionNumber(), body.Question.GetText(), body.Question.GetOptions()), left)
	case *ovationv1.QuizFrame_Close:
		p.setOpen(nil)
		p.note("time is up")
	case *ovationv1.QuizFrame_Reveal:
		p.note("right: %s; %s still in", numbersText(body.Reveal.GetCorrectOptions()), figures.Count(body.Reveal.GetTally().GetRemaining()))
	case *ovationv1.QuizFrame_Outcome:
		p.note("you: %s; %s", short(body.Outcome.GetOutcome(), "QUESTION_OUTCOME_"), short(body.Outcome.GetStatus(), "PLAYER_STATUS_"))
	case *ovationv1.QuizFrame_Finish:
		p.note("%s; you won %s", figures.Plural(body.Finish.GetResult().GetWinners(), "winner"), figures.Plural(body.Finish.GetPrize(), "coin"))
		return errOver
	case *ovationv1.QuizFrame_Cancel:
		p.note("the quiz was cancelled")
		return errOver
	}
	return nil
}

// numbersText is numbers in words.
func numbersText(numbers []uint32) string {
	var list []string
	for _, n := range numbers {
		list = append(list, strconv.Itoa(int(n)))
	}
	return strings.Join(list, " and ")
}

func (p *player) setOpen(frame *ovationv1.QuizFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = frame
}

// answer gives what is typed as answers, until the input or the context ends.
func (p *player) answer(ctx context.Context) {
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return
			}
			p.submit(ctx, line)
		case <-ctx.Done():
			return
		}
	}
}

// submit gives one answer.
func (p *player) submit(ctx context.Context, line string) {
	p.mu.Lock()
	open := p.open
	p.mu.Unlock()
	option, err := strconv.Atoi(line)
	switch {
	case open == nil:
		p.note("there is no question to answer now")
		return
	case err != nil || option < 1 || option > len(open.GetQuestion().GetOptions()):
		p.note("%q is no option: type a number from 1 to %d", line, len(open.GetQuestion().GetOptions()))
		return
	}
	ctx, cancel := p.limited(ctx)
	defer cancel()
	got, err := p.room.Answer(ctx, open.GetQuizId(), open.GetQuestionNumber(), uint32(option)) //nolint:gosec // a handful
	switch {
	case err != nil:
		p.note("not taken: %s", explain(err, p.Server))
	case got.GetDuplicate():
		p.note("your first answer counts: %d", got.GetOption())
	default:
		p.note("taken: %d", got.GetOption())
	}
}

// playReport is what became of simulated players.
type playReport struct {
	Players  int              `json:"players"`
	Joined   int64            `json:"joined"`
	Answered int64            `json:"answered"`
	Outcomes map[string]int64 `json:"outcomes"` // of players and questions
	Won      int64            `json:"won"`
	Prizes   int64            `json:"prizes"` // coins, of all
	Failed   map[string]int64 `json:"failed"` // by reason
}

// Text is the report for people.
func (r playReport) Text() string {
	table := figures.Table{}
	table.Row("joined", figures.Count(r.Joined), "of "+figures.Count(r.Players))
	table.Row("answered", figures.Count(r.Answered), figures.Counts(r.Outcomes))
	table.Row("won", figures.Count(r.Won), figures.Plural(r.Prizes, "coin"))
	table.Row("failed", figures.Count(figures.Sum(r.Failed)), figures.Counts(r.Failed))
	return table.String()
}

// crowd is many simulated players.
type crowd struct {
	*app
	command *quizPlayCommand

	mu     sync.Mutex
	report playReport
}

// simulate has many players play, and reports.
func (c *quizPlayCommand) simulate(ctx context.Context, app *app) error {
	if err := checkOpenFiles(c.Players); err != nil {
		return err
	}
	all := &crowd{app: app, command: c, report: playReport{
		Players: c.Players, Outcomes: map[string]int64{}, Failed: map[string]int64{},
	}}
	var players sync.WaitGroup
	for n := range c.Players {
		if !pace.Sleep(ctx, time.Duration(float64(time.Second)/float64(c.Ramp))) {
			break
		}
		players.Go(func() { all.fail(ctx, all.play(ctx, n)) })
	}
	players.Wait()
	if err := app.printReport(all.report); err != nil {
		return err
	}
	if figures.Sum(all.report.Failed) > 0 {
		return errReported
	}
	return nil
}

// count changes the report.
func (c *crowd) count(change func(r *playReport)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.report)
}

// fail counts an error, unless it is that all is over.
func (c *crowd) fail(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil || errors.Is(err, errOver) || errors.Is(err, ovation.ErrRoomEnded) {
		return
	}
	c.count(func(r *playReport) { r.Failed[reason.Name(err)]++ })
}

// play is one simulated player.
func (c *crowd) play(ctx context.Context, n int) error {
	user := fmt.Sprintf("%s%06d", c.command.Prefix, n)
	bearer, err := c.mint(token.Claims{
		User: live.UserID(user), Name: user, Role: live.RoleViewer, Rooms: []live.RoomID{live.RoomID(c.command.Room)},
	})
	if err != nil {
		return err
	}
	client, err := ovation.New(c.Server, ovation.WithToken(bearer))
	if err != nil {
		return err
	}
	defer client.Close()
	room, err := client.Join(ctx, c.command.Room)
	if err != nil {
		return err
	}
	defer leave(ctx, room)
	c.count(func(r *playReport) { r.Joined++ })
	var answers sync.WaitGroup
	defer answers.Wait()
	for {
		event, err := room.Next(ctx)
		if err != nil {
			return err
		}
		if frame, ok := event.(*ovation.QuizFrame); ok {
			if err := c.take(ctx, room, frame.Frame, &answers); err != nil {
				return err
			}
		}
	}
}

// take does what a player does with a frame.
func (c *crowd) take(ctx context.Context, room *ovation.Room, frame *ovationv1.QuizFrame, answers *sync.WaitGroup) error {
	switch body := frame.GetBody().(type) {
	case *ovationv1.QuizFrame_Question:
		left := time.Until(room.LocalTime(frame.GetAnswerClosesAt()))
		think := rand.N(max(min(c.command.Think, left), 1))              //nolint:gosec // any will do
		option := uint32(rand.IntN(len(body.Question.GetOptions()))) + 1 //nolint:gosec // any will do
		answers.Go(func() {
			if pace.Sleep(ctx, think) {
				c.fail(ctx, c.answer(ctx, room, frame, option))
			}
		})
	case *ovationv1.QuizFrame_Outcome:
		name := short(body.Outcome.GetOutcome(), "QUESTION_OUTCOME_")
		c.count(func(r *playReport) { r.Outcomes[name]++ })
	case *ovationv1.QuizFrame_Finish:
		c.count(func(r *playReport) {
			r.Prizes += body.Finish.GetPrize()
			if body.Finish.GetWon() {
				r.Won++
			}
		})
		return errOver
	case *ovationv1.QuizFrame_Cancel:
		return errOver
	}
	return nil
}

// answer gives one answer. That of a player who is out is not expected to be taken.
func (c *crowd) answer(ctx context.Context, room *ovation.Room, frame *ovationv1.QuizFrame, option uint32) error {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	_, err := room.Answer(ctx, frame.GetQuizId(), frame.GetQuestionNumber(), option)
	if errors.Is(err, ovation.ErrNotPlaying) {
		return nil
	}
	if err == nil {
		c.count(func(r *playReport) { r.Answered++ })
	}
	return err
}
