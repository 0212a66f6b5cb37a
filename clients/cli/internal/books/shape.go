package books

import (
	"slices"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// maxPostings is the most postings of a transaction.
const maxPostings = 1000

// Kinds of accounts, for short.
const (
	user     = ovationv1.AccountKind_ACCOUNT_KIND_USER
	waiting  = ovationv1.AccountKind_ACCOUNT_KIND_PENDING
	pot      = ovationv1.AccountKind_ACCOUNT_KIND_POT
	house    = ovationv1.AccountKind_ACCOUNT_KIND_HOUSE
	external = ovationv1.AccountKind_ACCOUNT_KIND_EXTERNAL
)

// flow is which kinds of accounts coins of a kind of transaction come from and go to.
type flow struct{ from, to []ovationv1.AccountKind }

// kinds are several kinds of accounts.
func kinds(all ...ovationv1.AccountKind) []ovationv1.AccountKind { return all }

// flows are the ways in which coins move.
var flows = map[ovationv1.LedgerKind]flow{
	ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT:       {kinds(external, user), kinds(external, user)},
	ovationv1.LedgerKind_LEDGER_KIND_GIFT:          {kinds(user), kinds(waiting)},
	ovationv1.LedgerKind_LEDGER_KIND_SETTLEMENT:    {kinds(waiting), kinds(user)},
	ovationv1.LedgerKind_LEDGER_KIND_POT_SET_ASIDE: {kinds(user, house), kinds(pot)},
	ovationv1.LedgerKind_LEDGER_KIND_PRIZE:         {kinds(pot), kinds(user, house)},
	ovationv1.LedgerKind_LEDGER_KIND_POT_RETURNED:  {kinds(pot), kinds(user, house)},
}

// checkShape checks that a transaction is one: its postings are in order, add up to
// nothing, and go the way that its kind does.
func (b *Books) checkShape(t *ovationv1.LedgerTransaction) {
	way, known := flows[t.GetKind()]
	if !known {
		b.wrong(t, "is of the kind %d, which there is not", t.GetKind())
	}
	if n := len(t.GetPostings()); n < 2 || n > maxPostings {
		b.wrong(t, "has %d postings", n)
	}
	var sum int64
	var before account
	for i, p := range t.GetPostings() {
		a, amount := of(p.GetAccount()), p.GetAmount()
		if a.kind < user || a.kind > external || (a.owner == "") != a.mayBeNegative() {
			b.wrong(t, "names the account %s, which there is not", a)
		}
		if i > 0 && before.compare(a) >= 0 {
			b.wrong(t, "has postings that are not in order of account, each once")
		}
		side := way.to
		if amount < 0 {
			side = way.from
		}
		if amount == 0 || known && !slices.Contains(side, a.kind) {
			b.wrong(t, "moves %d coins on %s, which a %s does not", amount, a, kindName(t.GetKind()))
		}
		before = a
		sum += amount
	}
	if sum != 0 {
		b.wrong(t, "adds up to %d coins, and not to none", sum)
	}
}
