// Package visit is the rules of visits: who was in a room from when to when, whatever order
// their comings and goings are told in, and however often.
//
// What is known of a visit is a Stay: the bounds of every instant that was told of its enter
// and of its exit. Stays of one visit are put together by Join, which is commutative,
// associative and idempotent, so the same events always come to the same stays; no lock and no
// order is needed for that. All else follows from the stays of one user in one room and the
// end of the room: the visits as they are shown (Visits), how long they are together (Watched),
// and what they add to the room's figures (Figures). What an event changes is the figures after
// it less those before.
package visit

import "github.com/ovation-live/ovation/live"

// Version counts a session's enters and exits in a room: odd versions enter, even ones exit.
// An exit belongs to the enter one before it.
type Version int64

// Event is one enter or exit, or the last that was seen of a session.
type Event struct {
	Room    live.RoomID
	User    live.UserID
	Session live.SessionID
	Version Version
	At      live.Timestamp
	// Inferred, of an exit, says that nobody left as far as is known: At is the last sign of
	// life. A true exit that comes, whenever, counts instead.
	Inferred bool
}

// Key names a visit of a user in a room.
type Key struct {
	Session live.SessionID
	Version Version // of its enter
}

// Stay is what is known of a visit. What was not told is 0.
type Stay struct {
	Key
	Entered, EnteredLast live.Timestamp // the earliest and the latest that was told
	ExitedFirst, Exited  live.Timestamp // the same
	Seen                 live.Timestamp // the latest sign of life of an inferred exit
}

// Anomaly is what is wrong with a visit. The numbers are those of the API.
type Anomaly uint8

// The anomalies.
const (
	None Anomaly = iota
	ExitBeforeEnter
	ExitWithoutEnter
	Conflicting
)

// Visit is a visit as it is shown.
type Visit struct {
	Room live.RoomID
	User live.UserID
	Key
	Entered  live.Timestamp // 0: not told
	Exited   live.Timestamp // 0: it is open; never later than the room's end
	Inferred bool           // Exited was not told
	Anomaly  Anomaly
}

// SetAside is why an event was not merged. The numbers are those of the API.
type SetAside uint8

// The reasons.
const (
	Malformed SetAside = iota + 1
	RoomNotFound
	InFuture
	TooOld
	MergeFailed
	TooMany
)

// MaxVisits is how many visits a user has in a room at most. All of them are looked at whenever
// one comes, so that watch time counts no moment twice; who has more is several users.
const MaxVisits = 250_000

// details say to people what the reasons are.
var details = [...]string{
	Malformed:    "a field is missing, or is not what it may be",
	RoomNotFound: "there is no such room",
	InFuture:     "at is more than 5 min in the future: is it in microseconds?",
	TooOld:       "the room's visits are kept no longer",
	TooMany:      "the user has 250,000 visits to the room, more than are kept: are several users reported as one?",
	MergeFailed:  "merging it failed: its reason is in the server's log",
}

// Detail says to people what the reason is, where nothing more is known. It is never empty.
func (r SetAside) Detail() string {
	if int(r) >= len(details) || details[r] == "" {
		return "for a reason that this server does not know"
	}
	return details[r]
}

// Span is a time in microseconds. It goes further than a time.Duration, whose 292 years a
// million users have watched within three hours.
type Span int64

// Watch is how long someone watched, or several.
type Watch struct {
	Total     Span // the union of each user's visits, added up over users and rooms
	Visits    int64
	Users     int64
	Open      int64
	Inferred  int64
	Anomalies int64
	First     live.Timestamp // when the first began; 0: there is none
	Last      live.Timestamp // when the last ended; one that is open goes on until now, or the end of the span
	Days      []Day
}

// Day is the watch time of one day.
type Day struct {
	Date   string // 2026-01-31
	Total  Span
	Visits int64 // that touch it
}

// Minute is one minute of a room's curve.
type Minute struct {
	At            live.Timestamp // its beginning
	Enters, Exits int64
	Online        int64 // at its end
	Peak          int64 // the most at once in it: who left as it began was not in it
}

// Attendance is a room's figures.
type Attendance struct {
	Peak      int64
	PeakAt    live.Timestamp
	Unique    int64
	Visits    int64
	Total     Span
	Curve     []Minute
	Retention []int64 // users who watched for so many whole minutes at least, from 0 on, up to MaxLength
	AsOf      live.Timestamp
}
