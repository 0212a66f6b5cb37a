package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// giftCommand is the commands about gifts. They call as a backend.
type giftCommand struct {
	Put    giftPutCommand    `cmd:"" help:"Put a gift into the catalogue, or change it."`
	List   giftListCommand   `cmd:"" help:"List the catalogue."`
	Send   giftSendCommand   `cmd:"" help:"Pay for gifts and give them."`
	Totals giftTotalsCommand `cmd:"" help:"Show what was given."`
	Goal   giftGoalCommand   `cmd:"" help:"Put something that a room's gifts work towards."`
}

// giftService is the client of the gift service, for short.
type giftService = ovationv1connect.GiftServiceClient

// callGifts makes one call of the gift service, as a backend.
func callGifts[Request, Response any](
	ctx context.Context, app *app,
	method func(giftService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Gifts, method, request)
}

type giftPutCommand struct {
	ID       string            `arg:"" help:"The gift's id."`
	Price    int64             `help:"What one costs, in coins." required:"" placeholder:"COINS"`
	Name     string            `help:"Its name, for people (default its id)." placeholder:"TEXT"`
	Points   int64             `help:"Points that one brings its receiver." default:"0" placeholder:"N"`
	Room     string            `help:"The only room it can be sent in (default every room)." placeholder:"ID"`
	Combo    time.Duration     `help:"Sent again within this time it continues a combo, at most 60s (default no combos)." default:"0s" placeholder:"DURATION"`
	Position int32             `help:"Where it stands in the catalogue, the smallest first." default:"0" placeholder:"N"`
	Retired  bool              `help:"It can no longer be sent."`
	Label    map[string]string `help:"A fact of the application's own; may be repeated." placeholder:"KEY=VALUE"`
}

func (*giftPutCommand) Help() string {
	return `It replaces the gift of its id as a whole. What was sent stays as it was.

Examples:
  ovation gift put rose --price 10 --combo 5s
  ovation gift put rocket --price 5000 --points 50 --name "Moon rocket" --position 9
  ovation gift put rocket --price 5000 --retired`
}

// Run puts the gift.
func (c *giftPutCommand) Run(ctx context.Context, app *app) error {
	g := &ovationv1.Gift{
		GiftId: c.ID, Name: c.Name, Price: c.Price, Points: c.Points, RoomId: c.Room, Position: c.Position,
		Retired: c.Retired, Labels: c.Label,
	}
	if g.GetName() == "" {
		g.Name = c.ID
	}
	if c.Combo != 0 {
		g.ComboWindow = durationpb.New(c.Combo)
	}
	response, err := callGifts(ctx, app, giftService.PutGift, &ovationv1.PutGiftRequest{Gift: g})
	if err != nil {
		return err
	}
	return app.printGift(response.GetGift())
}

type giftListCommand struct {
	Room    string `help:"Only what can be sent in this room." placeholder:"ID"`
	Retired bool   `help:"With what is retired."`
}

func (*giftListCommand) Help() string {
	return `Examples:
  ovation gift list
  ovation gift list --room demo --json | jq -r .giftId`
}

// Run lists all pages.
func (c *giftListCommand) Run(ctx context.Context, app *app) error {
	request := &ovationv1.ListGiftsRequest{RoomId: c.Room, WithRetired: c.Retired, PageSize: pageSize}
	return pages(func(token string) (string, error) {
		request.PageToken = token
		response, err := callGifts(ctx, app, giftService.ListGifts, request)
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), each(response.GetGifts(), app.printGift)
	})
}

// printGift prints a gift in one line.
func (a *app) printGift(g *ovationv1.Gift) error {
	if a.JSON {
		return a.printProto(g)
	}
	text := fmt.Sprintf("%-24s  %13s  %s", g.GetGiftId(), figures.Plural(g.GetPrice(), "coin"), terminal.Escape(g.GetName()))
	if g.GetPoints() > 0 {
		text += ", " + figures.Plural(g.GetPoints(), "point")
	}
	if combo := g.GetComboWindow().AsDuration(); combo > 0 {
		text += ", combos within " + combo.String()
	}
	if g.GetRoomId() != "" {
		text += ", in room " + g.GetRoomId() + " only"
	}
	if g.GetRetired() {
		text += ", retired"
	}
	return a.print("%s", text)
}

