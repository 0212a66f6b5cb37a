package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// webhookCommand is the commands about webhooks.
type webhookCommand struct {
	Put webhookPutCommand `cmd:"" help:"Add a webhook, or change one."`
}

type webhookPutCommand struct {
	Consumer      string `arg:"" help:"The consumer that has it."`
	URL           string `arg:"" help:"Where to: an http or https address."`
	WebhookSecret string `name:"webhook-secret" help:"What signs the requests: 16 to 256 bytes. When changing a webhook, it stays if it is not given." env:"OVATION_WEBHOOK_SECRET" placeholder:"SECRET"`
	filterFlags
	From        string         `help:"Where it begins if it is new: ${enum}." enum:"latest,earliest" default:"latest" placeholder:"WHERE"`
	Wait        time.Duration  `help:"How long to wait for an answer, 1s to 60s." default:"10s"`
	GiveUpAfter *time.Duration `help:"How long to repeat what is not taken, 0s to 168h; after that it is a dead letter (24h if not given)." placeholder:"DURATION"`
	Paused      bool           `help:"It rests: its events wait."`
}

func (*webhookPutCommand) Help() string {
	return `Events are sent by POST, one a request, as JSON; a status of 2xx takes one. What is not taken is repeated after 1s, 2s, 4s ... 5m. The header Ovation-Signature is "v1=" and the HMAC-SHA-256 of the header Ovation-Timestamp, a full stop and the body.

Put replaces the whole webhook, but for its secret and how far it is.

Examples:
  OVATION_WEBHOOK_SECRET=$(openssl rand -hex 32) ovation events webhook put billing https://billing.example.com/ovation
  ovation events webhook put billing https://billing.example.com/ovation --kind gift-settled --give-up-after 72h
  ovation events webhook put billing https://billing.example.com/ovation --paused`
}

// Validate checks the flags.
func (c *webhookPutCommand) Validate() error {
	if c.Wait < time.Second || c.Wait > time.Minute {
		return errors.New("--wait must be from 1s to 60s")
	}
	return c.filterFlags.Validate()
}

// Run puts it.
func (c *webhookPutCommand) Run(ctx context.Context, app *app) error {
	response, err := callEvents(ctx, app, eventService.PutWebhook, &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{
		Consumer: c.Consumer, Url: c.URL, Secret: c.WebhookSecret, Filter: c.filter(), Start: startOf(c.From),
		Timeout: durationpb.New(c.Wait), GiveUpAfter: span(c.GiveUpAfter), Paused: c.Paused,
	}})
	if err != nil {
		return err
	}
	doing := "sends"
	if c.Paused {
		doing = "rests, and would send"
	}
	return app.printDone(response.GetConsumer(), "webhook %s %s to %s", c.Consumer, doing, terminal.Escape(shownAddress(c.URL)))
}

// shownAddress returns an address without its password.
func shownAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return text
	}
	return u.Redacted()
}

type eventsDeadLettersCommand struct {
	Consumer string `arg:"" optional:"" help:"Only this consumer's."`
}

func (*eventsDeadLettersCommand) Help() string {
	return `Examples:
  ovation events dead-letters
  ovation events dead-letters billing --json | jq -r .deadLetterId`
}

// letterLine is the columns of a list of dead letters.
const letterLine = "%-8s  %-24s  %-19s  %8s  %-6s  %-16s  %-20s  %s"

var letterHeader = fmt.Sprintf(letterLine, "ID", "CONSUMER", "GIVEN UP", "ATTEMPTS", "STATUS", "KIND", "ROOM", "ERROR")

// Run lists all pages.
func (c *eventsDeadLettersCommand) Run(ctx context.Context, app *app) error {
	listing := listing{app: app, header: letterHeader}
	return listing.run("there is no dead letter", func(token string) (string, error) {
		response, err := callEvents(ctx, app, eventService.ListDeadLetters,
			&ovationv1.ListDeadLettersRequest{Consumer: c.Consumer, PageSize: pageSize, PageToken: token})
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), show(&listing, response.GetDeadLetters(), letterText)
	})
}

// letterText is a dead letter in one line.
func letterText(l *ovationv1.DeadLetter) string {
	status := "-"
	if l.GetLastStatus() > 0 {
		status = fmt.Sprint(l.GetLastStatus())
	}
	return fmt.Sprintf(letterLine, l.GetDeadLetterId(), l.GetConsumer(), second(l.GetGivenUpAt()), fmt.Sprint(l.GetAttempts()), status,
		kindOf(l.GetEvent()), orElse(terminal.Escape(l.GetEvent().GetRoomId()), "-"), terminal.Escape(l.GetLastError()))
}

type eventsRetryCommand struct {
	IDs      []string `arg:"" optional:"" name:"id" help:"Ids of dead letters."`
	Consumer string   `help:"All of this consumer's instead." placeholder:"NAME"`
}

func (*eventsRetryCommand) Help() string {
	return `What fails again is a dead letter again, with another id.

Examples:
  ovation events retry 17 18
  ovation events retry --consumer billing`
}

// Validate checks the flags.
func (c *eventsRetryCommand) Validate() error {
	if (len(c.IDs) == 0) == (c.Consumer == "") {
		return errors.New("give ids of dead letters, or --consumer for all of one")
	}
	return nil
}

// retryAtOnce is how many dead letters one call takes.
const retryAtOnce = 1000

// Run has them sent again.
func (c *eventsRetryCommand) Run(ctx context.Context, app *app) error {
	ids := c.IDs
	if c.Consumer != "" {
		var err error
		if ids, err = lettersOf(ctx, app, c.Consumer); err != nil {
			return err
		}
	}
	done := &ovationv1.RetryDeadLettersResponse{}
	for len(ids) > 0 {
		n := min(len(ids), retryAtOnce)
		response, err := callEvents(ctx, app, eventService.RetryDeadLetters, &ovationv1.RetryDeadLettersRequest{DeadLetterIds: ids[:n]})
		if err != nil {
			return err
		}
		done.Retried += response.GetRetried()
		ids = ids[n:]
	}
	return app.printDone(done, "%s on the way again", figures.Plural(done.GetRetried(), "dead letter"))
}

// lettersOf returns the ids of all dead letters of a consumer.
func lettersOf(ctx context.Context, app *app, consumer string) (ids []string, err error) {
	err = pages(func(token string) (string, error) {
		response, err := callEvents(ctx, app, eventService.ListDeadLetters,
			&ovationv1.ListDeadLettersRequest{Consumer: consumer, PageSize: pageSize, PageToken: token})
		for _, l := range response.GetDeadLetters() {
			ids = append(ids, l.GetDeadLetterId())
		}
		return response.GetNextPageToken(), err
	})
	return ids, err
}
