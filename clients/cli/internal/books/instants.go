package books

import (
	"time"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// ahead is how far an instant may lie after the server's clock: those of its nodes differ.
const ahead = time.Minute

// instants is when transactions were, which never goes back.
type instants struct {
	clock  int64                        // the server's, when the reading began; 0: not known
	future int64                        // the latest of those that cannot be
	last   *ovationv1.LedgerTransaction // the latest that can
	late   *ovationv1.LedgerTransaction // is later than the next: one of the two is wrong
}

// Clock says what the server's clock was before the reading began.
func (b *Books) Clock(at int64) { b.instants.clock = at }

// checkInstant checks that instants do not go back, nor ahead of the clock. Where one is earlier
// than the one before, what follows says which of the two is wrong.
func (b *Books) checkInstant(t *ovationv1.LedgerTransaction) {
	i := &b.instants
	if i.clock > 0 && t.GetSequence() <= b.latest && t.GetAt() > i.clock+ahead.Microseconds() {
		if t.GetAt() > i.future { // a ledger that was ahead stays there until the clock is
			b.wrong(t, "is of the instant %s, which is yet to come", instant(t))
		}
		i.future = max(i.future, t.GetAt())
		return
	}
	if i.late != nil {
		b.blame(t.GetAt() >= i.late.GetAt())
	}
	if i.last != nil && t.GetAt() < i.last.GetAt() {
		i.late = i.last
	}
	i.last = t
}

// blame says which of two transactions has the wrong instant: the earlier one, where those that
// follow are as late as the other.
func (b *Books) blame(early bool) {
	i := &b.instants
	late := i.late
	i.late = nil
	if early {
		b.wrong(i.last, "is of an earlier instant than one before it")
		i.last = late
		return
	}
	b.wrong(late, "is of a later instant, %s, than those after it", instant(late))
}

// instant is when a transaction was, for people.
func instant(t *ovationv1.LedgerTransaction) string {
	return time.UnixMicro(t.GetAt()).UTC().Format(time.RFC3339Nano)
}
