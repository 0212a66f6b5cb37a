package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/game"
	"github.com/ovation-live/ovation/clients/cli/internal/pace"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type quizHostCommand struct {
	File   string        `arg:"" help:"The questions: one JSON object a line, or an array of them."`
	Room   string        `help:"The room's id." default:"demo" placeholder:"ID"`
	Quiz   string        `help:"The quiz's id; the server makes one if there is none." placeholder:"ID"`
	Title  string        `help:"Its title." default:"Quiz"`
	Count  int           `help:"Ask only so many questions; 0: all." default:"0"`
	Window time.Duration `help:"How long a question takes answers." default:"10s"`
	Delay  time.Duration `help:"How far the video of the slowest viewer lags behind." default:"0s"`
	Pot    int64         `help:"Coins that the winners share." default:"0"`
	Revive int           `help:"Revives that every player begins with." name:"revives" default:"0"`
	Auto   bool          `help:"Wait for nobody: go on by itself after --pause."`
	Pause  time.Duration `help:"With --auto, the time between a reveal and the next question." default:"5s"`
}

func (*quizHostCommand) Help() string {
	return `A question is an object with "question" and "options": texts, with the index of the right one as "answer" (from 0), or objects with "text" and "correct".

Each step waits for Enter: it asks the next question, reveals its answer, and in the end finishes the quiz. q and Enter cancels it, and so does Ctrl-C. With --json every answer of the server is a line.

Examples:
  ovation quiz host questions.jsonl --room demo
  ovation quiz host questions.json --room friday --count 12 --window 15s --pot 1000000
  ovation quiz host questions.jsonl --auto --pause 8s --json`
}

// Validate checks the flags.
func (c *quizHostCommand) Validate() error {
	if err := checkRoomID(c.Room); err != nil {
		return err
	}
	if c.Count < 0 || c.Pot < 0 || c.Revive < 0 || c.Pause < 0 || c.Delay < 0 {
		return errors.New("--count, --pot, --revives, --pause and --delay must be 0 or more")
	}
	return nil
}

// maxQuestions is the most questions that a quiz may have.
const maxQuestions = 100

// errCancelled says that the host does not want to go on.
var errCancelled = errors.New("cancelled by its host")

// hosting is a quiz that is being hosted.
type hosting struct {
	*app
	command *quizHostCommand
	quiz    *ovationv1.Quiz
	lines   chan string // from the host; closed at the end of the input
}

// Run hosts the quiz. Whatever ends it early cancels it.
func (c *quizHostCommand) Run(ctx context.Context, app *app) error {
	questions, err := readQuestions(c.File)
	if err != nil {
		return err
	}
	if c.Count > 0 {
		questions = questions[:min(c.Count, len(questions))]
	}
	if len(questions) > maxQuestions {
		return fmt.Errorf("%s has %d questions, and a quiz at most %d: choose the first ones with --count", c.File, len(questions), maxQuestions)
	}
	created, err := callQuizzes(ctx, app, quizService.CreateQuiz, c.creation(questions))
	if err != nil {
		return err
	}
	h := &hosting{app: app, command: c, quiz: created.GetQuiz(), lines: make(chan string)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !c.Auto {
		go readLines(ctx, app.stdin, h.lines)
	}
	app.note("quiz %s in room %s: %s", h.quiz.GetQuizId(), c.Room, figures.Plural(len(questions), "question"))
	if err := h.host(ctx); err != nil {
		return h.cancel(ctx, err)
	}
	return nil
}

// creation is the quiz.
func (c *quizHostCommand) creation(questions []game.Question) *ovationv1.CreateQuizRequest {
	initial := uint32(c.Revive) //nolint:gosec // checked by the server
	request := &ovationv1.CreateQuizRequest{
		RoomId: c.Room, QuizId: c.Quiz, Title: c.Title, RequestId: newID(),
		Rules: &ovationv1.QuizRules{
			AnswerWindow: durationpb.New(c.Window), StreamDelay: durationpb.New(c.Delay), Pot: &c.Pot,
			Revives: &ovationv1.ReviveRules{Initial: &initial},
		},
	}
	for _, q := range questions {
		question := &ovationv1.QuizQuestion{Text: q.Text, CorrectOptions: q.Correct()}
		for _, o := range q.Options {
			question.Options = append(question.Options, o.Text)
		}
		request.Questions = append(request.Questions, question)
	}
	return request
}

// readLines hands on what is typed, until the input or the context ends.
func readLines(ctx context.Context, in io.Reader, lines chan<- string) {
	defer close(lines)
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		select {
		case lines <- strings.TrimSpace(scanner.Text()):
		case <-ctx.Done():
			return
		}
	}
}

