package wire

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/ledger"
)

// Account converts an account. Its kinds have the numbers of the API.
func Account(a ledger.Account) *ovationv1.Account {
	return &ovationv1.Account{Kind: ovationv1.AccountKind(a.Kind), OwnerId: a.Owner}
}

// AccountFrom converts the account of a request.
func AccountFrom(a *ovationv1.Account) ledger.Account {
	return ledger.Account{Kind: AccountKindFrom(a.GetKind()), Owner: a.GetOwnerId()}
}

// AccountKindFrom converts a kind; UNSPECIFIED becomes 0.
func AccountKindFrom(k ovationv1.AccountKind) ledger.AccountKind {
	return ledger.AccountKind(k) //nolint:gosec // validated: defined only
}

// LedgerKindsFrom converts the kinds of a request.
func LedgerKindsFrom(kinds []ovationv1.LedgerKind) []ledger.Kind {
	out := make([]ledger.Kind, len(kinds))
	for i, k := range kinds {
		out[i] = ledger.Kind(k) //nolint:gosec // validated: defined only
	}
	return out
}

// Transaction converts a transaction. Its kinds have the numbers of the API.
func Transaction(t ledger.Transaction) *ovationv1.LedgerTransaction {
	out := &ovationv1.LedgerTransaction{
		TransactionId: t.ID,
		Sequence:      t.Sequence,
		Kind:          ovationv1.LedgerKind(t.Kind),
		At:            int64(t.At),
		Postings:      make([]*ovationv1.Posting, len(t.Postings)),
		RoomId:        string(t.Room),
		Reference:     t.Reference,
		RequestId:     t.RequestID,
		Gifts:         t.Gifts,
	}
	for i, p := range t.Postings {
		out.Postings[i] = &ovationv1.Posting{Account: Account(p.Account), Amount: p.Amount}
	}
	return out
}
