package wire

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// Payloads encodes the facts of events: each as the message of the contract that it is.
type Payloads struct{}

var _ store.Payloads = Payloads{}

// RoomPayload implements store.Payloads.
func (Payloads) RoomPayload(r room.Room) []byte { return encoded(Room(r)) }

// SanctionPayload implements store.Payloads.
func (Payloads) SanctionPayload(s moderation.Sanction) []byte { return encoded(Sanction(s)) }

// MessagePayload implements store.Payloads.
func (Payloads) MessagePayload(m *feed.Message) []byte { return encoded(Message(m)) }

// encoded encodes the facts of an event.
func encoded(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err) // its texts were validated when they came in
	}
	return b
}

// Event converts an event, whose cursor is said. What is kept of one that a later build has
// recorded may not be known: it comes without its facts then.
func Event(e store.Event, cursor string) (*ovationv1.Event, error) {
	out := &ovationv1.Event{
		EventId:    e.ID,
		Kind:       ovationv1.EventKind(e.Kind),
		RoomId:     string(e.Room),
		Sequence:   uint64(e.Position), //nolint:gosec // positions are from 1
		HappenedAt: int64(e.At),
		RecordedAt: int64(e.Recorded),
		Cursor:     cursor,
	}
	body := facts(out)
	if body == nil {
		return out, nil
	}
	if err := proto.Unmarshal(e.Payload, body); err != nil {
		return nil, fmt.Errorf("wire: the facts of event %q: %w", e.ID, err)
	}
	return out, nil
}

// facts gives an event the facts of its kind, and returns where they are to be decoded into;
// nil if the kind is not known.
func facts(e *ovationv1.Event) proto.Message {
	switch e.GetKind() {
	case ovationv1.EventKind_EVENT_KIND_VISIT_CLOSED:
		body := &ovationv1.Event_Visit{Visit: &ovationv1.Visit{}}
		e.Body = body
		return body.Visit
	case ovationv1.EventKind_EVENT_KIND_GIFT_SETTLED:
		body := &ovationv1.Event_Settlement{Settlement: &ovationv1.GiftSettlement{}}
		e.Body = body
		return body.Settlement
	case ovationv1.EventKind_EVENT_KIND_GOAL_REACHED:
		body := &ovationv1.Event_Goal{Goal: &ovationv1.Goal{}}
		e.Body = body
		return body.Goal
	case ovationv1.EventKind_EVENT_KIND_ROOM_CREATED, ovationv1.EventKind_EVENT_KIND_ROOM_ENDED:
		body := &ovationv1.Event_Room{Room: &ovationv1.Room{}}
		e.Body = body
		return body.Room
	case ovationv1.EventKind_EVENT_KIND_QUIZ_FINISHED:
		body := &ovationv1.Event_Quiz{Quiz: &ovationv1.Quiz{}}
		e.Body = body
		return body.Quiz
	case ovationv1.EventKind_EVENT_KIND_SANCTION_APPLIED, ovationv1.EventKind_EVENT_KIND_SANCTION_LIFTED:
		body := &ovationv1.Event_Sanction{Sanction: &ovationv1.Sanction{}}
		e.Body = body
		return body.Sanction
	case ovationv1.EventKind_EVENT_KIND_MESSAGE_SENT, ovationv1.EventKind_EVENT_KIND_MESSAGE_RECALLED:
		body := &ovationv1.Event_Message{Message: &ovationv1.Message{}}
		e.Body = body
		return body.Message
	case ovationv1.EventKind_EVENT_KIND_UNSPECIFIED:
	}
	return nil
}

// EventJSON encodes an event as JSON, as Connect does.
func EventJSON(e store.Event, cursor string) ([]byte, error) {
	m, err := Event(e, cursor)
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(m)
}

// EventFilter converts a filter whose kinds are all named.
func EventFilter(f store.EventFilter) *ovationv1.EventFilter {
	out := &ovationv1.EventFilter{}
	for _, kind := range f.Kinds {
		out.Kinds = append(out.Kinds, ovationv1.EventKind(kind))
	}
	for _, id := range f.Rooms {
		out.RoomIds = append(out.RoomIds, string(id))
	}
	return out
}
