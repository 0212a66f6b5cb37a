package replay

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// skippedEmpty is what messages without a text are counted under: the server
// refuses them.
const skippedEmpty = "empty"

// contentType is that of the payloads.
const contentType = "application/json"

// muteReason is what a user who is muted gets to see.
const muteReason = "as in the log"

// shortestMute is the shortest that a mute is made by a fast replay.
const shortestMute = time.Millisecond

// skip says why an entry is not played, "" if it is: its type, or skippedEmpty. Played as
// fast as possible a log takes no time, and its timed mutes none either.
func (o Options) skip(entry chatlog.Entry) string {
	switch entry.Type {
	case chatlog.TypeMessage:
		if entry.Text == "" {
			return skippedEmpty
		}
		return ""
	case chatlog.TypeGift, chatlog.TypeSubscribe, chatlog.TypeRaid:
		return ""
	case chatlog.TypeMute:
		if o.Muter != nil && (o.Speed > 0 || entry.Length == 0) {
			return ""
		}
	}
	return entry.Type
}

// id is an entry's, of the run's name and the line.
func (o Options) id(entry chatlog.Entry) string { return fmt.Sprintf("%s-%d", o.Run, entry.Line) }

// message is the entry as a message to the room, on behalf of its user.
func (o Options) message(entry chatlog.Entry) *ovationv1.SendRequest {
	request := &ovationv1.SendRequest{
		RoomId:          o.Room,
		Kind:            ovationv1.MessageKind_MESSAGE_KIND_TEXT,
		Text:            entry.Text,
		OnBehalfOf:      entry.User,
		OnBehalfOfName:  entry.User,
		ClientMessageId: o.id(entry),
	}
	switch entry.Type {
	case chatlog.TypeGift:
		request.Kind = ovationv1.MessageKind_MESSAGE_KIND_GIFT
	case chatlog.TypeSubscribe, chatlog.TypeRaid:
		request.Kind = ovationv1.MessageKind_MESSAGE_KIND_CUSTOM
	}
	if entry.Details != nil {
		request.Payload, request.ContentType = entry.Details, contentType
	}
	return request
}

// mute is the entry as a mute of its user, which lasts as long as the same time of the
// log takes to play.
func (o Options) mute(entry chatlog.Entry) *ovationv1.MuteRequest {
	request := &ovationv1.MuteRequest{RoomId: o.Room, UserId: entry.User, Reason: muteReason, RequestId: o.id(entry)}
	if entry.Length > 0 {
		length := float64(entry.Length) / o.Speed
		length = min(max(length, float64(shortestMute)), float64(chatlog.LongestMute))
		request.Duration = durationpb.New(time.Duration(length))
	}
	return request
}
