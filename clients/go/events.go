package ovation

import (
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// Event is something that happened in a room, or to the connection with it: one of
// the pointer types below. Ignore those that you don't know. Events are shared:
// read only.
type Event interface{ event() }

// Messages is a run of messages.
type Messages struct {
	// Messages are in order within each bucket: WHITELIST first, then HIGH, then
	// LOW. There may be none: then only what follows is new.
	Messages []*ovationv1.Message
	// Dropped is what the server had no longer, per bucket.
	Dropped Dropped
	// Unexplained is how many messages are missing that the server did not count as
	// dropped. It should be zero always.
	Unexplained uint64
	// Resync: the log could not be continued. Forget what you deduced from the
	// messages before; these are the latest.
	Resync bool
	// Cursor is the place after these messages; hand it to WithCursor to go on
	// there another time.
	Cursor *ovationv1.Cursor

	entered bool // the log goes on in another epoch, from the same place
}

// moved says whether they bring the reader on: messages, or word of some that are missing.
func (m *Messages) moved() bool {
	return len(m.Messages) > 0 || m.Dropped.Total() > 0 || m.Unexplained > 0
}

// Dropped counts messages that were lost on the way to a reader, per bucket.
type Dropped struct{ Whitelist, High, Low uint64 }

// Total is the sum over all buckets.
func (d Dropped) Total() uint64 { return d.Whitelist + d.High + d.Low }

// AttributesChanged says that the room's attributes are not what they were.
type AttributesChanged struct {
	// Changes is what changed, in order. With Reset it is empty.
	Changes []attribute.Change
	// Reset: the map was replaced as a whole; Room.Attributes has it.
	Reset bool
	// Timestamp is where the map stands.
	Timestamp live.Timestamp
}

// RoomUpdated carries the room after a change of title, labels, settings or state.
type RoomUpdated struct{ Room *ovationv1.Room }

// OnlineChanged says how many are in the room now.
type OnlineChanged struct{ Users, Sessions int64 }

// GiftsChanged carries the room's gift totals and goals.
type GiftsChanged struct{ Gifts *ovationv1.GiftCounters }

// QuizFrame carries a frame of a quiz that is to be shown now: see Room.VideoAt. Every
// frame comes once, and is acknowledged by then.
type QuizFrame struct {
	Frame *ovationv1.QuizFrame
	// Overdue: the video has not come to it, and it is shown all the same.
	Overdue bool
}

// Connected says that events flow.
type Connected struct {
	// SessionID is the session; another than before if that could not be resumed.
	SessionID string
	// Delivery is how messages come for now.
	Delivery ovationv1.Delivery
	// Polling: no stream comes through, messages are polled for. A stream is tried
	// again from time to time; another Connected tells of it.
	Polling bool
}

// Reconnecting says that the connection is gone and will be tried again.
type Reconnecting struct {
	// Attempt counts the tries since it last held, from 1.
	Attempt int
	// After is when.
	After time.Duration
	// Cause is why.
	Cause error
}

func (*Messages) event()          {}
func (*AttributesChanged) event() {}
func (*RoomUpdated) event()       {}
func (*OnlineChanged) event()     {}
func (*GiftsChanged) event()      {}
func (*QuizFrame) event()         {}
func (*Connected) event()         {}
func (*Reconnecting) event()      {}
