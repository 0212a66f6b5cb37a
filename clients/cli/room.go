package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// pageSize is how many entries of a list are asked for at a time.
const pageSize = 500

// roomID is what a room's id looks like; the contract says the same.
var roomID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)

// roomIDRule says it in words.
const roomIDRule = "must be of 1 to 64 letters, digits and . _ : -, a letter or digit first"

// checkRoomID refuses what no room can be called.
func checkRoomID(id string) error {
	switch {
	case id == "":
		return errors.New("the room's id is empty")
	case !roomID.MatchString(id):
		return fmt.Errorf("the room's id %q %s", id, roomIDRule)
	}
	return nil
}

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
  ovation room create busy --upstream-rate 1000 --slow-mode 2s --ring-capacity 10000`
}

// Run makes the room.
func (c *roomCreateCommand) Run(ctx context.Context, app *app) error {
	if err := checkRoomID(c.ID); err != nil { // the server would make up an id in place of ""
		return usageError{err}
	}
	settings, err := c.message()
	if err != nil {
		return err
	}
	response, err := callRooms(ctx, app, roomService.CreateRoom, &ovationv1.CreateRoomRequest{
		RoomId: c.ID, Title: c.Title, HostId: c.Host, Labels: c.Label, Settings: settings, RequestId: newID(),
	})
	if err != nil {
		return c.taken(ctx, app, err)
	}
	return app.printRoom(response.GetRoom())
}

// taken replaces the error of an id that a room had which has ended: that one cannot be
// changed any more.
func (c *roomCreateCommand) taken(ctx context.Context, app *app, err error) error {
	if ovation.Reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_EXISTS {
		return err
	}
	response, getErr := callRooms(ctx, app, roomService.GetRoom, &ovationv1.GetRoomRequest{RoomId: c.ID})
	if getErr != nil || response.GetRoom().GetState() != ovationv1.RoomState_ROOM_STATE_ENDED {
		return err
	}
	return fmt.Errorf("room %s has ended, for good, and its id is taken: choose another id", c.ID)
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
	request := &ovationv1.ListRoomsRequest{PageSize: pageSize}
	switch c.State {
	case "live":
		request.State = ovationv1.RoomState_ROOM_STATE_LIVE
	case "ended":
		request.State = ovationv1.RoomState_ROOM_STATE_ENDED
	}
	header := !app.JSON && isTerminal(app.stdout)
	return pages(func(token string) (string, error) {
		request.PageToken = token
		response, err := callRooms(ctx, app, roomService.ListRooms, request)
		if err != nil {
			return "", err
		}
		if header {
			header = false
			if err := app.print("%s", roomHeader); err != nil {
				return "", err
			}
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
	response, err := callRooms(ctx, app, roomService.GetRoom, &ovationv1.GetRoomRequest{RoomId: c.ID})
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
	return app.print("online: %s in %s", figures.Plural(online.GetUsers(), "user"), figures.Plural(online.GetSessions(), "session"))
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
	if c.Title == nil && len(c.Label) == 0 && proto.Size(settings) == 0 {
		return usageError{errors.New("nothing to change: give --title, --label or a setting")}
	}
	response, err := callRooms(ctx, app, roomService.UpdateRoom, &ovationv1.UpdateRoomRequest{
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
	response, err := callRooms(ctx, app, roomService.EndRoom, &ovationv1.EndRoomRequest{RoomId: c.ID})
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
	request := &ovationv1.ListMembersRequest{RoomId: c.ID, PageSize: pageSize}
	listed := 0
	err := pages(func(token string) (string, error) {
		request.PageToken = token
		response, err := callRooms(ctx, app, roomService.ListMembers, request)
		if err != nil {
			return "", err
		}
		listed += len(response.GetMembers())
		return response.GetNextPageToken(), each(response.GetMembers(), app.printMember)
	})
	if err == nil && listed == 0 {
		app.note("nobody is in room %s", c.ID)
	}
	return err
}

// roomService is the client of the room service, for short.
type roomService = ovationv1connect.RoomServiceClient

// callRooms makes one call of the room service, as a backend.
func callRooms[Request, Response any](
	ctx context.Context, app *app,
	method func(roomService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Rooms, method, request)
}

// pages calls page with the token of each page, until there is none.
func pages(page func(token string) (next string, err error)) error {
	token := ""
	for {
		next, err := page(token)
		if err != nil || next == "" {
			return err
		}
		token = next
	}
}
