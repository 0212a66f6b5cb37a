package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// What the players of one shard did, or came to, is one run of bytes: there may be tens of
// thousands of them. It begins with the number of the layout. Numbers are varints, texts
// come after their length, and an instant is its distance from the one before it.

// layout is how they are laid out by this build. It changes if the layout does.
const layout = 1

// errPlayers says that what should be of players cannot be read.
var errPlayers = errors.New("record: players: malformed")

// AppendPlayer appends where a player stands, without who it is. It begins with the status.
func AppendPlayer(b []byte, p quiz.Player) []byte {
	b = append(b, byte(p.Status), byte(p.Outcome), byte(p.Option))
	for _, n := range [...]int64{
		int64(p.EnteredAt), int64(p.OutAt), int64(p.Right), int64(p.Excused), int64(p.Used), int64(p.Revives),
		p.Spent, int64(p.Answered), int64(p.Until), int64(p.After), p.Prize,
	} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// Player reads what AppendPlayer wrote.
func Player(b []byte) (quiz.Player, error) {
	r := read(b)
	p := r.player()
	return p, r.end()
}

// AppendPlayers appends players, and who they are.
func AppendPlayers(b []byte, players []quiz.Player) []byte {
	b = binary.AppendUvarint(append(slices.Grow(b, 1+40*len(players)), layout), uint64(len(players)))
	for _, p := range players {
		b = AppendPlayer(appendText(b, string(p.User)), p)
	}
	return b
}

// Players reads what AppendPlayers wrote.
func Players(b []byte) ([]quiz.Player, error) {
	const least = 1 + 3 + 11
	r := read(b)
	players := make([]quiz.Player, 0, r.count(least))
	for range cap(players) {
		user := live.UserID(r.text())
		p := r.player()
		p.User = user
		players = append(players, p)
	}
	return orNil(players), r.end()
}

// reader reads bytes from the front. What is not there reads as nothing, and is told in
// the end. Texts share one copy of the bytes.
type reader struct {
	b    []byte
	all  string
	last live.Timestamp
	bad  bool
}

// player reads where a player stands.
func (r *reader) player() (p quiz.Player) {
	p.Status, p.Outcome, p.Option = quiz.Status(r.byte()), quiz.Outcome(r.byte()), quiz.Option(r.byte())
	p.EnteredAt, p.OutAt = quiz.Number(r.number()), quiz.Number(r.number())
	p.Right, p.Excused, p.Used, p.Revives = r.int(), r.int(), r.int(), r.int()
	p.Spent, p.Answered = r.number(), r.int()
	p.Until, p.After, p.Prize = live.Timestamp(r.number()), quiz.Number(r.number()), r.number()
	return p
}

// What there is of a user, by bits of one byte.
const (
	hasEntered = 1 << iota
	hasDelivered
	hasSession
	hasOption
	hasReceived
	hasStored
	hasRevived
	hasGrants
)

// flags says what there is of a user.
func flags(e *quiz.Evidence) (has byte) {
	for bit, there := range [...]bool{
		e.Entered != 0, e.Delivered != 0, e.Session != "", e.Option != 0,
		e.Received != 0, e.Stored != 0, e.Revived != 0, len(e.Grants) > 0,
	} {
		if there {
			has |= 1 << bit
		}
	}
	return has
}

// AppendEvidence appends what a slot has of its users.
func AppendEvidence(b []byte, evidence []quiz.Evidence) []byte {
	w := writer{b: binary.AppendUvarint(append(slices.Grow(b, 1+64*len(evidence)), layout), uint64(len(evidence)))}
	for i := range evidence {
		w.evidence(&evidence[i])
	}
	return w.b
}

// writer appends instants by their distance from the one before.
type writer struct {
	b    []byte
	last live.Timestamp
}

func (w *writer) instant(t live.Timestamp) {
	w.b = binary.AppendVarint(w.b, int64(t-w.last))
	w.last = t
}

// instantIf appends an instant unless it is 0.
func (w *writer) instantIf(t live.Timestamp) {
	if t != 0 {
		w.instant(t)
	}
}

// evidence appends what there is of one user.
func (w *writer) evidence(e *quiz.Evidence) {
	w.b = append(appendText(w.b, string(e.User)), flags(e))
	w.instantIf(e.Entered)
	w.instantIf(e.Delivered)
	if e.Session != "" {
		w.b = appendText(w.b, string(e.Session))
	}
	if e.Option != 0 {
		w.b = append(w.b, byte(e.Option))
	}
	w.instantIf(e.Received)
	w.instantIf(e.Stored)
	w.instantIf(e.Revived)
	if len(e.Grants) == 0 {
		return
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(e.Grants)))
	for _, g := range e.Grants {
		w.b = appendText(w.b, g.ID)
		w.instant(g.At)
		w.b = binary.AppendVarint(w.b, int64(g.Count))
	}
}

