package ovation

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// The pure log of live/feed, as a server shows it.

func protoCursor(c feed.Cursor) *ovationv1.Cursor {
	return &ovationv1.Cursor{
		Epoch:     string(c.Epoch),
		Whitelist: int64(c.At[0].Timestamp), WhitelistSequence: c.At[0].Sequence,
		High: int64(c.At[1].Timestamp), HighSequence: c.At[1].Sequence,
		Low: int64(c.At[2].Timestamp), LowSequence: c.At[2].Sequence,
	}
}

func feedCursor(c *ovationv1.Cursor) feed.Cursor {
	out := feed.Cursor{Epoch: live.Epoch(c.GetEpoch())}
	for b, p := range placesOf(c) {
		out.At[b] = feed.Place{Timestamp: live.Timestamp(p.timestamp), Sequence: p.sequence}
	}
	return out
}

func protoBatch(b feed.Batch) *ovationv1.Batch {
	out := &ovationv1.Batch{
		Cursor:  protoCursor(b.Cursor),
		Dropped: &ovationv1.Dropped{Whitelist: b.Dropped[0], High: b.Dropped[1], Low: b.Dropped[2]},
		More:    b.More,
		Resync:  b.Resync,
	}
	for _, m := range b.Messages {
		out.Messages = append(out.Messages, &ovationv1.Message{
			Timestamp: int64(m.Timestamp),
			Sequence:  m.Sequence,
			Bucket:    ovationv1.Bucket(m.Bucket + 1),
			Text:      m.Text,

			ClientMessageId: m.ClientMessageID,
		})
	}
	return out
}

// appendTo puts a message into a log.
func appendTo(rings *feed.Rings, clock *live.Clock, now live.Timestamp, bucket feed.Bucket, text string) {
	appendContent(rings, clock, now, bucket, feed.Content{Kind: feed.KindText, Text: text})
}

// appendContent does so with any, and returns the message.
func appendContent(
	rings *feed.Rings, clock *live.Clock, now live.Timestamp, bucket feed.Bucket, content feed.Content,
) *feed.Message {
	m := &feed.Message{
		Timestamp: clock.Next(now),
		Sequence:  rings.Head().At[bucket].Sequence + 1,
		Bucket:    bucket,
		Content:   content,
	}
	rings.Apply(m)
	return m
}
