package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
)

// attrCommand is the commands about attributes.
type attrCommand struct {
	Get    attrGetCommand    `cmd:"" help:"Print attributes."`
	Set    attrSetCommand    `cmd:"" help:"Set attributes, all of them or none."`
	Delete attrDeleteCommand `cmd:"" help:"Delete attributes, all of them or none."`
	Watch  attrWatchCommand  `cmd:"" help:"Print attributes, then each change as it comes."`
}

type attrGetCommand struct {
	Room string   `arg:"" help:"The room's id."`
	Keys []string `arg:"" optional:"" name:"key" help:"Only these keys."`
}

func (*attrGetCommand) Help() string {
	return `Examples:
  ovation attr get demo
  ovation attr get demo seat:1 seat:2 --json`
}

// Run prints the attributes.
func (c *attrGetCommand) Run(ctx context.Context, app *app) error {
	client, err := app.client(live.RoleViewer)
	if err != nil {
		return err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := client.Attributes().GetAttributes(ctx, &ovationv1.GetAttributesRequest{RoomId: c.Room, Keys: c.Keys})
	if err != nil {
		return err
	}
	c.tellMissing(app, response.GetSnapshot())
	if app.JSON {
		return app.printProto(response.GetSnapshot())
	}
	return each(response.GetSnapshot().GetAttributes(), func(attribute *ovationv1.Attribute) error {
		return app.print("%s", attributeLine(attribute))
	})
}

// tellMissing tells of what was asked for and is not there.
func (c *attrGetCommand) tellMissing(app *app, snapshot *ovationv1.AttributeSnapshot) {
	there := map[string]bool{}
	for _, attribute := range snapshot.GetAttributes() {
		there[attribute.GetKey()] = true
	}
	if len(c.Keys) == 0 && len(there) == 0 {
		app.note("room %s has no attributes", c.Room)
	}
	for _, key := range c.Keys {
		if !there[key] {
			app.note("room %s has no attribute %s", c.Room, terminal.Escape(key))
		}
	}
}

// writeFlags are those of both ways to change attributes.
type writeFlags struct {
	Role        string `help:"Mint the token for this role: ${enum}." enum:"viewer,moderator,host,backend" default:"backend" placeholder:"ROLE"`
	IfTimestamp *int64 `help:"Only if the keys' timestamp is this one; 0: only if they are not there." placeholder:"MICROS"`
}

// update calls UpdateAttributes.
func (f writeFlags) update(ctx context.Context, app *app, room string, updates []*ovationv1.AttributeUpdate) error {
	client, err := app.client(roleOf(f.Role))
	if err != nil {
		return err
	}
	for _, update := range updates {
		update.IfTimestamp = f.IfTimestamp
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	response, err := client.Attributes().UpdateAttributes(ctx, &ovationv1.UpdateAttributesRequest{
		RoomId: room, Updates: updates, RequestId: newID(),
	})
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	return app.print("the attributes are at %s (%d)", clock(response.GetTimestamp()), response.GetTimestamp())
}

type attrSetCommand struct {
	Room          string   `arg:"" help:"The room's id."`
	Pairs         []string `arg:"" name:"key=value" help:"What to set."`
	Own           bool     `help:"Own the keys: other viewers may not change them."`
	DeleteOnLeave bool     `help:"Delete the keys when their owner leaves; needs --own."`
	writeFlags
}

func (*attrSetCommand) Help() string {
	return `Examples:
  ovation attr set demo topic=cooking song="take five"
  ovation attr set demo seat:1=bob --role viewer --user bob --own --delete-on-leave
  ovation attr set demo topic=music --if-timestamp 1767225600000000`
}

// Run sets the attributes.
func (c *attrSetCommand) Run(ctx context.Context, app *app) error {
	updates := make([]*ovationv1.AttributeUpdate, 0, len(c.Pairs))
	for _, pair := range c.Pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return usageError{fmt.Errorf("%q is not of the form key=value", pair)}
		}
		updates = append(updates, &ovationv1.AttributeUpdate{
			Key: key, Value: []byte(value), Own: c.Own, DeleteOnLeave: c.DeleteOnLeave,
		})
	}
	return c.update(ctx, app, c.Room, updates)
}

type attrDeleteCommand struct {
	Room string   `arg:"" help:"The room's id."`
	Keys []string `arg:"" name:"key" help:"What to delete."`
	writeFlags
}

func (*attrDeleteCommand) Help() string {
	return `Example:
  ovation attr delete demo seat:1 seat:2`
}

// Run deletes the attributes.
func (c *attrDeleteCommand) Run(ctx context.Context, app *app) error {
	updates := make([]*ovationv1.AttributeUpdate, 0, len(c.Keys))
	for _, key := range c.Keys {
		updates = append(updates, &ovationv1.AttributeUpdate{Key: key, Delete: true})
	}
	return c.update(ctx, app, c.Room, updates)
}

// attributeLine is an attribute for people.
func attributeLine(attribute *ovationv1.Attribute) string {
	line := terminal.Escape(attribute.GetKey()) + "=" + valueText(attribute.GetValue())
	line += "  (" + strconv.FormatInt(attribute.GetTimestamp(), 10)
	if owner := attribute.GetOwnerId(); owner != "" {
		line += ", owned by " + terminal.Escape(owner)
	}
	if attribute.GetDeleteOnLeave() {
		line += ", goes when they leave"
	}
	return line + ")"
}

// changeLine is a change for people.
func changeLine(change *ovationv1.AttributeChange) string {
	if change.GetDeleted() {
		return fmt.Sprintf("%s deleted  (%d)", terminal.Escape(change.GetAttribute().GetKey()), change.GetAttribute().GetTimestamp())
	}
	return attributeLine(change.GetAttribute())
}

// valueText is a value for people: its text, or base64 of what is none.
func valueText(value []byte) string {
	if utf8.Valid(value) {
		return terminal.Escape(string(value))
	}
	return "base64:" + base64.StdEncoding.EncodeToString(value)
}
