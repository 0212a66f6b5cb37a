package main

import (
	"context"
	"sync/atomic"

	"github.com/ovation-live/ovation/clients/cli/internal/audit"
	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type quizAuditCommand struct {
	Room       string `help:"The room's id." default:"demo" placeholder:"ID"`
	Quiz       string `help:"The quiz's id; without one the room's running quiz, or else the one that ended last." placeholder:"ID"`
	NoProgress bool   `help:"Show no progress."`
}

func (*quizAuditCommand) Help() string {
	return `It reads the quiz, the log of all that its players did, and where the server says that each stands. From the questions and the log alone it computes every count, standing and prize again. The exit code is 1 if anything differs.

Examples:
  ovation quiz audit --room demo
  ovation quiz audit --room friday --quiz final --json`
}

// Validate checks the flags.
func (c *quizAuditCommand) Validate() error { return checkRoomID(c.Room) }

// auditPage is how many entries and players are asked for at a time.
const auditPage = 10_000

// Run reads everything and reports.
func (c *quizAuditCommand) Run(ctx context.Context, app *app) error {
	got, err := callQuizzes(ctx, app, quizService.GetQuiz, &ovationv1.GetQuizRequest{RoomId: c.Room, QuizId: c.Quiz})
	if err != nil {
		return err
	}
	c.Quiz = got.GetQuiz().GetQuizId()
	books := audit.New(got.GetQuiz())
	var read atomic.Int64
	stop := c.showProgress(app, &read)
	err = c.read(ctx, app, books, &read)
	stop()
	if err != nil {
		return err
	}
	report := books.Report()
	if err := app.printReport(report); err != nil {
		return err
	}
	if report.Differing > 0 {
		return errReported
	}
	return nil
}

// read reads the log, and where everyone stands.
func (c *quizAuditCommand) read(ctx context.Context, app *app, books *audit.Audit, read *atomic.Int64) error {
	log := &ovationv1.ListAnswerLogRequest{RoomId: c.Room, QuizId: c.Quiz, PageSize: auditPage}
	for more := true; more; more = log.PageToken != "" {
		page, err := callQuizzes(ctx, app, quizService.ListAnswerLog, log)
		if err != nil {
			return err
		}
		books.Log(page.GetEntries()...)
		read.Add(int64(len(page.GetEntries())))
		log.PageToken = page.GetNextPageToken()
	}
	results := &ovationv1.ListResultsRequest{RoomId: c.Room, QuizId: c.Quiz, PageSize: auditPage}
	for more := true; more; more = results.PageToken != "" {
		page, err := callQuizzes(ctx, app, quizService.ListResults, results)
		if err != nil {
			return err
		}
		books.Standings(page.GetStandings()...)
		read.Add(int64(len(page.GetStandings())))
		results.PageToken = page.GetNextPageToken()
	}
	return nil
}

// showProgress shows how much was read until the returned function is called.
func (c *quizAuditCommand) showProgress(app *app, read *atomic.Int64) func() {
	if c.NoProgress {
		return func() {}
	}
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		return progress.Status{Done: read.Load(), Text: figures.Count(read.Load()) + " entries read"}
	})
}
