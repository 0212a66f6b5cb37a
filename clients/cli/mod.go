package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// modCommand is the commands that keep order.
type modCommand struct {
	Ban        modBanCommand        `cmd:"" help:"Shut a user out."`
	Unban      modUnbanCommand      `cmd:"" help:"Lift a user's ban."`
	Mute       modMuteCommand       `cmd:"" help:"Stop a user's messages."`
	Unmute     modUnmuteCommand     `cmd:"" help:"Lift a user's mute."`
	MuteRoom   modMuteRoomCommand   `cmd:"" help:"Stop everyone's messages but those of who runs the room."`
	UnmuteRoom modUnmuteRoomCommand `cmd:"" help:"Lift a room's mute."`
	Kick       modKickCommand       `cmd:"" help:"End a user's sessions; they may come back."`
	Protect    modProtectCommand    `cmd:"" help:"Keep a user from being banned, muted, kicked, shed or ended as offline."`
	Unprotect  modUnprotectCommand  `cmd:"" help:"End a user's protection."`
	Add        modAddCommand        `cmd:"" help:"Make a user a moderator."`
	Remove     modRemoveCommand     `cmd:"" help:"End a user's appointment as moderator."`
	List       modListCommand       `cmd:"" help:"List the moderators that were appointed, the newest first."`
	Sanctions  modSanctionsCommand  `cmd:"" help:"List bans, mutes, protections and appointments, the newest first."`
	Words      modWordsCommand      `cmd:"" help:"Change and list forbidden words."`
}

// moderationService is the client of the moderation service, for short.
type moderationService = ovationv1connect.ModerationServiceClient

// actorFlags say who moderates.
type actorFlags struct {
	Role string `help:"Mint the token for this role: ${enum}." enum:"moderator,host,backend" default:"backend" placeholder:"ROLE"`
}

// callModeration makes one call of the moderation service.
func callModeration[Request, Response any](
	ctx context.Context, app *app, actor actorFlags,
	method func(moderationService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, roleOf(actor.Role), (*ovation.Client).Moderation, method, request)
}

// placeFlags say where a command acts. In a request no room means all of them, so that
// one must be asked for in words: an empty variable of a script must not ban everywhere.
type placeFlags struct {
	Room      string `help:"The room's id." placeholder:"ID"`
	EveryRoom bool   `help:"In every room, as a backend."`
}

// Validate checks the flags.
func (p placeFlags) Validate() error {
	switch {
	case p.Room != "" && p.EveryRoom:
		return errors.New("--room and --every-room exclude each other")
	case p.EveryRoom:
		return nil
	case p.Room == "":
		return errors.New("give --room, or --every-room to act in all of them")
	}
	return checkRoomID(p.Room)
}

// where is the place in words.
func (p placeFlags) where() string { return whereText(p.Room) }

// whereText is a room, or all of them, in words.
func whereText(room string) string {
	if room == "" {
		return "every room"
	}
	return "room " + room
}

// period is for how long something holds: 10m, 12h, 7d, 2w. Zero: for good.
type period time.Duration

// longestPeriod is the longest that the contract takes: 10 years.
const longestPeriod = 315_360_000 * time.Second

// longUnits is the part of a period that Go does not know how to read.
var longUnits = regexp.MustCompile(`^(?:(\d{1,9})w)?(?:(\d{1,9})d)?`)

// parsePeriod reads a period.
func parsePeriod(text string) (period, error) {
	const day = 24 * time.Hour
	parts := longUnits.FindStringSubmatch(text)
	weeks, _ := strconv.Atoi("0" + parts[1])
	days, _ := strconv.Atoi("0" + parts[2])
	total := float64(7*weeks+days) * float64(day)
	if rest := text[len(parts[0]):]; rest != "" || parts[0] == "" {
		short, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("%q is no length of time like 10m, 12h, 7d or 2w", text)
		}
		total += float64(short)
	}
	if total <= 0 || total > float64(longestPeriod) || math.IsNaN(total) {
		return 0, errPeriodRange
	}
	return period(total), nil
}

