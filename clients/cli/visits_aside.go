package main

import (
	"context"
	"slices"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type visitsSetAsideCommand struct {
	Room string `help:"Only events of this room." placeholder:"ID"`
}

func (*visitsSetAsideCommand) Help() string {
	return `Lists the events that were not merged, the oldest first: id, when, why, and the event.

Examples:
  ovation visits set-aside
  ovation visits set-aside --room demo --json`
}

// Run lists.
func (c *visitsSetAsideCommand) Run(ctx context.Context, app *app) error {
	return eachAside(ctx, app, c.Room, func(a *ovationv1.SetAsideVisit) error {
		if app.JSON {
			return app.printProto(a)
		}
		return app.print("%s", asideText(a))
	})
}

// eachAside calls do for each event that was set aside.
func eachAside(ctx context.Context, app *app, room string, do func(*ovationv1.SetAsideVisit) error) error {
	return pages(func(token string) (string, error) {
		page, err := callAudience(ctx, app, audienceService.ListSetAsideVisits,
			&ovationv1.ListSetAsideVisitsRequest{RoomId: room, PageSize: 1000, PageToken: token})
		if err != nil {
			return "", err
		}
		return page.GetNextPageToken(), each(page.GetSetAside(), do)
	})
}

// asideText is an event that was set aside, for people.
func asideText(a *ovationv1.SetAsideVisit) string {
	e := a.GetEvent()
	text := a.GetSetAsideId() + "  " + clock(a.GetSetAsideAt()) + "  " + short(a.GetReason(), "SET_ASIDE_REASON_") + "  " +
		terminal.Escape(e.GetUserId()+"/"+e.GetSessionId()) + "/" + figures.Count(e.GetVersion()) + " in " + terminal.Escape(e.GetRoomId()) +
		" at " + clock(e.GetAt())
	if a.GetDetail() != "" {
		text += ": " + terminal.Escape(a.GetDetail())
	}
	return text
}

type visitsReplayCommand struct {
	IDs  []string `arg:"" optional:"" name:"id" help:"Which of them; none: all, or those of --room."`
	Room string   `help:"Those of this room." placeholder:"ID"`
}

func (*visitsReplayCommand) Help() string {
	return `Tries to merge events again that were set aside. Those that still fail are set aside again, under the same id; then the exit code is 1.

Examples:
  ovation visits replay
  ovation visits replay --room demo
  ovation visits replay 00064f0e2a6c1b40mfrgg`
}

// replayAtOnce is how many events one call replays.
const replayAtOnce = 1000

// Run replays and says what became of them.
func (c *visitsReplayCommand) Run(ctx context.Context, app *app) error {
	ids := c.IDs
	if len(ids) == 0 {
		if err := eachAside(ctx, app, c.Room, func(a *ovationv1.SetAsideVisit) error {
			ids = append(ids, a.GetSetAsideId())
			return nil
		}); err != nil {
			return err
		}
	}
	all := &ovationv1.ReplaySetAsideVisitsResponse{}
	for some := range slices.Chunk(ids, replayAtOnce) {
		got, err := callAudience(ctx, app, audienceService.ReplaySetAsideVisits, &ovationv1.ReplaySetAsideVisitsRequest{SetAsideIds: some})
		if err != nil {
			return err
		}
		all.Merged += got.GetMerged()
		all.SetAside = append(all.SetAside, got.GetSetAside()...)
	}
	return c.tell(app, all)
}

// tell prints what became of the events.
func (c *visitsReplayCommand) tell(app *app, all *ovationv1.ReplaySetAsideVisitsResponse) error {
	if app.JSON {
		if err := app.printProto(all); err != nil {
			return err
		}
	} else {
		if err := app.print("%s merged, %s set aside again", figures.Plural(all.GetMerged(), "event"), figures.Count(len(all.GetSetAside()))); err != nil {
			return err
		}
		if err := each(all.GetSetAside(), func(a *ovationv1.SetAsideVisit) error { return app.print("%s", asideText(a)) }); err != nil {
			return err
		}
	}
	if len(all.GetSetAside()) > 0 {
		return errReported
	}
	return nil
}
