package main

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type tailCommand struct {
	Room     string `arg:"" help:"The room's id."`
	Delivery string `help:"How to get messages: ${enum}." enum:"notify,inline,auto" default:"auto" placeholder:"WAY"`
	From     string `help:"Begin with the latest messages, or with what comes now: ${enum}." enum:"latest,now" default:"latest" placeholder:"WHERE"`
}

func (*tailCommand) Help() string {
	return `Losses and reconnects are told on stderr. Control characters in messages are written out, so that they cannot harm the terminal.

Examples:
  ovation tail demo
  ovation tail demo --from now --delivery inline
  ovation tail demo --json | jq -r 'select(.kind == "MESSAGE_KIND_GIFT") | .senderId'`
}

// Run prints messages until it is interrupted or the room ends.
func (c *tailCommand) Run(ctx context.Context, app *app) error {
	skip := c.From == "now"
	entered := func(room *ovation.Room) error {
		skip = skip && len(room.Joined().GetLatest().GetMessages()) > 0
		return nil
	}
	take := func(event ovation.Event) error {
		batch, ok := event.(*ovation.Messages)
		if !ok {
			return nil
		}
		if skip { // those that came with joining
			skip = false
			return nil
		}
		app.tellLoss(batch)
		return each(batch.Messages, app.printMessage)
	}
	return app.stay(ctx, c.Room, entered, take, ovation.WithDelivery(deliveries[c.Delivery]))
}

// tellLoss tells of messages that did not come.
func (a *app) tellLoss(batch *ovation.Messages) {
	if batch.Resync {
		a.note("the room's log could not be continued: going on with the latest messages")
	}
	if d := batch.Dropped; d.Total() > 0 {
		a.note("dropped: %d whitelist, %d high, %d low", d.Whitelist, d.High, d.Low)
	}
	if batch.Unexplained > 0 {
		a.note("MISSING: %d messages that nobody reported as dropped", batch.Unexplained)
	}
}

// printMessage prints one message.
func (a *app) printMessage(message *ovationv1.Message) error {
	if a.JSON {
		return a.printProto(message)
	}
	return a.print("%s", messageLine(message))
}

// messageLine is a message for people.
func messageLine(message *ovationv1.Message) string {
	return lineAt(time.UnixMicro(message.GetTimestamp()).Format("15:04:05.000"), message)
}

// lineAt is a message for people, with when it was as they want it.
func lineAt(at string, message *ovationv1.Message) string {
	sender := message.GetSenderName()
	if sender == "" {
		sender = message.GetSenderId()
	}
	if sender == "" {
		sender = "-"
	}
	return fmt.Sprintf("%s %-9s %s: %s", at, short(message.GetBucket(), prefixBucket), terminal.Escape(sender), contents(message))
}

// contents is what a message says.
func contents(message *ovationv1.Message) string {
	switch {
	case message.GetRecalls() != 0:
		return fmt.Sprintf("(recalls the message of %s)", clock(message.GetRecalls()))
	case message.GetRecalled():
		return "(recalled)"
	}
	var parts []string
	if kind := message.GetKind(); kind != ovationv1.MessageKind_MESSAGE_KIND_TEXT {
		parts = append(parts, "["+short(kind, prefixKind)+"]")
	}
	if text := message.GetText(); text != "" {
		parts = append(parts, terminal.Escape(text))
	}
	if given := givenText(message); given != "" {
		parts = append(parts, given)
	} else if payload := message.GetPayload(); len(payload) > 0 {
		parts = append(parts, payloadText(payload, message.GetContentType()))
	}
	return strings.Join(parts, " ")
}

// giftType is the content type of a gift's own message.
const giftType = "application/protobuf; message=ovation.v1.GiftMessage"

// givenText is what a gift's own message says; "" if it is none.
func givenText(message *ovationv1.Message) string {
	var g ovationv1.GiftMessage
	if message.GetContentType() != giftType || proto.Unmarshal(message.GetPayload(), &g) != nil {
		return ""
	}
	text := fmt.Sprintf("%s × %s for %s", figures.Count(g.GetCount()), terminal.Escape(g.GetName()), terminal.Escape(g.GetReceiverId()))
	if g.GetComboCount() > g.GetCount() {
		text += ", combo of " + figures.Count(g.GetComboCount())
	}
	return text
}

// payloadText is a payload for people: itself if it is text, or else what it is.
func payloadText(payload []byte, contentType string) string {
	if utf8.Valid(payload) {
		return terminal.Escape(string(payload))
	}
	return fmt.Sprintf("(%d bytes of %s)", len(payload), terminal.Escape(contentType))
}
