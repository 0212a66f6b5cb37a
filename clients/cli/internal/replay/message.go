package replay

import (
	"fmt"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// skippedEmpty is what messages without a text are counted under: the server
// refuses them.
const skippedEmpty = "empty"

// contentType is that of the payloads.
const contentType = "application/json"

// message is the entry as a message to the room, on behalf of its user; or why it
// is none: its type, or skippedEmpty. The run's name and the line make its id.
func message(entry chatlog.Entry, room, run string) (*ovationv1.SendRequest, string) {
	request := &ovationv1.SendRequest{
		RoomId:          room,
		Text:            entry.Text,
		OnBehalfOf:      entry.User,
		OnBehalfOfName:  entry.User,
		ClientMessageId: fmt.Sprintf("%s-%d", run, entry.Line),
	}
	switch entry.Type {
	case chatlog.TypeMessage:
		if entry.Text == "" {
			return nil, skippedEmpty
		}
		request.Kind = ovationv1.MessageKind_MESSAGE_KIND_TEXT
		return request, ""
	case chatlog.TypeGift:
		request.Kind = ovationv1.MessageKind_MESSAGE_KIND_GIFT
	case chatlog.TypeSubscribe, chatlog.TypeRaid:
		request.Kind = ovationv1.MessageKind_MESSAGE_KIND_CUSTOM
	default:
		return nil, entry.Type
	}
	request.Payload, request.ContentType = entry.Details, contentType
	return request, ""
}
