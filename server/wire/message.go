package wire

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// Bucket converts a bucket.
func Bucket(b feed.Bucket) ovationv1.Bucket { return ovationv1.Bucket(b) + 1 }

// BucketFrom converts a bucket that is not UNSPECIFIED.
func BucketFrom(b ovationv1.Bucket) feed.Bucket { return feed.Bucket(b - 1) } //nolint:gosec // validated: 1-3

// Kind converts a kind.
func Kind(k feed.Kind) ovationv1.MessageKind { return ovationv1.MessageKind(k) }

// KindFrom converts a kind; UNSPECIFIED becomes KindAny.
func KindFrom(k ovationv1.MessageKind) feed.Kind { return feed.Kind(k) } //nolint:gosec // validated: defined only

// Message converts a message.
func Message(m *feed.Message) *ovationv1.Message {
	return &ovationv1.Message{
		Timestamp:       int64(m.Timestamp),
		Sequence:        m.Sequence,
		Bucket:          Bucket(m.Bucket),
		Kind:            Kind(m.Kind),
		SenderId:        string(m.Sender),
		SenderName:      m.SenderName,
		Text:            m.Text,
		Payload:         m.Payload,
		ContentType:     m.ContentType,
		Style:           style(m.Style),
		ClientMessageId: m.ClientMessageID,
		Recalls:         int64(m.Recalls),
		Recalled:        m.Recalled,
		OriginRoomId:    string(m.Origin),
	}
}

// Messages converts messages.
func Messages(ms []*feed.Message) []*ovationv1.Message {
	out := make([]*ovationv1.Message, len(ms))
	for i, m := range ms {
		out[i] = Message(m)
	}
	return out
}

func style(s feed.Style) *ovationv1.Style {
	if s == (feed.Style{}) {
		return nil
	}
	return &ovationv1.Style{
		Colour:   s.Colour,
		Size:     s.Size,
		Position: ovationv1.Style_Position(s.Position),
		Effect:   s.Effect,
	}
}

// Content converts what a request wants said; who says it is left open.
func Content(r *ovationv1.SendRequest) feed.Content {
	return feed.Content{
		Kind:        max(KindFrom(r.GetKind()), feed.KindText),
		Text:        r.GetText(),
		Payload:     r.GetPayload(),
		ContentType: r.GetContentType(),
		Style: feed.Style{
			Colour:   r.GetStyle().GetColour(),
			Size:     r.GetStyle().GetSize(),
			Position: feed.Position(r.GetStyle().GetPosition()), //nolint:gosec // validated: defined only
			Effect:   r.GetStyle().GetEffect(),
		},
		ClientMessageID: r.GetClientMessageId(),
	}
}

// Cursor converts a cursor.
func Cursor(c feed.Cursor) *ovationv1.Cursor {
	w, h, l := c.At[feed.Whitelist], c.At[feed.High], c.At[feed.Low]
	return &ovationv1.Cursor{
		Epoch:             string(c.Epoch),
		Whitelist:         int64(w.Timestamp),
		High:              int64(h.Timestamp),
		Low:               int64(l.Timestamp),
		WhitelistSequence: w.Sequence,
		HighSequence:      h.Sequence,
		LowSequence:       l.Sequence,
	}
}

// CursorFrom converts a cursor; nil is the empty one.
func CursorFrom(c *ovationv1.Cursor) feed.Cursor {
	return feed.Cursor{
		Epoch: live.Epoch(c.GetEpoch()),
		At: [feed.Buckets]feed.Place{
			feed.Whitelist: {Timestamp: live.Timestamp(c.GetWhitelist()), Sequence: c.GetWhitelistSequence()},
			feed.High:      {Timestamp: live.Timestamp(c.GetHigh()), Sequence: c.GetHighSequence()},
			feed.Low:       {Timestamp: live.Timestamp(c.GetLow()), Sequence: c.GetLowSequence()},
		},
	}
}

// Heads converts heads.
func Heads(h feed.Heads) *ovationv1.Heads {
	return &ovationv1.Heads{
		Cursor:              Cursor(h.Cursor),
		AttributesTimestamp: int64(h.Attributes),
		RoomRevision:        h.Revision,
	}
}

// Batch converts a batch.
func Batch(b feed.Batch) *ovationv1.Batch {
	return &ovationv1.Batch{
		Messages: Messages(b.Messages),
		Cursor:   Cursor(b.Cursor),
		Dropped: &ovationv1.Dropped{
			Whitelist: b.Dropped[feed.Whitelist],
			High:      b.Dropped[feed.High],
			Low:       b.Dropped[feed.Low],
		},
		More:   b.More,
		Resync: b.Resync,
	}
}
