package quiz

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// ErrTicket says that a ticket is not one of ours, or not for this answer.
var ErrTicket = errors.New("quiz: the ticket is not for this answer")

// BusyError says that an answer was not taken, for there is too much to do: with the ticket
// it counts as received now.
type BusyError struct {
	Ticket string
	After  time.Duration
}

// Error implements error.
func (e *BusyError) Error() string {
	return fmt.Sprintf("quiz: too much to do, the answer may be repeated in %v", e.After)
}

// Retry returns when to come again.
func (e *BusyError) Retry() time.Duration { return e.After }

// answered is what a ticket is for.
type answered struct {
	ref      quiz.Ref
	question quiz.Number
	user     live.UserID
	option   quiz.Option
}

// tickets signs when answers were received. A ticket has that instant alone, and a
// signature of that and of what it is for.
type tickets struct{ key []byte }

// The parts of a ticket.
const (
	ticketVersion   = 1
	ticketStampEnd  = 1 + 8
	ticketSignBytes = 16
	ticketBytes     = ticketStampEnd + ticketSignBytes
)

// newTickets returns tickets by a key that was made for more than them.
func newTickets(key []byte) tickets {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("ovation quiz tickets"))
	return tickets{mac.Sum(nil)}
}

// issue returns the ticket of an answer that was received at an instant.
func (t tickets) issue(a answered, received live.Timestamp) string {
	raw := make([]byte, ticketStampEnd, ticketBytes)
	raw[0] = ticketVersion
	binary.BigEndian.PutUint64(raw[1:], uint64(received)) //nolint:gosec // read back as it was
	return base64.RawURLEncoding.EncodeToString(append(raw, t.sign(raw, a)...))
}

// received returns when an answer was received, by its ticket. ErrTicket.
func (t tickets) received(a answered, ticket string) (live.Timestamp, error) {
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(raw) != ticketBytes || raw[0] != ticketVersion ||
		base64.RawURLEncoding.EncodeToString(raw) != ticket {
		return 0, ErrTicket
	}
	if !hmac.Equal(raw[ticketStampEnd:], t.sign(raw[:ticketStampEnd], a)) {
		return 0, ErrTicket
	}
	return live.Timestamp(binary.BigEndian.Uint64(raw[1:])), nil //nolint:gosec // written from one
}

// sign returns the signature of what a ticket says and is for.
func (t tickets) sign(says []byte, a answered) []byte {
	mac := hmac.New(sha256.New, t.key)
	text := make([]byte, 0, 256)
	text = append(text, says...)
	for _, part := range []string{string(a.ref.Room), string(a.ref.Quiz), string(a.user)} {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	text = binary.AppendUvarint(text, uint64(a.question)) //nolint:gosec // 1 or more
	mac.Write(append(text, byte(a.option)))
	return mac.Sum(nil)[:ticketSignBytes]
}
