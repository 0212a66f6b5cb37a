// Package books proves a ledger: from nothing but its transactions it computes every
// balance again, which gifts each settlement paid, and what that comes to for each receiver and
// room, and says where the server says otherwise.
package books

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// account names an account.
type account struct {
	kind  ovationv1.AccountKind
	owner string
}

// of returns the account that a message names.
func of(a *ovationv1.Account) account { return account{a.GetKind(), a.GetOwnerId()} }

// compare orders accounts as they are listed.
func (a account) compare(b account) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), strings.Compare(a.owner, b.owner))
}

// mayBeNegative says whether more may go out of an account than came in.
func (a account) mayBeNegative() bool {
	return a.kind == ovationv1.AccountKind_ACCOUNT_KIND_HOUSE || a.kind == ovationv1.AccountKind_ACCOUNT_KIND_EXTERNAL
}

// String is the account for people.
func (a account) String() string {
	name := strings.TrimPrefix(a.kind.String(), "ACCOUNT_KIND_")
	if a.owner == "" {
		return name
	}
	return name + " " + a.owner
}

// state is what follows from the transactions of an account.
type state struct {
	balance int64
	first   uint64 // the sequence of the first
}

// claim is what the server says is on an account.
type claim struct {
	account

	balance int64
	asOf    uint64
}

// digest stands for an id: two ids have two.
type digest [16]byte

// digestOf returns the digest of texts.
func digestOf(texts ...string) digest {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", texts)))
	return digest(sum[:16])
}

// Books is a ledger that is being read: first what the server says is on its accounts
// (Accounts), then its transactions from the first (Transactions), then the outcome
// (Report). Traffic may go on meanwhile.
type Books struct {
	latest   uint64  // when the reading began
	claims   []claim // as they were listed
	due      []claim // in order of asOf: those not checked yet
	accounts map[account]*state
	ids      map[digest]struct{}
	requests map[digest]struct{}
	last     uint64 // the sequence of the latest transaction
	instants instants
	overdue  int64 // what was given before then is to be settled
	gifts    pending
	numbers  map[string]uint64 // of each receiver's latest settlement
	tallies  tallies
	report   Report
}

// New returns books of which, when the reading began, latest was the sequence of the
// latest transaction.
func New(latest uint64) *Books {
	return &Books{
		latest: latest, accounts: make(map[account]*state), ids: make(map[digest]struct{}), requests: make(map[digest]struct{}),
		numbers: make(map[string]uint64),
		gifts:   pending{of: make(map[sale][]*given)}, tallies: newTallies(),
		report: Report{Kinds: make(map[string]int64), Discrepancies: []string{}},
	}
}

// Overdue says before which instant what was given is to be settled by now: that of the
// server's clock before the reading began, less what settling may take.
func (b *Books) Overdue(before int64) { b.overdue = before }

// Accounts takes a page of what the server says is on accounts, in order.
func (b *Books) Accounts(page ...*ovationv1.AccountBalance) {
	for _, said := range page {
		next := claim{of(said.GetAccount()), said.GetBalance(), said.GetAsOfSequence()}
		if n := len(b.claims); n > 0 && b.claims[n-1].compare(next.account) >= 0 {
			b.report.differ("the accounts are not listed in order, each once: %s after %s", next.account, b.claims[n-1].account)
		}
		b.claims = append(b.claims, next)
	}
	b.due = nil
}

// Until returns how far the ledger has to be read.
func (b *Books) Until() uint64 {
	until := b.latest
	for _, c := range b.claims {
		until = max(until, c.asOf)
	}
	return until
}

// Transactions takes transactions in the order of the ledger.
func (b *Books) Transactions(all ...*ovationv1.LedgerTransaction) {
	for _, t := range all {
		b.take(t)
	}
}

// take takes one transaction.
func (b *Books) take(t *ovationv1.LedgerTransaction) {
	b.settleClaims(t.GetSequence())
	if t.GetSequence() <= b.last {
		b.wrong(t, "comes after %d", b.last)
	}
	b.last = max(b.last, t.GetSequence())
	b.checkInstant(t)
	b.report.Transactions++
	b.report.Kinds[kindName(t.GetKind())]++
	b.checkIDs(t)
	b.checkShape(t)
	b.post(t)
	b.gift(t)
}

// wrong notes what is wrong with a transaction.
func (b *Books) wrong(t *ovationv1.LedgerTransaction, format string, args ...any) {
	b.report.differ("transaction %d (%s): "+format, append([]any{t.GetSequence(), t.GetTransactionId()}, args...)...)
}

