package ledger

// MaxBalance is the most coins that a deposit may bring to an account, and the most that may
// be missing on one that may be below zero. So there are never more than twice as many in
// all, which can be added up, and what is given and settled needs no limit of its own.
const MaxBalance = 1_000_000_000_000_000_000

// Changes returns by how much transactions change each account together.
func Changes(all []Transaction) map[Account]int64 {
	changes := make(map[Account]int64)
	for i := range all {
		for _, p := range all[i].Postings {
			changes[p.Account] += p.Amount
		}
	}
	return changes
}

// Permit says why transactions, which change accounts so much together, may not be written
// where so much is on them: an *InsufficientError, or a *LimitError. It is always about the
// first account in their order. What cannot be added up, as an account was damaged, is beyond
// any limit.
func Permit(all []Transaction, changes, has map[Account]int64) error {
	for i := range all {
		for _, p := range all[i].Postings {
			before, change := has[p.Account], changes[p.Account]
			after := before + change
			switch {
			case (after > before) != (change > 0) && change != 0:
				return &LimitError{p.Account, before}
			case change < 0 && after < 0 && !p.Account.MayBeNegative():
				return &InsufficientError{p.Account, before}
			case change < 0 && after < -MaxBalance, all[i].Kind == Deposit && change > 0 && after > MaxBalance:
				return &LimitError{p.Account, before}
			}
		}
	}
	return nil
}
