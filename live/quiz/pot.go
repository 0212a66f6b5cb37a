package quiz

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ovation-live/ovation/live/ledger"
)

// The moves of a quiz's pot. Their ids follow from the quiz and when it was created, so that
// each is posted once however often it is made, and a quiz of the same name, in a room of
// the same name that came later, has its own.

// SetAside moves the pot from whoever creates the quiz, or the house, to the quiz.
func SetAside(q Quiz) []ledger.Transaction {
	if q.Rules.Pot == 0 {
		return nil
	}
	return []ledger.Transaction{q.move("set-aside", ledger.PotSetAside, q.source(), q.pot(), q.Rules.Pot)}
}

// Prizes moves the pot's shares to winners, who have their prizes (Split): in as few
// transactions as they fit into, in order of user.
func Prizes(q Quiz, winners []Player) []ledger.Transaction {
	postings := make([]ledger.Posting, 0, len(winners))
	for i := range winners {
		if w := &winners[i]; w.Prize > 0 {
			postings = append(postings, ledger.Posting{Account: ledger.Account{Kind: ledger.User, Owner: string(w.User)}, Amount: w.Prize})
		}
	}
	slices.SortFunc(postings, func(a, b ledger.Posting) int { return strings.Compare(a.Account.Owner, b.Account.Owner) })
	var all []ledger.Transaction
	for chunk := range slices.Chunk(postings, ledger.MaxPostings-1) {
		t := q.transaction(fmt.Sprintf("prizes/%d", len(all)+1), ledger.Prize)
		t.Postings = append(slices.Clone(chunk), ledger.Posting{Account: q.pot(), Amount: -total(chunk)})
		all = append(all, t)
	}
	return all
}

// Returned moves back what nobody won: of a cancelled quiz the pot, of a finished one what
// its result says.
func Returned(q Quiz) []ledger.Transaction {
	amount := q.Result.Returned
	if q.State == Cancelled {
		amount = q.Rules.Pot
	}
	if amount == 0 {
		return nil
	}
	return []ledger.Transaction{q.move("returned", ledger.PotReturned, q.pot(), q.source(), amount)}
}

// move returns a transaction of two postings.
func (q *Quiz) move(step string, kind ledger.Kind, from, to ledger.Account, amount int64) ledger.Transaction {
	t := q.transaction(step, kind)
	t.Postings = []ledger.Posting{{Account: from, Amount: -amount}, {Account: to, Amount: amount}}
	slices.SortFunc(t.Postings, func(a, b ledger.Posting) int { return a.Account.Compare(b.Account) })
	return t
}

// transaction returns one without postings.
func (q *Quiz) transaction(step string, kind ledger.Kind) ledger.Transaction {
	return ledger.Transaction{
		ID: fmt.Sprintf("quiz/%s/%d/%s", q.pot().Owner, q.CreatedAt, step), Kind: kind, Room: q.Room, Reference: string(q.Quiz),
	}
}

// pot is the account of the quiz's pot.
func (q *Quiz) pot() ledger.Account {
	return ledger.Account{Kind: ledger.Pot, Owner: string(q.Room) + "/" + string(q.Quiz)}
}

// source is the account that the pot came from.
func (q *Quiz) source() ledger.Account {
	if q.Creator == "" {
		return ledger.Account{Kind: ledger.House}
	}
	return ledger.Account{Kind: ledger.User, Owner: string(q.Creator)}
}

// total adds postings up.
func total(all []ledger.Posting) (sum int64) {
	for i := range all {
		sum += all[i].Amount
	}
	return sum
}