// step waits for the host, or, where nobody hosts, for a time.
func (h *hosting) step(ctx context.Context, what string, pause time.Duration) error {
	if h.command.Auto {
		if !pace.Sleep(ctx, pause) {
			return ctx.Err()
		}
		return nil
	}
	h.note("Enter to %s, q to cancel the quiz", what)
	select {
	case line, ok := <-h.lines:
		if !ok || strings.EqualFold(line, "q") {
			return errCancelled
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// host asks every question and finishes.
func (h *hosting) host(ctx context.Context) error {
	for i := range h.quiz.GetRounds() {
		if err := h.ask(ctx, uint32(i)+1); err != nil {
			return err
		}
	}
	if err := h.step(ctx, "finish", h.command.Pause); err != nil {
		return err
	}
	finished, err := patiently(ctx, h.app, quizService.FinishQuiz,
		&ovationv1.FinishQuizRequest{RoomId: h.command.Room, QuizId: h.quiz.GetQuizId()})
	if err != nil {
		return err
	}
	if h.JSON {
		return h.printProto(finished.GetQuiz())
	}
	result := finished.GetQuiz().GetResult()
	return h.print("%s of %s, %s each", figures.Plural(result.GetWinners(), "winner"),
		figures.Plural(finished.GetQuiz().GetPlayers(), "player"), figures.Plural(result.GetShare(), "coin"))
}

// ask asks one question, shows how it is answered, and reveals it.
func (h *hosting) ask(ctx context.Context, n uint32) error {
	if err := h.step(ctx, fmt.Sprintf("ask question %d of %d", n, len(h.quiz.GetRounds())), h.command.Pause); err != nil {
		return err
	}
	asked, err := patiently(ctx, h.app, quizService.AskQuestion,
		&ovationv1.AskQuestionRequest{RoomId: h.command.Room, QuizId: h.quiz.GetQuizId(), QuestionNumber: n})
	if err != nil {
		return err
	}
	question := asked.GetRound().GetQuestion()
	h.note("%s", questionLines(n, question.GetText(), question.GetOptions()))
	if err := h.awaitTally(ctx, n); err != nil {
		return err
	}
	if err := h.step(ctx, "reveal the answer", 0); err != nil {
		return err
	}
	revealed, err := patiently(ctx, h.app, quizService.RevealAnswer,
		&ovationv1.RevealAnswerRequest{RoomId: h.command.Room, QuizId: h.quiz.GetQuizId(), QuestionNumber: n})
	if err != nil {
		return err
	}
	if h.JSON {
		return h.printProto(revealed.GetRound())
	}
	return h.print("%s", roundLines(revealed.GetRound()))
}

// watchEvery is how often the counts are looked at.
const watchEvery = 500 * time.Millisecond

// awaitTally shows the counts until every player is evaluated.
func (h *hosting) awaitTally(ctx context.Context, n uint32) error {
	request := &ovationv1.GetQuizRequest{RoomId: h.command.Room, QuizId: h.quiz.GetQuizId()}
	said := ""
	for {
		got, err := patiently(ctx, h.app, quizService.GetQuiz, request)
		if err != nil {
			return err
		}
		round := got.GetQuiz().GetRounds()[n-1]
		left := time.Duration(round.GetAnswerClosesAt()-got.GetServerAt()) * time.Microsecond
		now := fmt.Sprintf("   %s, %s left", figures.Plural(figures.Total(round.GetTally().GetAnswers()), "answer"), max(left, 0).Round(time.Second))
		if now != said {
			h.note("%s", now)
			said = now
		}
		if round.GetTally().GetEvaluated() {
			return nil
		}
		if !pace.Sleep(ctx, watchEvery) {
			return ctx.Err()
		}
	}
}

// cancel cancels what is not over, and returns why.
func (h *hosting) cancel(ctx context.Context, why error) error {
	ctx = context.WithoutCancel(ctx)
	reason := "its host has stopped"
	_, err := callQuizzes(ctx, h.app, quizService.CancelQuiz,
		&ovationv1.CancelQuizRequest{RoomId: h.command.Room, QuizId: h.quiz.GetQuizId(), Reason: reason})
	if err != nil {
		h.note("the quiz could not be cancelled: %s", explain(err, h.Server))
		return why
	}
	h.note("the quiz is cancelled")
	if errors.Is(why, errCancelled) || errors.Is(why, context.Canceled) {
		return nil
	}
	return why
}

// patienceLimit is how long a call is made again that may succeed later.
const patienceLimit = 30 * time.Second

// patiently makes a call again for a while, where the server says when, or is away.
func patiently[Request, Response any](
	ctx context.Context, app *app,
	method func(quizService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	deadline := time.Now().Add(patienceLimit)
	for {
		response, err := callQuizzes(ctx, app, method, request)
		after, told := ovation.RetryAfter(err)
		if err == nil || !told || time.Now().Add(after).After(deadline) || !pace.Sleep(ctx, max(after, 50*time.Millisecond)) {
			return response, err
		}
	}
}

// barWidth is how wide the bar of an option is that everyone chose.
const barWidth = 30

// roundLines is how a question was answered, for people.
func roundLines(round *ovationv1.QuizRound) string {
	tally := round.GetTally()
	total := max(figures.Total(tally.GetAnswers())+tally.GetMissed(), 1)
	table := figures.Table{}
	for i, option := range round.GetQuestion().GetOptions() {
		count := int64(0)
		if i < len(tally.GetAnswers()) {
			count = tally.GetAnswers()[i]
		}
		mark := " "
		if slices.Contains(round.GetQuestion().GetCorrectOptions(), uint32(i)+1) {
			mark = "*"
		}
		table.Row(fmt.Sprintf(" %s %d  %s", mark, i+1, terminal.Escape(option)), figures.Count(count), bar(count, total))
	}
	table.Row("      no answer", figures.Count(tally.GetMissed()), bar(tally.GetMissed(), total))
	return table.String() + fmt.Sprintf("   %s out, %s excused, %s revived, %s still in", figures.Count(tally.GetEliminated()),
		figures.Count(tally.GetExcused()), figures.Count(tally.GetRevived()), figures.Count(tally.GetRemaining()))
}

// bar is a share of a total as a bar, and in percent.
func bar(count, total int64) string {
	width := int((count*barWidth + total - 1) / total)
	return fmt.Sprintf("%-*s %3.0f %%", barWidth, strings.Repeat("█", width), 100*float64(count)/float64(total))
}