// errPeriodRange says that a period is too short, or too long.
var errPeriodRange = errors.New("must be more than 0 and at most 10 years; leave it out for good")

// Decode takes the value of a flag.
func (p *period) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	parsed, err := parsePeriod(text)
	*p = parsed
	return err
}

// message is the period for the wire, nil for good.
func (p period) message() *durationpb.Duration {
	if p == 0 {
		return nil
	}
	return durationpb.New(time.Duration(p))
}

// sanctionFlags are those of all that applies a sanction.
type sanctionFlags struct {
	For    period `help:"For how long, such as 10m, 12h or 7d; without it for good." placeholder:"TIME"`
	Reason string `help:"Why, for people: the user gets to see it." placeholder:"TEXT"`
	actorFlags
}

type modBanCommand struct {
	Target string `arg:"" name:"user" help:"Whom."`
	placeFlags
	sanctionFlags
}

func (*modBanCommand) Help() string {
	return `The user's streams end within a second, on every node, and every call of theirs in the room fails with BANNED until the ban ends. It replaces an earlier ban of theirs in the same place. A room's own ban and one in every room are two: each is lifted where it was applied.

Examples:
  ovation mod ban bob --room demo --for 24h --reason "spam, after two warnings"
  ovation mod ban bob --every-room
  ovation mod ban bob --room demo --role moderator --user ann --json | jq -r .sanctionId`
}

