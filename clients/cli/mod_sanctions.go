package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// sanctionKinds are the kinds of sanctions, by flag.
var sanctionKinds = map[string]ovationv1.SanctionKind{
	"ban":       ovationv1.SanctionKind_SANCTION_KIND_BAN,
	"mute":      ovationv1.SanctionKind_SANCTION_KIND_MUTE,
	"room-mute": ovationv1.SanctionKind_SANCTION_KIND_ROOM_MUTE,
	"protect":   ovationv1.SanctionKind_SANCTION_KIND_PROTECT,
	"appoint":   ovationv1.SanctionKind_SANCTION_KIND_APPOINT,
}

type modSanctionsCommand struct {
	Room string   `help:"Those that act in this room: its own and those of every room; without it all there are, as a backend." placeholder:"ID"`
	Of   string   `help:"Only this user's." placeholder:"USER"`
	Kind []string `help:"Only this kind: ${enum}; may be repeated." enum:"ban,mute,room-mute,protect,appoint" placeholder:"KIND"`
	Past bool     `help:"With those that have expired or were lifted."`
	actorFlags
}

func (*modSanctionsCommand) Help() string {
	return `Examples:
  ovation mod sanctions --room demo
  ovation mod sanctions --of bob --past
  ovation mod sanctions --room demo --kind ban,mute --json | jq -r .userId`
}

// Run lists all pages.
func (c *modSanctionsCommand) Run(ctx context.Context, app *app) error {
	request := &ovationv1.ListSanctionsRequest{RoomId: c.Room, UserId: c.Of, WithPast: c.Past, PageSize: pageSize}
	asked := map[string]bool{}
	for _, kind := range c.Kind {
		if !asked[kind] {
			request.Kinds = append(request.Kinds, sanctionKinds[kind])
		}
		asked[kind] = true
	}
	return listSanctions(ctx, app, c.actorFlags, request, "nothing is in force")
}

// listSanctions lists all pages of what a request asks for, and says so if there is
// nothing.
func listSanctions(
	ctx context.Context, app *app, actor actorFlags, request *ovationv1.ListSanctionsRequest, nothing string,
) error {
	listing := listing{app: app, header: sanctionHeader}
	return listing.run(nothing, func(token string) (string, error) {
		request.PageToken = token
		response, err := callModeration(ctx, app, actor, moderationService.ListSanctions, request)
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), show(&listing, response.GetSanctions(), sanctionText)
	})
}

// listing prints a list that comes in pages: with a header where people read it.
type listing struct {
	app    *app
	header string
	listed int
}

// run prints all pages, and says so if nothing is on any.
func (l *listing) run(nothing string, page func(token string) (string, error)) error {
	err := pages(page)
	if err == nil && l.listed == 0 {
		l.app.note("%s", nothing)
	}
	return err
}

// show prints items of a list, each in a line.
func show[T proto.Message](l *listing, items []T, line func(T) string) error {
	return each(items, func(item T) error {
		l.listed++
		if l.app.JSON {
			return l.app.printProto(item)
		}
		if l.listed == 1 && isTerminal(l.app.stdout) {
			if err := l.app.print("%s", l.header); err != nil {
				return err
			}
		}
		return l.app.print("%s", strings.TrimRight(line(item), " "))
	})
}

// sanctionLine is the columns of a list of sanctions, and sanctionHeader what they are
// called.
const sanctionLine = "%-9s  %-20s  %-20s  %-7s  %-19s  %-19s  %-12s  %s"

var sanctionHeader = fmt.Sprintf(sanctionLine, "KIND", "USER", "ROOM", "STATE", "SINCE", "UNTIL", "BY", "REASON")

// sanctionText is a sanction in one line.
func sanctionText(s *ovationv1.Sanction) string {
	until := "for good"
	switch {
	case s.GetLiftedAt() > 0:
		until = second(s.GetLiftedAt())
	case s.GetUntilAt() > 0:
		until = second(s.GetUntilAt())
	}
	return fmt.Sprintf(sanctionLine, strings.ReplaceAll(short(s.GetKind(), "SANCTION_KIND_"), "_", "-"),
		orElse(terminal.ID(s.GetUserId()), "everyone"), orElse(terminal.Escape(s.GetRoomId()), "every room"), short(s.GetState(), "SANCTION_STATE_"),
		second(s.GetAppliedAt()), until, terminal.ID(s.GetAppliedBy()), terminal.Escape(s.GetReason()))
}

// second is an instant of Unix microseconds to the second, for people.
func second(micros int64) string { return time.UnixMicro(micros).Format(time.DateTime) }

// orElse is a text, or another where it is empty.
func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// printApplied prints a sanction that was applied: "banned bob in room demo until ...".
func (a *app) printApplied(done string, s *ovationv1.Sanction) error {
	if a.JSON {
		return a.printProto(s)
	}
	text := done
	if user := s.GetUserId(); user != "" {
		text += " " + terminal.ID(user) + " in"
	}
	text += " " + whereText(terminal.Escape(s.GetRoomId()))
	if until := s.GetUntilAt(); until > 0 {
		text += " until " + second(until)
	} else {
		text += ", for good"
	}
	if reason := s.GetReason(); reason != "" {
		text += ": " + terminal.Escape(reason)
	}
	return a.print("%s", text)
}

// printDone prints the answer of a call that returns nothing much.
func (a *app) printDone(response proto.Message, format string, args ...any) error {
	if a.JSON {
		return a.printProto(response)
	}
	return a.print(format, args...)
}
