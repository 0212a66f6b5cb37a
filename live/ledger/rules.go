package ledger

import (
	"cmp"
	"fmt"
	"strings"
)

// MaxPostings is the most postings of a transaction.
const MaxPostings = 1000

// MaxAmount is the most coins that one posting moves. Those of a transaction can be added
// up whatever they are.
const MaxAmount = 9_000_000_000_000_000

// InvalidError says what is wrong with a transaction.
type InvalidError struct{ ID, Problem string }

// Error implements error.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("ledger: transaction %q %s", e.ID, e.Problem)
}

// MayBeNegative says whether more may go out of an account than came in.
func (a Account) MayBeNegative() bool { return a.Kind == House || a.Kind == External }

// Compare orders accounts: by kind, then by owner.
func (a Account) Compare(b Account) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Owner, b.Owner))
}

// valid says whether there is such an account.
func (a Account) valid() bool {
	return a.Kind >= User && a.Kind <= External && (a.Owner == "") == a.MayBeNegative()
}

// Check says what is wrong with a transaction, if something is: an *InvalidError.
func (t *Transaction) Check() error {
	switch {
	case t.ID == "":
		return t.invalid("has no id")
	case t.Kind < Deposit || t.Kind > PotReturned:
		return t.invalid("is of no kind")
	case len(t.Postings) < 2 || len(t.Postings) > MaxPostings:
		return t.invalid(fmt.Sprintf("has %d postings, must have from 2 to %d", len(t.Postings), MaxPostings))
	}
	var sum int64
	for i, p := range t.Postings {
		switch {
		case !p.Account.valid():
			return t.invalid("names an account that cannot be")
		case i > 0 && t.Postings[i-1].Account.Compare(p.Account) >= 0:
			return t.invalid("has postings that are not in order of account, each once")
		case p.Amount == 0 || p.Amount < -MaxAmount || p.Amount > MaxAmount:
			return t.invalid(fmt.Sprintf("has a posting of %d coins", p.Amount))
		}
		sum += p.Amount
	}
	if sum != 0 {
		return t.invalid(fmt.Sprintf("adds up to %d coins, and not to none", sum))
	}
	return nil
}

// invalid returns what is wrong.
func (t *Transaction) invalid(problem string) error { return &InvalidError{t.ID, problem} }
