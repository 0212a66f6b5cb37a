package store

import (
	"context"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Consumers is who reads events, and how far each is. A consumer reads by a stream, or has a
// webhook (Webhooks); there is one stream, or one node that sends, at a time: its owner.
type Consumers interface {
	// OpenConsumer makes someone the owner of a consumer for a lease, whoever was before, and
	// keeps the filter: from then on what it names is recorded. A name that is new becomes a
	// consumer that begins at start. ErrConsumerConflict where it has a webhook.
	OpenConsumer(ctx context.Context, o ConsumerOpening) (EventConsumer, error)
	// KeepConsumer gives the owner another lease, and acknowledges, if passed is later than
	// where the consumer is, all up to that. ErrConsumerReplaced to whoever is not the owner.
	KeepConsumer(ctx context.Context, name, owner string, lease time.Duration, passed EventPosition) (EventConsumer, error)
	// CloseConsumer ends an owner's lease. To whoever is not the owner it does nothing.
	CloseConsumer(ctx context.Context, name, owner string) error
	// EventConsumer returns a consumer. ErrConsumerNotFound.
	EventConsumer(ctx context.Context, name string) (EventConsumer, error)
	// EventConsumers returns consumers with names after one, by name; fewer than the limit
	// only where there are no more.
	EventConsumers(ctx context.Context, after string, limit int) ([]EventConsumer, error)
	// AcknowledgeEvents says that a consumer is done with the events up to a position, which
	// changes nothing if it is further; a webhook's are not sent then. ErrConsumerNotFound,
	// ErrEventPosition.
	AcknowledgeEvents(ctx context.Context, name string, upTo EventPosition) (EventConsumer, error)
	// DeleteConsumer forgets a consumer and all that belongs to it. It may not be there.
	DeleteConsumer(ctx context.Context, name string) error
}

// EventStart is where a consumer begins that is new.
type EventStart uint8

// The starts.
const (
	StartLatest   EventStart = iota // with what is recorded from then on
	StartEarliest                   // with the oldest event that is kept
)

// ConsumerOpening is a stream that begins.
type ConsumerOpening struct {
	Name  string
	Owner string // no other has it
	Lease time.Duration
	EventFilter
	Start EventStart
}

// EventConsumer is a consumer, and how far it is.
type EventConsumer struct {
	Name         string
	Acknowledged EventPosition  // up to here it is done
	Latest       EventPosition  // no event is after this
	Lag          int64          // events that are kept after Acknowledged, of any room and kind
	Oldest       live.Timestamp // when the first of those was recorded; 0: there is none
	Dropped      int64          // events that were pruned before it was done with them
	Active       bool           // it has an owner, or a webhook that is not paused
	Held         int            // events that its webhook has not taken, or must not be sent yet
	Dead         int            // its dead letters
	Webhook      *Webhook       // without its secret; nil: it streams
}

// Webhooks is where events are sent to. What could not be sent, and what must wait for it, is
// held apart from all other events, which go on; in the end it is a dead letter.
//
// A webhook's revision changes with everything that others do to it, and with its
// owner: whoever owns it begins anew then, from what is kept.
type Webhooks interface {
	// PutWebhook makes a consumer one with this webhook, or changes that; without a secret it
	// keeps the one that it has. A name that is new begins at start. ErrConsumerConflict
	// where it streams, ErrNoSecret where there is none to keep.
	PutWebhook(ctx context.Context, name string, w Webhook, start EventStart) (EventConsumer, error)
	// ClaimWebhooks makes a node the owner of webhooks that nobody owns and that are not
	// paused: of at most limit at once. It returns all that the node owns, with another lease.
	ClaimWebhooks(ctx context.Context, node NodeID, limit int, lease time.Duration) ([]ClaimedWebhook, error)
	// HeldDeliveries returns what is held of a webhook, by position.
	HeldDeliveries(ctx context.Context, name string) ([]Delivery, error)
	// SettleDeliveries writes what became of deliveries, all or none. ErrConsumerReplaced
	// where the webhook is not the node's any more, or of another revision.
	SettleDeliveries(ctx context.Context, s Settlement) error
	// DeadLetters returns dead letters after one, the oldest first, of one consumer or (empty)
	// all; fewer than the limit only where there are no more.
	DeadLetters(ctx context.Context, consumer string, after int64, limit int) ([]DeadLetter, error)
	// RetryDeadLetters has those of some ids that are dead letters sent again, and returns how
	// many that are.
	RetryDeadLetters(ctx context.Context, ids []int64) (int, error)
	// PruneDeadLetters deletes the oldest dead letters of each consumer that has more than keep,
	// at most limit, and returns how many that were.
	PruneDeadLetters(ctx context.Context, keep, limit int) (int, error)
}

// Webhook is where to send events, and which.
type Webhook struct {
	URL    string
	Secret string
	EventFilter
	Timeout     time.Duration // how long to wait for an answer
	GiveUpAfter time.Duration // how long to repeat
	Paused      bool
}

// ClaimedWebhook is a webhook that a node owns.
type ClaimedWebhook struct {
	Name     string
	Revision int64
	Read     EventPosition // up to here every event was sent, is held, or was not asked for
	Webhook  Webhook
}

// Delivery is an event that is held.
type Delivery struct {
	Event      Event
	Again      bool // it was a dead letter: nothing waits for it
	Attempts   int
	First      live.Timestamp // of the first attempt; 0: there was none
	Due        live.Timestamp // of the next
	LastStatus int            // 0: there was no answer
	LastError  string
}

// Settlement is what became of deliveries of a webhook.
type Settlement struct {
	Name     string
	Node     NodeID
	Revision int64
	Read     EventPosition   // as far as it was read now; never beyond the latest event
	Held     []Delivery      // that are held from now on, or changed
	Done     []EventPosition // that were held, and are not any more
	Dead     []Delivery      // that are dead letters now
}

// DeadLetter is an event that a webhook did not take. ID counts all dead letters.
type DeadLetter struct {
	ID       int64
	Consumer string
	Delivery
	GivenUp live.Timestamp
}

// Names says whether a filter names a kind.
func (f EventFilter) Names(k EventKind) bool { return slices.Contains(f.Kinds, k) }

// OfRoom says whether a filter asks for events of a room.
func (f EventFilter) OfRoom(id live.RoomID) bool {
	return len(f.Rooms) == 0 || slices.Contains(f.Rooms, id)
}

// Asks says whether a filter asks for an event.
func (f EventFilter) Asks(e Event) bool {
	return f.OfRoom(e.Room) && (len(f.Kinds) == 0 || f.Names(e.Kind))
}
