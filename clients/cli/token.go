package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

type tokenCommand struct {
	Role    string        `help:"What its bearer may do: ${enum}." enum:"viewer,moderator,host,backend" default:"viewer" placeholder:"ROLE"`
	Room    coveredRooms  `help:"A room that it covers; may be repeated; without it, or *: all rooms." placeholder:"ID"`
	Name    string        `help:"The name to show (default the user's id)." placeholder:"NAME"`
	Expires time.Duration `help:"How long it is good for." default:"24h"`
}

func (*tokenCommand) Help() string {
	return `The server accepts it if it has the same secret (--secret or OVATION_AUTH_SECRET; else the development one, which a server takes only in development).

Examples:
  ovation token --role host --room demo --user ann
  OVATION_TOKEN=$(ovation token --user bob --expires 10m) ovation tail demo`
}

// coveredRooms are rooms that a token is to cover.
type coveredRooms []live.RoomID

// Decode takes the rooms of one flag. An empty one is refused: it would widen the token
// to all rooms.
func (r *coveredRooms) Decode(ctx *kong.DecodeContext) error {
	var list string
	if err := ctx.Scan.PopValueInto("id", &list); err != nil {
		return err
	}
	for id := range strings.SplitSeq(list, ",") {
		if id != string(token.AnyRoom) {
			if err := checkRoomID(id); err != nil {
				return err
			}
		}
		*r = append(*r, live.RoomID(id))
	}
	return nil
}

// minted is the token for machines.
type minted struct {
	Token     string        `json:"token"`
	User      string        `json:"user"`
	Role      string        `json:"role"`
	Rooms     []live.RoomID `json:"rooms"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// Run mints and prints the token.
func (c *tokenCommand) Run(app *app) error {
	if c.Expires <= 0 {
		return usageError{fmt.Errorf("--expires must be more than 0")}
	}
	claims := token.Claims{
		User:    live.UserID(app.User),
		Name:    cmp.Or(c.Name, app.User),
		Role:    roleOf(c.Role),
		Rooms:   c.Room,
		Expires: time.Now().Add(c.Expires).Truncate(time.Second),
	}
	if len(claims.Rooms) == 0 {
		claims.Rooms = []live.RoomID{token.AnyRoom}
	}
	signed, err := app.mint(claims)
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printJSON(minted{signed, app.User, c.Role, claims.Rooms, claims.Expires.UTC()})
	}
	return app.print("%s", signed)
}
