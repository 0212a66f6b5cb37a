package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

type sendCommand struct {
	Room string   `arg:"" help:"The room's id."`
	Text []string `arg:"" optional:"" help:"The text; several words are joined with spaces."`

	Kind        string `help:"What it is: ${enum}." enum:"text,like,gift,image,voice,custom,system" default:"text" placeholder:"KIND"`
	Role        string `help:"Mint the token for this role: viewer, moderator, host, backend (default a viewer, or a backend for what only that may send)." enum:",viewer,moderator,host,backend" default:"" placeholder:"ROLE"`
	As          string `help:"Send as this user, on behalf of them." placeholder:"USER"`
	AsName      string `help:"That user's name." placeholder:"NAME"`
	Bucket      string `help:"The bucket, instead of the room's rules, as a backend: whitelist, high, low." enum:",whitelist,high,low" default:"" placeholder:"BUCKET"`
	Payload     string `help:"Contents other than text."`
	ContentType string `help:"The media type of the payload." placeholder:"TYPE"`
	Colour      string `help:"Colour of the text, as RRGGBB." aliases:"color" placeholder:"RRGGBB"` //nolint:misspell // as others spell it
	Size        uint32 `help:"Size of the text in percent, 25-400." placeholder:"N"`
	Position    string `help:"Where the text runs: scroll, top, bottom." enum:",scroll,top,bottom" default:"" placeholder:"WHERE"`
	Effect      string `help:"The application's name of an effect." placeholder:"NAME"`
	ID          string `name:"id" help:"The message's id: the same user and id within 5 minutes are the same message." placeholder:"ID"`
}

func (*sendCommand) Help() string {
	return `Prints what became of the message. A message that a busy room dropped is a normal outcome, not a failure.

Without --role it goes as a viewer's; with --as, --bucket, --kind gift or --kind system as a backend's. Which bucket it gets is up to the room's rules: unless they say otherwise, what hosts and moderators say goes to WHITELIST, a viewer's text to LOW.

Examples:
  ovation send demo "hello there" --colour ff8800 --position top
  ovation send demo --kind like
  ovation send demo "welcome, all" --role host --user ann
  ovation send demo --as bob --kind gift --payload '{"gift":"rose","count":3}' --content-type application/json`
}

// Run sends the message.
func (c *sendCommand) Run(ctx context.Context, app *app) error {
	request, err := c.request()
	if err != nil {
		return usageError{err}
	}
	client, err := app.client(c.role())
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := client.Feed().Send(ctx, request)
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	return app.print("%s", outcome(response))
}

// role is the one asked for, or else the one that the message needs.
func (c *sendCommand) role() live.Role {
	switch {
	case c.As != "":
		return live.RoleBackend
	case c.Role != "":
		return roleOf(c.Role)
	case c.Bucket != "", c.Kind == "gift", c.Kind == "system":
		return live.RoleBackend
	default:
		return live.RoleViewer
	}
}

// request is the message to send.
func (c *sendCommand) request() (*ovationv1.SendRequest, error) {
	colour, err := parseColour(c.Colour)
	if err != nil {
		return nil, err
	}
	request := &ovationv1.SendRequest{
		RoomId:          c.Room,
		Kind:            ovationv1.MessageKind(ovationv1.MessageKind_value[prefixKind+strings.ToUpper(c.Kind)]),
		Text:            strings.Join(c.Text, " "),
		Payload:         []byte(c.Payload),
		ContentType:     c.ContentType,
		ClientMessageId: c.ID,
		OnBehalfOf:      c.As,
		OnBehalfOfName:  c.AsName,
		Bucket:          ovationv1.Bucket(ovationv1.Bucket_value[prefixBucket+strings.ToUpper(c.Bucket)]),
	}
	if request.GetClientMessageId() == "" {
		request.ClientMessageId = newID()
	}
	position := ovationv1.Style_Position(ovationv1.Style_Position_value["POSITION_"+strings.ToUpper(c.Position)])
	if colour != 0 || c.Size != 0 || position != 0 || c.Effect != "" {
		request.Style = &ovationv1.Style{Colour: colour, Size: c.Size, Position: position, Effect: c.Effect}
	}
	return request, nil
}

// parseColour reads ff8800 or #ff8800; "" is 0.
func parseColour(text string) (uint32, error) {
	if text == "" {
		return 0, nil
	}
	digits := strings.TrimPrefix(text, "#")
	colour, err := strconv.ParseUint(digits, 16, 24)
	if err != nil || len(digits) != 6 {
		return 0, fmt.Errorf("--colour %q is not of the form ff8800", text)
	}
	return uint32(colour), nil
}

// outcome says what became of a message.
func outcome(response *ovationv1.SendResponse) string {
	var text string
	switch response.GetStatus() {
	case ovationv1.SendStatus_SEND_STATUS_ACCEPTED:
		text = fmt.Sprintf("accepted: %s #%d at %s (%d)", short(response.GetBucket(), prefixBucket),
			response.GetSequence(), clock(response.GetTimestamp()), response.GetTimestamp())
	case ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED:
		text = "dropped: the room is over its rate"
	case ovationv1.SendStatus_SEND_STATUS_DROPPED_SLOW_MODE:
		text = "dropped: faster than slow mode allows"
	default:
		text = short(response.GetStatus(), "SEND_STATUS_")
	}
	if after := response.GetRetryAfter().AsDuration(); after > 0 {
		text += ", the next may be accepted in " + after.String()
	}
	if altered := response.GetAlteredText(); altered != "" {
		text += ", as: " + terminal.Escape(altered)
	}
	if response.GetDuplicate() {
		text += ", sent before"
	}
	return text
}

// newID is an id that nobody else has.
func newID() string { return rand.Text() }
