package main

import (
	"context"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/attribute"
)

type attrWatchCommand struct {
	Room string `arg:"" help:"The room's id."`
}

func (*attrWatchCommand) Help() string {
	return `Prints key=value for what is there and for each change, and "key deleted". Where the log of changes does not reach back, all attributes are printed anew.

Examples:
  ovation attr watch demo
  ovation attr watch demo --json | jq -c .attribute`
}

// Run prints changes until it is interrupted or the room ends.
func (c *attrWatchCommand) Run(ctx context.Context, app *app) error {
	var room *ovation.Room
	printAll := func() error { return each(room.Attributes(), app.printAttribute) }
	entered := func(joined *ovation.Room) error {
		room = joined
		return printAll()
	}
	take := func(event ovation.Event) error {
		changed, ok := event.(*ovation.AttributesChanged)
		switch {
		case !ok:
			return nil
		case changed.Reset:
			app.note("all attributes anew")
			return printAll()
		}
		return each(changed.Changes, app.printChange)
	}
	return app.stay(ctx, c.Room, entered, take)
}

// printAttribute prints an attribute as a change that set it.
func (a *app) printAttribute(at attribute.Attribute) error {
	return a.printChange(attribute.Change{Attribute: at})
}

// printChange prints one change.
func (a *app) printChange(change attribute.Change) error {
	message := &ovationv1.AttributeChange{
		Deleted: change.Deleted,
		Attribute: &ovationv1.Attribute{
			Key:           change.Attribute.Key,
			Value:         change.Attribute.Value,
			Timestamp:     int64(change.Attribute.Timestamp),
			OwnerId:       string(change.Attribute.Owner),
			DeleteOnLeave: change.Attribute.DeleteOnLeave,
		},
	}
	if a.JSON {
		return a.printProto(message)
	}
	return a.print("%s", changeLine(message))
}