// Evidence reads what AppendEvidence wrote.
func Evidence(b []byte) ([]quiz.Evidence, error) {
	const least = 1 + 1
	r := read(b)
	evidence := make([]quiz.Evidence, 0, r.count(least))
	for range cap(evidence) {
		evidence = append(evidence, r.evidence())
	}
	return orNil(evidence), r.end()
}

// evidence reads what there is of one user.
func (r *reader) evidence() (e quiz.Evidence) {
	e.User = live.UserID(r.text())
	has := r.byte()
	e.Entered, e.Delivered = r.instantIf(has&hasEntered), r.instantIf(has&hasDelivered)
	if has&hasSession != 0 {
		e.Session = live.SessionID(r.text())
	}
	if has&hasOption != 0 {
		e.Option = quiz.Option(r.byte())
	}
	e.Received, e.Stored = r.instantIf(has&hasReceived), r.instantIf(has&hasStored)
	e.Revived = r.instantIf(has & hasRevived)
	if has&hasGrants == 0 {
		return e
	}
	const least = 1 + 1 + 1
	for range r.size(least) {
		e.Grants = append(e.Grants, quiz.Grant{ID: r.text(), At: r.instant(), Count: r.int()})
	}
	return e
}

// appendText appends a text after its length.
func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// orNil returns nil for what is empty.
func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// read returns a reader of bytes that it shares nothing with.
func read(b []byte) *reader { return &reader{b: b, all: string(b)} }

// fail notes that something was not there.
func (r *reader) fail() { r.b, r.bad = nil, true }

// byte returns the next byte.
func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail()
		return 0
	}
	next := r.b[0]
	r.b = r.b[1:]
	return next
}

// number returns the next number.
func (r *reader) number() int64 {
	n, length := binary.Varint(r.b)
	if length <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[length:]
	return n
}

// int returns the next number as one of few.
func (r *reader) int() int { return int(r.number()) }

// size returns how many things follow, each of so many bytes at least.
func (r *reader) size(least int) int {
	n, length := binary.Uvarint(r.b)
	if length <= 0 || n > uint64(len(r.b)-length)/uint64(least) { //nolint:gosec // lengths are not negative
		r.fail()
		return 0
	}
	r.b = r.b[length:]
	return int(n) //nolint:gosec // not more than there are bytes
}

// count reads the layout, and how many things follow in it.
func (r *reader) count(least int) int {
	if r.byte() != layout {
		r.fail()
		return 0
	}
	return r.size(least)
}

// text returns the next text.
func (r *reader) text() string {
	n := r.size(1)
	at := len(r.all) - len(r.b)
	if r.bad {
		return ""
	}
	r.b = r.b[n:]
	return r.all[at : at+n]
}

// instant returns the next instant.
func (r *reader) instant() live.Timestamp {
	r.last += live.Timestamp(r.number())
	return r.last
}

// instantIf returns the next instant if there is one, which flags say.
func (r *reader) instantIf(there byte) live.Timestamp {
	if there == 0 {
		return 0
	}
	return r.instant()
}

// end says whether something was not there, or something is left.
func (r *reader) end() error {
	if r.bad || len(r.b) > 0 {
		return fmt.Errorf("%w at byte %d of %d", errPlayers, len(r.all)-len(r.b), len(r.all))
	}
	return nil
}
