package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/gift"
	"github.com/ovation-live/ovation/live/room"
)

// Welcome is what a stream begins with.
type Welcome struct {
	Session   live.SessionID
	Heartbeat time.Duration
	Heads     feed.Heads
	Inline    bool
	Resync    bool
	Room      room.Room
	Online    room.Online
	Gifts     gift.Counters
	Now       live.Timestamp
	Quiz      []*QuizFrame // still to be shown
}

// Frame returns the frame.
func (w Welcome) Frame() *Frame {
	return newFrame(KindWelcome, func() *ovationv1.SubscribeResponse {
		delivery := ovationv1.Delivery_DELIVERY_NOTIFY
		if w.Inline {
			delivery = ovationv1.Delivery_DELIVERY_INLINE
		}
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Welcome{Welcome: &ovationv1.Welcome{
			SessionId:         string(w.Session),
			HeartbeatInterval: durationpb.New(w.Heartbeat),
			Heads:             Heads(w.Heads),
			Delivery:          delivery,
			Resync:            w.Resync,
			Room:              Room(w.Room),
			Online:            Online(w.Online),
			ServerAt:          int64(w.Now),
			QuizFrames:        QuizFrames(w.Quiz),
			GiftCounters:      GiftCounters(w.Gifts),
		}}}
	})
}

// NotifyFrame says what is new.
func NotifyFrame(h feed.Heads, messages, attributes bool) *Frame {
	return newFrame(KindNotify, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Notify{Notify: &ovationv1.Notify{
			Heads:      Heads(h),
			Messages:   messages,
			Attributes: attributes,
		}}}
	})
}

// BatchFrame carries messages and, if there are any, attribute changes.
func BatchFrame(b feed.Batch, changes *attribute.Changes, h feed.Heads) *Frame {
	return newFrame(KindBatch, func() *ovationv1.SubscribeResponse {
		batch := &ovationv1.InlineBatch{Batch: Batch(b), Heads: Heads(h)}
		if changes != nil {
			batch.Attributes = AttributeChanges(*changes)
		}
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Batch{Batch: batch}}
	})
}

// HeartbeatFrame says that the stream is alive.
func HeartbeatFrame(h feed.Heads, now live.Timestamp) *Frame {
	return newFrame(KindHeartbeat, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Heartbeat{
			Heartbeat: &ovationv1.Heartbeat{Heads: Heads(h), ServerAt: int64(now)},
		}}
	})
}

// CountersFrame says how many are there, and what was given; nil: that has not changed.
// Where it is not known how many are there, nothing is said of it.
func CountersFrame(o room.Online, given *gift.Counters) *Frame {
	var gifts gift.Counters
	if given != nil {
		gifts = *given
	}
	return newFrame(KindControl, func() *ovationv1.SubscribeResponse {
		c := new(ovationv1.Counters)
		if o != (room.Online{}) || given == nil {
			c.Online = Online(o)
		}
		if given != nil {
			c.Gifts = GiftCounters(gifts)
		}
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Counters{Counters: c}}
	})
}

// RoomUpdatedFrame carries the room as it is now.
func RoomUpdatedFrame(r room.Room) *Frame {
	return newFrame(KindControl, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_RoomUpdated{
			RoomUpdated: &ovationv1.RoomUpdated{Room: Room(r)},
		}}
	})
}

// RoomEndedFrame is the last of a room that is over.
func RoomEndedFrame(at live.Timestamp) *Frame {
	return newFrame(KindLast, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_RoomEnded{
			RoomEnded: &ovationv1.RoomEnded{EndedAt: int64(at)},
		}}
	})
}

// KickReason says why a session ended.
type KickReason = ovationv1.KickReason

// The reasons for which the server ends a session.
const (
	Offline      = ovationv1.KickReason_KICK_REASON_OFFLINE
	Replaced     = ovationv1.KickReason_KICK_REASON_REPLACED
	Left         = ovationv1.KickReason_KICK_REASON_LEFT
	Moderated    = ovationv1.KickReason_KICK_REASON_MODERATED
	Banned       = ovationv1.KickReason_KICK_REASON_BANNED
	TokenExpired = ovationv1.KickReason_KICK_REASON_TOKEN_EXPIRED
)

// KickedFrame is the last of a session that is over.
func KickedFrame(reason KickReason) *Frame { return DepartedFrame(reason, "") }

// DepartedFrame is KickedFrame with words for people; empty: those of the reason.
func DepartedFrame(reason KickReason, message string) *Frame {
	if message == "" {
		message = kickText[reason]
	}
	return newFrame(KindLast, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Kicked{Kicked: &ovationv1.Kicked{
			Reason:       reason,
			Message:      message,
			MayReconnect: reason == Offline || reason == TokenExpired,
		}}}
	})
}

// kickText says the reasons to people.
var kickText = map[KickReason]string{
	Offline:      "notified, and did not pull for too long; reconnect when somebody is watching",
	Replaced:     "the session's stream was opened again elsewhere",
	Left:         "the session was left",
	Moderated:    "a moderator ended the session",
	Banned:       "banned from the room",
	TokenExpired: "the token has expired; renew it and reconnect",
}

// DrainFrame is the last of a node that drains: come back at a random moment between
// after and after + jitter, to the endpoint, or where there is none, the way you came.
func DrainFrame(after, jitter time.Duration, endpoint string) *Frame {
	return reconnectFrame(ovationv1.ReconnectReason_RECONNECT_REASON_DRAIN, after, jitter, endpoint)
}

// MoveFrame is the last of a stream whose room has its place on another node.
func MoveFrame(after, jitter time.Duration, endpoint string) *Frame {
	return reconnectFrame(ovationv1.ReconnectReason_RECONNECT_REASON_MOVE, after, jitter, endpoint)
}

// LostFrame is the last of a stream whose session the store has lost: come back with
// another, at a random moment within jitter.
func LostFrame(jitter time.Duration) *Frame {
	return reconnectFrame(ovationv1.ReconnectReason_RECONNECT_REASON_UNSPECIFIED, 0, jitter, "")
}

func reconnectFrame(why ovationv1.ReconnectReason, after, jitter time.Duration, endpoint string) *Frame {
	return newFrame(KindLast, func() *ovationv1.SubscribeResponse {
		return &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Reconnect{
			Reconnect: &ovationv1.Reconnect{
				After:    durationpb.New(after),
				Jitter:   durationpb.New(jitter),
				Reason:   why,
				Endpoint: endpoint,
			},
		}}
	})
}
