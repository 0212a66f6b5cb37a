package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// printRoom prints all about a room.
func (a *app) printRoom(room *ovationv1.Room) error {
	if a.JSON {
		return a.printProto(room)
	}
	table := figures.Table{}
	table.Row("room", "", room.GetRoomId())
	table.Row("title", "", terminal.Escape(room.GetTitle()))
	table.Row("host", "", terminal.ID(room.GetHostId()))
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

// roomLine is the columns of a list of rooms, and roomHeader what they are called.
const roomLine = "%-24s  %-5s  %-23s  %s"

var roomHeader = fmt.Sprintf(roomLine, "ROOM", "STATE", "CREATED", "TITLE")

// printRoomLine prints a room in one line.
func (a *app) printRoomLine(room *ovationv1.Room) error {
	if a.JSON {
		return a.printProto(room)
	}
	return a.print(roomLine, room.GetRoomId(), short(room.GetState(), "ROOM_STATE_"),
		clock(room.GetCreatedAt()), terminal.Escape(room.GetTitle()))
}

// printMember prints a member in one line.
func (a *app) printMember(member *ovationv1.Member) error {
	if a.JSON {
		return a.printProto(member)
	}
	return a.print("%-24s  %-9s  since %s  %s  %s", terminal.ID(member.GetUserId()),
		short(member.GetRole(), prefixRole), clock(member.GetJoinedAt()), figures.Plural(int(member.GetSessions()), "session"), terminal.Escape(member.GetName()))
}
