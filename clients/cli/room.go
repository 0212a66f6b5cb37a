package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// pageSize is how many entries of a list are asked for at a time.
const pageSize = 500

// roomCommand is the commands about rooms. They call as a backend.
type roomCommand struct {
	Create  roomCreateCommand  `cmd:"" help:"Make a room."`
	List    roomListCommand    `cmd:"" help:"List the rooms."`
	Get     roomGetCommand     `cmd:"" help:"Show a room and its settings."`
	Update  roomUpdateCommand  `cmd:"" help:"Change a live room."`
	End     roomEndCommand     `cmd:"" help:"End a room, for good."`
	Members roomMembersCommand `cmd:"" help:"List who is in a room."`
}

type roomCreateCommand struct {
	ID    string            `arg:"" help:"The room's id."`
	Title string            `help:"Its title."`
	Host  string            `help:"Who hosts it." placeholder:"USER"`
	Label map[string]string `help:"A label; may be repeated." placeholder:"KEY=VALUE"`
	settingFlags
}

func (*roomCreateCommand) Help() string {
	return `Examples:
  ovation room create demo2 --title "Friday show" --host ann
  ovation room create busy --rate 1000 --slow-mode 2s --ring-capacity 10000`
}

// Run makes the room.
func (c *roomCreateCommand) Run(ctx context.Context, app *app) error {
	settings, err := c.message()
	if err != nil {
		return err
	}
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := rooms.CreateRoom(ctx, &ovationv1.CreateRoomRequest{
		RoomId: c.ID, Title: c.Title, HostId: c.Host, Labels: c.Label, Settings: settings, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printRoom(response.GetRoom())
}

type roomListCommand struct {
	State string `help:"Only rooms in this state: live, ended." enum:",live,ended" default:"" placeholder:"STATE"`
}

func (*roomListCommand) Help() string {
	return `Examples:
  ovation room list --state live
  ovation room list --json | jq -r .roomId`
}

// Run lists all pages.
func (c *roomListCommand) Run(ctx context.Context, app *app) error {
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	request := &ovationv1.ListRoomsRequest{PageSize: pageSize}
	switch c.State {
	case "live":
		request.State = ovationv1.RoomState_ROOM_STATE_LIVE
	case "ended":
		request.State = ovationv1.RoomState_ROOM_STATE_ENDED
	}
	return pages(ctx, app, func(ctx context.Context, token string) (string, error) {
		request.PageToken = token
		response, err := rooms.ListRooms(ctx, request)
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), each(response.GetRooms(), app.printRoomLine)
	})
}

type roomGetCommand struct {
	ID string `arg:"" help:"The room's id."`
}

func (*roomGetCommand) Help() string {
	return `Examples:
  ovation room get demo
  ovation room get demo --json | jq .online.users`
}

// Run shows the room.
func (c *roomGetCommand) Run(ctx context.Context, app *app) error {
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := rooms.GetRoom(ctx, &ovationv1.GetRoomRequest{RoomId: c.ID})
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	online := response.GetOnline()
	if err := app.printRoom(response.GetRoom()); err != nil {
		return err
	}
	return app.print("online: %s users in %s sessions", figures.Count(online.GetUsers()), figures.Count(online.GetSessions()))
}

type roomUpdateCommand struct {
	ID    string            `arg:"" help:"The room's id."`
	Title *string           `help:"A new title."`
	Label map[string]string `help:"A label; an empty value removes it; may be repeated." placeholder:"KEY=VALUE"`
	settingFlags
}

func (*roomUpdateCommand) Help() string {
	return `Examples:
  ovation room update demo --slow-mode 5s
  ovation room update demo --inline-percent 100 --round-interval 200ms
  ovation room update demo --bucket-rule any/host=whitelist,text/any=low`
}

// Run changes what was given.
func (c *roomUpdateCommand) Run(ctx context.Context, app *app) error {
	settings, err := c.message()
	if err != nil {
		return err
	}
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := rooms.UpdateRoom(ctx, &ovationv1.UpdateRoomRequest{
		RoomId: c.ID, Title: c.Title, Labels: c.Label, Settings: settings,
	})
	if err != nil {
		return err
	}
	return app.printRoom(response.GetRoom())
}

type roomEndCommand struct {
	ID string `arg:"" help:"The room's id."`
}

func (*roomEndCommand) Help() string {
	return `Example:
  ovation room end demo2`
}

// Run ends the room.
func (c *roomEndCommand) Run(ctx context.Context, app *app) error {
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := rooms.EndRoom(ctx, &ovationv1.EndRoomRequest{RoomId: c.ID})
	if err != nil {
		return err
	}
	return app.printRoomLine(response.GetRoom())
}

type roomMembersCommand struct {
	ID string `arg:"" help:"The room's id."`
}

func (*roomMembersCommand) Help() string {
	return `Example:
  ovation room members demo --json | jq -r .userId`
}

// Run lists all pages.
func (c *roomMembersCommand) Run(ctx context.Context, app *app) error {
	rooms, err := app.rooms()
	if err != nil {
		return err
	}
	request := &ovationv1.ListMembersRequest{RoomId: c.ID, PageSize: pageSize}
	return pages(ctx, app, func(ctx context.Context, token string) (string, error) {
		request.PageToken = token
		response, err := rooms.ListMembers(ctx, request)
		if err != nil {
			return "", err
		}
		return response.GetNextPageToken(), each(response.GetMembers(), app.printMember)
	})
}

// pages calls page with the token of each page, until there is none.
func pages(ctx context.Context, app *app, page func(context.Context, string) (string, error)) error {
	token := ""
	for {
		limited, cancel := app.limited(ctx)
		next, err := page(limited, token)
		cancel()
		if err != nil || next == "" {
			return err
		}
		token = next
	}
}

// each calls do for all of the list, up to the first error.
func each[T any](list []T, do func(T) error) error {
	for _, item := range list {
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

// printRoom prints all about a room.
func (a *app) printRoom(room *ovationv1.Room) error {
	if a.JSON {
		return a.printProto(room)
	}
	table := figures.Table{}
	table.Row("room", "", room.GetRoomId())
	table.Row("title", "", terminal.Escape(room.GetTitle()))
	table.Row("host", "", terminal.Escape(room.GetHostId()))
	table.Row("state", "", short(room.GetState(), "ROOM_STATE_"))
	table.Row("created", "", clock(room.GetCreatedAt()))
	if room.GetEndedAt() > 0 {
		table.Row("ended", "", clock(room.GetEndedAt()))
	}
	table.Row("revision", "", strconv.FormatInt(room.GetRevision(), 10))
	for _, key := range slices.Sorted(maps.Keys(room.GetLabels())) {
		table.Row("label", "", terminal.Escape(key+"="+room.GetLabels()[key]))
	}
	table.Row("settings", "", "")
	settingRows(&table, room.GetSettings())
	_, err := fmt.Fprint(a.stdout, table.String())
	return err
}

// printRoomLine prints a room in one line.
func (a *app) printRoomLine(room *ovationv1.Room) error {
	if a.JSON {
		return a.printProto(room)
	}
	return a.print("%-24s  %-5s  %s  %s", room.GetRoomId(), short(room.GetState(), "ROOM_STATE_"),
		clock(room.GetCreatedAt()), terminal.Escape(room.GetTitle()))
}

// printMember prints a member in one line.
func (a *app) printMember(member *ovationv1.Member) error {
	if a.JSON {
		return a.printProto(member)
	}
	return a.print("%-24s  %-9s  since %s  %d sessions  %s", terminal.Escape(member.GetUserId()),
		short(member.GetRole(), prefixRole), clock(member.GetJoinedAt()), member.GetSessions(), terminal.Escape(member.GetName()))
}