// kindName is a kind's name.
func kindName(k ovationv1.LedgerKind) string {
	return strings.ToLower(strings.TrimPrefix(k.String(), "LEDGER_KIND_"))
}

// checkIDs checks that neither the transaction nor the call that caused it was there
// before.
func (b *Books) checkIDs(t *ovationv1.LedgerTransaction) {
	if !unique(b.ids, digestOf(t.GetTransactionId())) {
		b.wrong(t, "is there twice")
	}
	if id := idOf(t); id != "" && t.GetTransactionId() != id {
		b.wrong(t, "has not the id that follows from its request")
	}
	var caller string
	switch t.GetKind() {
	case ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT:
	case ovationv1.LedgerKind_LEDGER_KIND_GIFT:
		caller = payer(t).owner
	default:
		return
	}
	if t.GetRequestId() == "" {
		b.wrong(t, "has no request id")
	} else if !unique(b.requests, digestOf(kindName(t.GetKind()), caller, t.GetRequestId())) {
		b.wrong(t, "has the request id %q, which its caller used before", t.GetRequestId())
	}
}

// unique adds to a set, and says whether it was not there.
func unique(set map[digest]struct{}, d digest) bool {
	_, there := set[d]
	set[d] = struct{}{}
	return !there
}

// payer returns the account that coins come from, of a transaction with one such.
func payer(t *ovationv1.LedgerTransaction) account {
	for _, p := range t.GetPostings() {
		if p.GetAmount() < 0 {
			return of(p.GetAccount())
		}
	}
	return account{}
}

// post adds a transaction's postings to the accounts.
func (b *Books) post(t *ovationv1.LedgerTransaction) {
	for _, p := range t.GetPostings() {
		a := of(p.GetAccount())
		s := b.accounts[a]
		if s == nil {
			s = &state{first: t.GetSequence()}
			b.accounts[a] = s
		}
		s.balance += p.GetAmount()
		if s.balance < 0 && p.GetAmount() < 0 && !a.mayBeNegative() {
			b.wrong(t, "leaves %d coins on %s", s.balance, a)
		}
	}
}

// settleClaims checks what the server says of accounts as of before a sequence.
func (b *Books) settleClaims(before uint64) {
	if b.due == nil {
		b.due = slices.SortedStableFunc(slices.Values(b.claims), func(x, y claim) int { return cmp.Compare(x.asOf, y.asOf) })
	}
	for len(b.due) > 0 && b.due[0].asOf < before {
		c := b.due[0]
		b.due = b.due[1:]
		var balance int64
		if s := b.accounts[c.account]; s != nil {
			balance = s.balance
		}
		if c.balance != balance {
			b.report.differ("%s: the server says %d coins as of %d, the ledger %d", c.account, c.balance, c.asOf, balance)
		}
	}
}

// Report returns the outcome. whole says that the ledger was read to its end.
func (b *Books) Report(whole bool) Report {
	if until := b.Until(); b.last < until && !whole {
		b.report.differ("the ledger was read up to %d only, of %d", b.last, until)
	}
	b.settleClaims(^uint64(0))
	if b.instants.late != nil {
		b.blame(true)
	}
	b.checkListed()
	if whole {
		b.checkPassedOver()
	}
	b.checkWaiting()
	b.tallies.close(&b.report)
	r := &b.report
	r.AsOf, r.Accounts = b.last, len(b.accounts)
	r.Pending, r.PendingCoins = b.gifts.left()
	for _, s := range b.accounts {
		r.Sum += s.balance
	}
	if r.Sum != 0 {
		r.differ("all accounts together hold %d coins, and not none", r.Sum)
	}
	return *r
}

// checkListed checks that every account that the ledger had when the accounts were listed
// was listed.
func (b *Books) checkListed() {
	var missing []account
	for a, s := range b.accounts {
		at, listed := slices.BinarySearchFunc(b.claims, a, func(c claim, a account) int { return c.compare(a) })
		if listed {
			continue
		}
		asOf := b.latest // its page was read after the reading began, and ends with or after the next account
		if len(b.claims) > 0 {
			asOf = max(asOf, b.claims[min(at, len(b.claims)-1)].asOf)
		}
		if s.first <= asOf {
			missing = append(missing, a)
		}
	}
	slices.SortFunc(missing, account.compare)
	for _, a := range missing {
		b.report.differ("%s: the ledger has it since %d, the server does not list it", a, b.accounts[a].first)
	}
}
