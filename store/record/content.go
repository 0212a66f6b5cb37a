package record

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/ovation-live/ovation/gen/go/ovation/store/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// AppendContent appends the encoding of a content to b and says how long its first part
// is: what is left of a message that is recalled. The first part alone is an encoding
// too.
func AppendContent(b []byte, c feed.Content) (all []byte, kept int, err error) {
	begun := len(b)
	b, err = proto.MarshalOptions{}.MarshalAppend(b, &storev1.Content{
		Kind:            uint32(c.Kind),
		Sender:          string(c.Sender),
		SenderName:      c.SenderName,
		ClientMessageId: c.ClientMessageID,
		Origin:          string(c.Origin),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("record: content: %w", err)
	}
	kept = len(b) - begun
	b, err = proto.MarshalOptions{}.MarshalAppend(b, &storev1.Content{
		Text:        c.Text,
		Payload:     c.Payload,
		ContentType: c.ContentType,
		Colour:      c.Style.Colour,
		Size:        c.Style.Size,
		Position:    uint32(c.Style.Position),
		Effect:      c.Style.Effect,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("record: content: %w", err)
	}
	return b, kept, nil
}

// Content reads what AppendContent wrote. It shares nothing with b.
func Content(b []byte) (feed.Content, error) {
	var c storev1.Content
	if err := proto.Unmarshal(b, &c); err != nil {
		return feed.Content{}, fmt.Errorf("record: content: %w", err)
	}
	return feed.Content{
		Kind:        feed.Kind(c.GetKind()), //nolint:gosec // as it was written
		Sender:      live.UserID(c.GetSender()),
		SenderName:  c.GetSenderName(),
		Text:        c.GetText(),
		Payload:     c.GetPayload(),
		ContentType: c.GetContentType(),
		Style: feed.Style{
			Colour:   c.GetColour(),
			Size:     c.GetSize(),
			Position: feed.Position(c.GetPosition()), //nolint:gosec // as it was written
			Effect:   c.GetEffect(),
		},
		ClientMessageID: c.GetClientMessageId(),
		Origin:          live.RoomID(c.GetOrigin()),
	}, nil
}
