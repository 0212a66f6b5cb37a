package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// eventsCommand is the commands about events for other systems.
type eventsCommand struct {
	Tail        eventsTailCommand        `cmd:"" help:"Print events as they come, and acknowledge them."`
	Consumers   eventsConsumersCommand   `cmd:"" help:"List consumers, and how far each is."`
	Forget      eventsForgetCommand      `cmd:"" help:"Forget a consumer, with its webhook and dead letters."`
	Webhook     webhookCommand           `cmd:"" help:"Have events sent to an address."`
	DeadLetters eventsDeadLettersCommand `cmd:"" help:"List events that webhooks did not take, the oldest first."`
	Retry       eventsRetryCommand       `cmd:"" help:"Send dead letters again."`
}

// eventService is the client of the event service, for short.
type eventService = ovationv1connect.EventServiceClient

// callEvents makes one call of the event service, as a backend.
func callEvents[Request, Response any](
	ctx context.Context, app *app,
	method func(eventService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Events, method, request)
}

const prefixEvent = "EVENT_KIND_"

// filterFlags say which events.
type filterFlags struct {
	Kind []string `help:"Only this kind: ${enum}; may be repeated. Messages come only if named." enum:"visit-closed,gift-settled,goal-reached,room-created,room-ended,quiz-finished,sanction-applied,sanction-lifted,message-sent,message-recalled" placeholder:"KIND"`
	Room []string `help:"Only of this room; may be repeated." placeholder:"ID"`
}

// Validate checks the flags.
func (f filterFlags) Validate() error { return each(f.Room, checkRoomID) }

// filter returns the filter.
func (f filterFlags) filter() *ovationv1.EventFilter {
	filter := &ovationv1.EventFilter{}
	named := map[string]bool{}
	for _, kind := range f.Kind {
		if !named[kind] {
			number := ovationv1.EventKind_value[prefixEvent+strings.ToUpper(strings.ReplaceAll(kind, "-", "_"))]
			filter.Kinds = append(filter.Kinds, ovationv1.EventKind(number))
		}
		named[kind] = true
	}
	named = map[string]bool{}
	for _, room := range f.Room {
		if !named[room] {
			filter.RoomIds = append(filter.RoomIds, room)
		}
		named[room] = true
	}
	return filter
}

// startOf returns where a consumer begins that is new.
func startOf(name string) ovationv1.EventStart {
	if name == "earliest" {
		return ovationv1.EventStart_EVENT_START_EARLIEST
	}
	return ovationv1.EventStart_EVENT_START_LATEST
}

type eventsTailCommand struct {
	Consumer string `arg:"" help:"Who reads; a new name becomes a consumer."`
	filterFlags
	From  string `help:"Where a new consumer begins: ${enum}." enum:"latest,earliest" default:"latest" placeholder:"WHERE"`
	After string `help:"Begin after this cursor instead of where the consumer is." placeholder:"CURSOR"`
}

func (*eventsTailCommand) Help() string {
	return `Each event is acknowledged once it is printed, and so comes once to each consumer; after a failure some may come again, with the same id. It goes on by itself when the connection breaks. Events are kept for the consumer while nothing reads: forget one that is of no use any more.

Examples:
  ovation events tail billing
  ovation events tail search --kind message-sent --kind message-recalled --from earliest --json
  ovation events tail billing --room demo --kind room-ended`
}

// Run prints events until it is interrupted.
func (c *eventsTailCommand) Run(ctx context.Context, app *app) error {
	client, err := app.as(live.RoleBackend)
	if err != nil {
		return err
	}
	failed := client.Consume(ctx, &ovationv1.StreamEventsRequest{
		Consumer: c.Consumer, Filter: c.filter(), Start: startOf(c.From), AfterCursor: c.After,
	}, func(_ context.Context, event *ovationv1.Event) error { return app.printEvent(event) })
	if ctx.Err() == nil {
		return failed
	}
	return nil // whoever interrupted it knows
}

// printEvent prints one event.
func (a *app) printEvent(event *ovationv1.Event) error {
	if a.JSON {
		return a.printProto(event)
	}
	return a.print("%s", eventLine(event))
}