type giftSendCommand struct {
	Room     string `arg:"" help:"The room's id."`
	Gift     string `arg:"" help:"The gift's id."`
	Count    uint32 `help:"How many." default:"1" placeholder:"N"`
	As       string `help:"Who gives (default --user)." placeholder:"USER"`
	AsName   string `help:"That user's name." placeholder:"NAME"`
	Receiver string `help:"Who gets them (default the room's host)." placeholder:"USER"`
	Price    int64  `help:"Pay this for one, or nothing (default whatever it is)." default:"0" placeholder:"COINS"`
	ID       string `name:"id" help:"The request's id: the same giver and id pay once, for ever." placeholder:"ID"`
}

func (*giftSendCommand) Help() string {
	return `The giver pays from their balance: see ` + "`ovation wallet deposit`" + `. Where no answer came, repeat the command with the same --id: it pays once.

Examples:
  ovation gift send demo rose --as ann --receiver host
  ovation gift send demo rose --as ann --count 10 --price 10 --id order-4711`
}

// Validate checks the flags.
func (c *giftSendCommand) Validate() error {
	if c.Count == 0 {
		return errors.New("--count must be at least 1")
	}
	return nil
}

// Run pays.
func (c *giftSendCommand) Run(ctx context.Context, app *app) error {
	request := &ovationv1.SendGiftRequest{
		RoomId: c.Room, GiftId: c.Gift, Count: c.Count, ReceiverId: c.Receiver, ExpectedPrice: c.Price,
		RequestId: c.ID, OnBehalfOf: c.As, OnBehalfOfName: c.AsName,
	}
	if request.GetRequestId() == "" {
		request.RequestId = newID()
	}
	if request.GetOnBehalfOf() == "" && app.Token == nil {
		request.OnBehalfOf = app.User
	}
	response, err := callGifts(ctx, app, giftService.SendGift, request)
	if err != nil {
		if c.ID == "" && isUnknown(err) {
			app.note("the request's id was %s: repeat the command with --id %[1]s, and it pays once", request.GetRequestId())
		}
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	return app.print("%s", paidText(response))
}

// paidText says what was paid.
func paidText(r *ovationv1.SendGiftResponse) string {
	text := fmt.Sprintf("paid %s at %s, %s left", figures.Plural(r.GetCoins(), "coin"), clock(r.GetSentAt()), figures.Count(r.GetBalance()))
	if r.GetComboCount() > 0 && r.GetComboId() != "" {
		text += ", combo of " + figures.Count(r.GetComboCount())
	}
	if r.GetDuplicate() {
		text += ", sent before"
	}
	return text
}

type giftTotalsCommand struct {
	Room     string `help:"Given in this room." placeholder:"ID"`
	Receiver string `help:"Given to this user." placeholder:"USER"`
	Top      uint32 `help:"How many of the top givers to show." default:"10" placeholder:"N"`
}

func (*giftTotalsCommand) Help() string {
	return `What is settled was paid to its receivers; the rest is pending, for a few seconds.

Examples:
  ovation gift totals --room demo
  ovation gift totals --receiver host --json`
}

// Validate checks the flags.
func (c *giftTotalsCommand) Validate() error {
	if c.Room == "" && c.Receiver == "" {
		return errors.New("name a --room, a --receiver, or both")
	}
	return nil
}

// Run shows the totals.
func (c *giftTotalsCommand) Run(ctx context.Context, app *app) error {
	response, err := callGifts(ctx, app, giftService.GetGiftTotals,
		&ovationv1.GetGiftTotalsRequest{RoomId: c.Room, ReceiverId: c.Receiver, Top: c.Top})
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	_, err = fmt.Fprint(app.stdout, totalsText(response))
	return err
}

// totalsText is totals as a table.
func totalsText(r *ovationv1.GetGiftTotalsResponse) string {
	var t figures.Table
	settled := r.GetSettled()
	t.Row("settled", figures.Count(settled.GetCoins()), fmt.Sprintf("coins for %s, %s, from %s", figures.Plural(settled.GetGifts(), "gift"),
		figures.Plural(settled.GetPoints(), "point"), figures.Plural(r.GetGivers(), "giver")))
	t.Row("pending", figures.Count(r.GetPendingCoins()), "coins for "+figures.Plural(r.GetPendingGifts(), "gift"))
	for _, g := range settled.GetGoals() {
		t.Row("goal", figures.Count(g.GetProgress()), goalRemark(g))
	}
	for i, g := range settled.GetTopGivers() {
		t.Row("giver "+strconv.Itoa(i+1), figures.Count(g.GetCoins()), strings.TrimSpace(terminal.Escape(g.GetUserId()+" "+g.GetName())))
	}
	for _, g := range r.GetReceivers() {
		t.Row("receiver", figures.Count(g.GetCoins()), fmt.Sprintf("%s, %s pending", terminal.Escape(g.GetReceiverId()), figures.Count(g.GetPendingCoins())))
	}
	return t.String()
}

// goalRemark says what a goal is, beside how far it is.
func goalRemark(g *ovationv1.Goal) string {
	text := fmt.Sprintf("of %s %s: %s (%s)", figures.Count(g.GetTarget()), short(g.GetMeasure(), "GOAL_MEASURE_"),
		terminal.Escape(g.GetTitle()), g.GetGoalId())
	if g.GetReachedAt() > 0 {
		text += ", reached " + clock(g.GetReachedAt())
	}
	if g.GetClosed() {
		text += ", closed"
	}
	return text
}

type giftGoalCommand struct {
	Room     string `arg:"" help:"The room's id."`
	ID       string `arg:"" help:"The goal's id."`
	Target   int64  `help:"How much is wished for." required:"" placeholder:"N"`
	Title    string `help:"What it is, for people (default its id)." placeholder:"TEXT"`
	Measure  string `help:"What it counts: ${enum}." enum:"coins,gifts" default:"coins" placeholder:"WHAT"`
	Gift     string `help:"Only this gift counts." placeholder:"ID"`
	Receiver string `help:"Only gifts to this user count." placeholder:"USER"`
	Closed   bool   `help:"It counts no further, and is no longer shown."`
}

func (*giftGoalCommand) Help() string {
	return `It counts gifts as they are settled, from when it was first put. So a gift that was pending then counts, though it was given before; what was settled by then does not.
What a goal has reached stays when it is changed, unless what it counts changes: then it begins at 0 in the same way.

Examples:
  ovation gift goal demo song --target 10000 --title "I sing a song"
  ovation gift goal demo roses --target 100 --measure gifts --gift rose
  ovation gift goal demo song --target 10000 --closed`
}

// Run puts the goal.
func (c *giftGoalCommand) Run(ctx context.Context, app *app) error {
	g := &ovationv1.Goal{
		GoalId: c.ID, Title: c.Title, Target: c.Target, GiftId: c.Gift, ReceiverId: c.Receiver, Closed: c.Closed,
		Measure: ovationv1.GoalMeasure(ovationv1.GoalMeasure_value["GOAL_MEASURE_"+strings.ToUpper(c.Measure)]),
	}
	if g.GetTitle() == "" {
		g.Title = c.ID
	}
	response, err := callGifts(ctx, app, giftService.PutGoal, &ovationv1.PutGoalRequest{RoomId: c.Room, Goal: g})
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(response.GetGoal())
	}
	return app.print("%s %s", figures.Count(response.GetGoal().GetProgress()), goalRemark(response.GetGoal()))
}
