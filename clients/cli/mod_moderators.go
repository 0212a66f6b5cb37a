package main

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type modAddCommand struct {
	Target string `arg:"" name:"user" help:"Whom."`
	placeFlags
	For    period `help:"For how long, such as 10m, 12h or 7d; without it for good." placeholder:"TIME"`
	Reason string `help:"Why, for people." placeholder:"TEXT"`
	hostFlags
}

func (*modAddCommand) Help() string {
	return `Within a second they may do there what a token of role moderator allows, and their streams go on. It protects them from moderators alone: the host can still mute, kick and ban them. One who is banned must be unbanned first.

Examples:
  ovation mod add ann --room demo
  ovation mod add ann --room demo --for 3h --reason "tonight's show"
  ovation mod add patrol --every-room`
}

// Run appoints.
func (c *modAddCommand) Run(ctx context.Context, app *app) error {
	response, err := callModeration(ctx, app, actorFlags(c.hostFlags), moderationService.AddModerator, &ovationv1.AddModeratorRequest{
		RoomId: c.Room, UserId: c.Target, Duration: c.For.message(), Reason: c.Reason, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	return app.printApplied("made a moderator of", response.GetSanction())
}

type modRemoveCommand struct {
	Target string `arg:"" name:"user" help:"Whose."`
	placeFlags
	hostFlags
}

func (*modRemoveCommand) Help() string {
	return `What they did stays. One whose token says moderator is one all the same: that is for who mints it. Ending what is not there changes nothing, and is no failure.

Example:
  ovation mod remove ann --room demo`
}

// Run ends the appointment.
func (c *modRemoveCommand) Run(ctx context.Context, app *app) error {
	l := lift{ovationv1.SanctionKind_SANCTION_KIND_APPOINT, "an appointed moderator of", c.placeFlags, actorFlags(c.hostFlags), c.Target}
	return liftBy(ctx, app, l, moderationService.RemoveModerator, &ovationv1.RemoveModeratorRequest{RoomId: c.Room, UserId: c.Target})
}

type modListCommand struct {
	Room string `help:"Those of this room: its own and those of every room; without it all there are, as a backend." placeholder:"ID"`
	Past bool   `help:"With those who are not any more."`
	actorFlags
}

func (*modListCommand) Help() string {
	return `Who is a moderator by token alone is not known to the server, and not listed.

Examples:
  ovation mod list --room demo
  ovation mod list --room demo --json | jq -r .userId`
}

// Run lists all pages.
func (c *modListCommand) Run(ctx context.Context, app *app) error {
	return listSanctions(ctx, app, c.actorFlags, &ovationv1.ListSanctionsRequest{
		RoomId: c.Room, WithPast: c.Past, PageSize: pageSize,
		Kinds: []ovationv1.SanctionKind{ovationv1.SanctionKind_SANCTION_KIND_APPOINT},
	}, "nobody was appointed")
}