// eventLine is an event for people.
func eventLine(event *ovationv1.Event) string {
	line := fmt.Sprintf("%s %-16s %s", clock(event.GetHappenedAt()), kindOf(event), orElse(terminal.Escape(event.GetRoomId()), "-"))
	return strings.TrimRight(line+"  "+factsLine(event), " ")
}

// kindOf is an event's kind as flags have it.
func kindOf(event *ovationv1.Event) string {
	return strings.ReplaceAll(short(event.GetKind(), prefixEvent), "_", "-")
}

// factsLine is the facts of an event for people.
func factsLine(event *ovationv1.Event) string {
	switch facts := event.GetBody().(type) {
	case *ovationv1.Event_Room:
		return terminal.Escape(facts.Room.GetTitle())
	case *ovationv1.Event_Sanction:
		s := facts.Sanction
		return strings.TrimRight(fmt.Sprintf("%s of %s by %s  %s", short(s.GetKind(), "SANCTION_KIND_"),
			orElse(terminal.Escape(s.GetUserId()), "everyone"), terminal.Escape(s.GetAppliedBy()), terminal.Escape(s.GetReason())), " ")
	case *ovationv1.Event_Message:
		return lineAt("", facts.Message)
	case *ovationv1.Event_Quiz:
		return fmt.Sprintf("%s: %s, %s", terminal.Escape(facts.Quiz.GetQuizId()), short(facts.Quiz.GetState(), "QUIZ_STATE_"),
			figures.Plural(facts.Quiz.GetResult().GetWinners(), "winner"))
	case *ovationv1.Event_Visit:
		return "visit of " + terminal.Escape(facts.Visit.GetUserId())
	case *ovationv1.Event_Settlement:
		return "gifts to " + terminal.Escape(facts.Settlement.GetReceiverId())
	case *ovationv1.Event_Goal:
		return "goal " + terminal.Escape(facts.Goal.GetGoalId())
	default:
		return ""
	}
}

type eventsConsumersCommand struct{}

func (*eventsConsumersCommand) Help() string {
	return `LAG is how many events, of any kind and room, came after the consumer's cursor, and OLDEST when the first of them did. DROPPED are those that were forgotten before the consumer had acknowledged them.

Examples:
  ovation events consumers
  ovation events consumers --json | jq -r 'select(.lag | tonumber > 1000) | .consumer'`
}

// consumerLine is the columns of a list of consumers.
const consumerLine = "%-24s  %-8s  %10s  %-19s  %8s  %s"

var consumerHeader = fmt.Sprintf(consumerLine, "CONSUMER", "STATE", "LAG", "OLDEST", "DROPPED", "WEBHOOK")

// Run lists all pages.
func (*eventsConsumersCommand) Run(ctx context.Context, app *app) error {
	listing := listing{app: app, header: consumerHeader}
	return listing.run("there is no consumer", func(token string) (string, error) {
		response, err := callEvents(ctx, app, eventService.ListConsumers,
			&ovationv1.ListConsumersRequest{PageSize: pageSize, PageToken: token})
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), show(&listing, response.GetConsumers(), consumerText)
	})
}

// consumerText is a consumer in one line.
func consumerText(c *ovationv1.EventConsumer) string {
	state, oldest := "away", "-"
	switch {
	case c.GetWebhook().GetPaused():
		state = "paused"
	case c.GetWebhook() != nil:
		state = "sending"
	case c.GetActive():
		state = "reading"
	}
	if at := c.GetOldestAt(); at > 0 {
		oldest = second(at)
	}
	return fmt.Sprintf(consumerLine, c.GetConsumer(), state, figures.Count(c.GetLag()), oldest, figures.Count(c.GetDropped()),
		terminal.Escape(c.GetWebhook().GetUrl()))
}

type eventsForgetCommand struct {
	Consumer string `arg:"" help:"The consumer."`
}

func (*eventsForgetCommand) Help() string {
	return `Its cursor, webhook and dead letters go with it. Of messages, which are recorded only while a consumer names them, no more are recorded for it.

Examples:
  ovation events forget search`
}

// Run forgets it.
func (c *eventsForgetCommand) Run(ctx context.Context, app *app) error {
	response, err := callEvents(ctx, app, eventService.DeleteConsumer, &ovationv1.DeleteConsumerRequest{Consumer: c.Consumer})
	if err != nil {
		return err
	}
	return app.printDone(response, "there is no consumer %s any more", c.Consumer)
}
