package main

import (
	"cmp"
	"fmt"
	"os"
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

	Key      string  `group:"Signing" type:"existingfile" placeholder:"FILE" help:"Sign with this private key, PEM or a JSON Web Key, instead of a secret."`
	KID      *string `group:"Signing" name:"kid" placeholder:"ID" help:"The key's id in the server's key set (default the file's own, or else the key's thumbprint)."`
	Issuer   string  `group:"Signing" placeholder:"ISSUER" help:"Who mints it (iss), where the server asks for that."`
	Audience string  `group:"Signing" placeholder:"AUDIENCE" help:"Whom it is for (aud), where the server asks for that."`
}

func (*tokenCommand) Help() string {
	return `The server accepts it if it has the same secret (--secret or OVATION_AUTH_SECRET; else the development one, which a server takes only in development). With --key it is signed with a private key, whose
public half the server has among its --auth-jwks.

Examples:
  ovation token --role host --room demo --user ann
  OVATION_TOKEN=$(ovation token --user bob --expires 10m) ovation tail demo
  ovation token --key private.pem --user ann`
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

// sign mints the token: with the key, or else the secret.
func (c *tokenCommand) sign(app *app, claims token.Claims) (string, error) {
	if c.Key == "" {
		if c.KID != nil {
			return "", usageError{fmt.Errorf("--kid names a --key: give that too")}
		}
		return app.mint(claims)
	}
	data, err := os.ReadFile(c.Key)
	if err != nil {
		return "", err
	}
	key, err := token.ParseKey(data)
	if err != nil {
		return "", usageError{fmt.Errorf("--key %s: %w", c.Key, err)}
	}
	if c.KID != nil {
		key = key.WithID(*c.KID)
	}
	return token.MintWith(key, claims)
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

		Issuer:   c.Issuer,
		Audience: c.Audience,
	}
	if len(claims.Rooms) == 0 {
		claims.Rooms = []live.RoomID{token.AnyRoom}
	}
	signed, err := c.sign(app, claims)
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printJSON(minted{signed, app.User, c.Role, claims.Rooms, claims.Expires.UTC()})
	}
	return app.print("%s", signed)
}