// Run bans.
func (c *modBanCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, c.actorFlags, moderationService.Ban, &ovationv1.BanRequest{
		RoomId: c.Room, UserId: c.Target, Duration: c.For.message(), Reason: c.Reason, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printApplied("banned", response.GetSanction())
}

type modUnbanCommand struct {
	Target string `arg:"" name:"user" help:"Whose."`
	placeFlags
	actorFlags
}

func (*modUnbanCommand) Help() string {
	return `Lifting what is not there changes nothing, and is no failure. A ban in every room is lifted with --every-room.

Example:
  ovation mod unban bob --room demo`
}

// Run lifts the ban.
func (c *modUnbanCommand) Run(ctx context.Context, app *app) error {
	l := lift{ovationv1.SanctionKind_SANCTION_KIND_BAN, "banned in", c.placeFlags, c.actorFlags, c.Target}
	return liftBy(ctx, app, l, moderationService.Unban, &ovationv1.UnbanRequest{RoomId: c.Room, UserId: c.Target})
}

type modMuteCommand struct {
	Target string `arg:"" name:"user" help:"Whom."`
	placeFlags
	sanctionFlags
}

func (*modMuteCommand) Help() string {
	return `The user can still watch, give and play; their messages fail with MUTED. It replaces an earlier mute of theirs in the same place.

Examples:
  ovation mod mute bob --room demo --for 10m --reason "caps lock"
  ovation mod mute bob --every-room --for 7d`
}

// Run mutes.
func (c *modMuteCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, c.actorFlags, moderationService.Mute, &ovationv1.MuteRequest{
		RoomId: c.Room, UserId: c.Target, Duration: c.For.message(), Reason: c.Reason, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printApplied("muted", response.GetSanction())
}

type modUnmuteCommand struct {
	Target string `arg:"" name:"user" help:"Whose."`
	placeFlags
	actorFlags
}

func (*modUnmuteCommand) Help() string {
	return `Lifting what is not there changes nothing, and is no failure. A mute in every room is lifted with --every-room.

Example:
  ovation mod unmute bob --room demo`
}

// Run lifts the mute.
func (c *modUnmuteCommand) Run(ctx context.Context, app *app) error {
	l := lift{ovationv1.SanctionKind_SANCTION_KIND_MUTE, "muted in", c.placeFlags, c.actorFlags, c.Target}
	return liftBy(ctx, app, l, moderationService.Unmute, &ovationv1.UnmuteRequest{RoomId: c.Room, UserId: c.Target})
}

type modMuteRoomCommand struct {
	Room string `arg:"" help:"The room's id."`
	sanctionFlags
}

func (*modMuteRoomCommand) Help() string {
	return `Hosts, moderators, backends and protected users can still send.

Example:
  ovation mod mute-room demo --for 5m --reason "the final is on"`
}

// Run mutes the room.
func (c *modMuteRoomCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, c.actorFlags, moderationService.MuteRoom, &ovationv1.MuteRoomRequest{
		RoomId: c.Room, Duration: c.For.message(), Reason: c.Reason, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printApplied("muted", response.GetSanction())
}

type modUnmuteRoomCommand struct {
	Room string `arg:"" help:"The room's id."`
	actorFlags
}

func (*modUnmuteRoomCommand) Help() string {
	return `Users who are muted themselves stay so.

Example:
  ovation mod unmute-room demo`
}

// Run lifts the mute.
func (c *modUnmuteRoomCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, c.actorFlags, moderationService.UnmuteRoom, &ovationv1.UnmuteRoomRequest{RoomId: c.Room})
	if err != nil {
		return err
	}
	return app.printDone(response, "room %s is not muted any more", c.Room)
}

type modKickCommand struct {
	Target  string `arg:"" name:"user" help:"Whom."`
	Room    string `help:"The room's id." placeholder:"ID" required:""`
	Session string `help:"Only this session; without it all that they have in the room." placeholder:"ID"`
	Reason  string `help:"Why, for the user." placeholder:"TEXT"`
	actorFlags
}

func (*modKickCommand) Help() string {
	return `Their streams end, and no client comes back by itself; the user may. To keep them out, ban them. Kicking one who is not there changes nothing, and is no failure.

Example:
  ovation mod kick bob --room demo --reason "cool down"`
}

// Run kicks.
func (c *modKickCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, c.actorFlags, moderationService.Kick, &ovationv1.KickRequest{
		RoomId: c.Room, UserId: c.Target, SessionId: c.Session, Reason: c.Reason,
	})
	if err != nil {
		return err
	}
	if response.GetSessions() == 0 {
		return app.printDone(response, "%s has no such session in room %s", terminal.ID(c.Target), c.Room)
	}
	return app.printDone(response, "ended %s of %s in room %s",
		figures.Plural(int(response.GetSessions()), "session"), terminal.ID(c.Target), c.Room)
}

// hostFlags say who does what a moderator may not.
type hostFlags struct {
	Role string `help:"Mint the token for this role: ${enum}." enum:"host,backend" default:"backend" placeholder:"ROLE"`
}

type modProtectCommand struct {
	Target string `arg:"" name:"user" help:"Whom."`
	placeFlags
	For    period `help:"For how long, such as 10m, 12h or 7d; without it for good." placeholder:"TIME"`
	Reason string `help:"Why, for people." placeholder:"TEXT"`
	hostFlags
}

func (*modProtectCommand) Help() string {
	return `Their messages ride in WHITELIST, slow mode and room mutes pass them by, and they cannot be banned, muted or kicked. Their ban and mute in the same place are lifted.

Examples:
  ovation mod protect guest --room demo --for 3h --reason "tonight's guest"
  ovation mod protect newsdesk --every-room`
}

// Run protects.
func (c *modProtectCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, actorFlags(c.hostFlags), moderationService.Protect, &ovationv1.ProtectRequest{
		RoomId: c.Room, UserId: c.Target, Duration: c.For.message(), Reason: c.Reason, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printApplied("protected", response.GetSanction())
}

type modUnprotectCommand struct {
	Target string `arg:"" name:"user" help:"Whose."`
	placeFlags
	hostFlags
}

func (*modUnprotectCommand) Help() string {
	return `Ending what is not there changes nothing, and is no failure.

Example:
  ovation mod unprotect guest --room demo`
}

// Run ends the protection.
func (c *modUnprotectCommand) Run(ctx context.Context, app *app) error {
	l := lift{ovationv1.SanctionKind_SANCTION_KIND_PROTECT, "protected in", c.placeFlags, actorFlags(c.hostFlags), c.Target}
	return liftBy(ctx, app, l, moderationService.Unprotect, &ovationv1.UnprotectRequest{RoomId: c.Room, UserId: c.Target})
}
