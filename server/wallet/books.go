package wallet

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// Extract says which transactions to list.
type Extract struct {
	User        live.UserID     // of whose accounts; empty: the caller's, for a backend all
	Account     *ledger.Account // instead of User: of this account
	From, Until live.Timestamp
	Kinds       []ledger.Kind
	NewestFirst bool
	Size        int
	Token       string
}

// Ledger returns a page of transactions, as the caller may see them, and the token of the
// next. Errors of auth, *InvalidError, page.ErrToken.
func (s *Service) Ledger(ctx context.Context, p auth.Principal, x Extract) ([]ledger.Transaction, string, error) {
	accounts, err := x.accounts(p)
	if err != nil {
		return nil, "", err
	}
	list := x.list(accounts)
	q := store.LedgerQuery{
		Accounts: accounts, From: x.From, Until: x.Until, Kinds: x.Kinds, OldestFirst: !x.NewestFirst, Limit: x.Size + 1,
	}
	if err := resume(&q, list, x.Token); err != nil {
		return nil, "", err
	}
	found, err := s.ledger.Transactions(ctx, q)
	if err != nil {
		return nil, "", err
	}
	found, next := cut(list, found, x.Size)
	if may(p) != nil {
		onlyOf(found, own(p.User))
	}
	return found, next, nil
}

// accounts returns the accounts to list, none for all, if the caller may see them.
func (x Extract) accounts(p auth.Principal) ([]ledger.Account, error) {
	switch all := may(p); {
	case x.Account != nil && x.User != "":
		return nil, &InvalidError{"account", "it stands instead of user_id: name one of the two"}
	case x.Account != nil:
		if err := check(*x.Account); err != nil {
			return nil, err
		}
		if !slices.Contains(own(p.User), *x.Account) && all != nil {
			return nil, all
		}
		return []ledger.Account{*x.Account}, nil
	case x.User == "" && all == nil:
		return nil, nil
	case x.User == "" || x.User == p.User:
		return own(p.User), nil
	default:
		return own(x.User), all
	}
}

// check says what is wrong with an account, if something is.
func check(a ledger.Account) error {
	switch {
	case a.Kind == 0:
		return &InvalidError{"account.kind", "it is required"}
	case a.MayBeNegative() && a.Owner != "":
		return &InvalidError{"account.owner_id", "an account of this kind has no owner"}
	case !a.MayBeNegative() && a.Owner == "":
		return &InvalidError{"account.owner_id", "an account of this kind has an owner"}
	}
	return nil
}

// list names what is listed.
func (x Extract) list(accounts []ledger.Account) page.List {
	return page.List(fmt.Sprintf("ledger %q %d %d %v %v", accounts, x.From, x.Until, x.Kinds, x.NewestFirst))
}

// resume has a query go on where a token says.
func resume(q *store.LedgerQuery, list page.List, token string) error {
	last, err := list.After(token)
	if err != nil || last == "" {
		return err
	}
	at, err := strconv.ParseUint(last, 36, 64)
	switch {
	case err != nil || at == 0:
		return page.ErrToken
	case q.OldestFirst:
		q.After = at
	default:
		q.Before = at
	}
	return nil
}

// cut returns a page of what was found, and the token of the next. There may be a next one
// after fewer than were asked for where they hold as many postings as one page does.
func cut(list page.List, found []ledger.Transaction, size int) (shown []ledger.Transaction, next string) {
	place := func(t ledger.Transaction) string { return strconv.FormatUint(t.Sequence, 36) }
	if len(found) > size {
		return page.Cut(list, found, size, place)
	}
	postings := 0
	for i := range found {
		postings += len(found[i].Postings)
	}
	if postings+ledger.MaxPostings <= store.MaxPostings {
		return found, ""
	}
	return found, list.Token(place(found[len(found)-1]))
}

// onlyOf leaves transactions only the postings of some accounts.
func onlyOf(all []ledger.Transaction, accounts []ledger.Account) {
	for i := range all {
		all[i].Postings = slices.DeleteFunc(slices.Clone(all[i].Postings), func(p ledger.Posting) bool {
			return !slices.Contains(accounts, p.Account)
		})
	}
}

// Accounts returns a page of accounts of a kind, 0 for any, with what is on them and the
// place in the ledger up to which that counts; and the token of the next. Errors of auth,
// page.ErrToken.
func (s *Service) Accounts(
	ctx context.Context, p auth.Principal, kind ledger.AccountKind, size int, token string,
) (accounts []store.AccountBalance, asOf uint64, next string, err error) {
	if err := may(p); err != nil {
		return nil, 0, "", err
	}
	list := page.List(fmt.Sprintf("accounts %d", kind))
	last, err := list.After(token)
	if err != nil {
		return nil, 0, "", err
	}
	after, err := accountFrom(last)
	if err != nil {
		return nil, 0, "", err
	}
	accounts, asOf, err = s.ledger.Accounts(ctx, store.AccountQuery{After: after, Kind: kind, Limit: size + 1})
	if err != nil {
		return nil, 0, "", err
	}
	accounts, next = page.Cut(list, accounts, size, accountTo)
	return accounts, asOf, next, nil
}

// accountTo writes an account's place in the list.
func accountTo(a store.AccountBalance) string {
	return strconv.FormatUint(uint64(a.Kind), 10) + " " + a.Owner
}

// accountFrom reads what accountTo wrote; nothing is the list's beginning. page.ErrToken.
func accountFrom(last string) (ledger.Account, error) {
	if last == "" {
		return ledger.Account{}, nil
	}
	kind, owner, ok := strings.Cut(last, " ")
	n, err := strconv.ParseUint(kind, 10, 8)
	a := ledger.Account{Kind: ledger.AccountKind(n), Owner: owner}
	if !ok || err != nil || a.Kind > ledger.External || check(a) != nil {
		return ledger.Account{}, page.ErrToken
	}
	return a, nil
}
