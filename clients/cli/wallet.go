package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// walletCommand is the commands about wallets. They call as a backend.
type walletCommand struct {
	Deposit walletDepositCommand `cmd:"" help:"Give a user coins from outside, or take them out."`
	Balance walletBalanceCommand `cmd:"" help:"Show what users have."`
	Ledger  walletLedgerCommand  `cmd:"" help:"List movements of coins."`
}

// walletService is the client of the wallet service, for short.
type walletService = ovationv1connect.WalletServiceClient

// callWallets makes one call of the wallet service, as a backend.
func callWallets[Request, Response any](
	ctx context.Context, app *app,
	method func(walletService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Wallets, method, request)
}

type walletDepositCommand struct {
	Holder    string `arg:"" name:"user" help:"Whose balance."`
	Amount    int64  `arg:"" help:"Coins to give; below 0: to take, after --."`
	Reference string `help:"Why, for people and other systems." placeholder:"TEXT"`
	ID        string `name:"id" help:"The request's id: the same id moves coins once, for ever." placeholder:"ID"`
}

func (*walletDepositCommand) Help() string {
	return `Where no answer came, repeat the command with the same --id: coins move once. A number below 0 reads like a flag: put -- before it, after all flags.

Examples:
  ovation wallet deposit ann 1000
  ovation wallet deposit ann 500 --reference invoice-17 --id invoice-17
  ovation wallet deposit ann -- -5
  ovation wallet deposit host --reference payout -- -250`
}

// Run moves the coins.
func (c *walletDepositCommand) Run(ctx context.Context, app *app) error {
	request := &ovationv1.DepositRequest{UserId: c.Holder, Amount: c.Amount, Reference: c.Reference, RequestId: c.ID}
	if request.GetRequestId() == "" {
		request.RequestId = newID()
	}
	response, err := callWallets(ctx, app, walletService.Deposit, request)
	if err != nil {
		if c.ID == "" && isUnknown(err) {
			app.note("the request's id was %s: repeat the command with --id %[1]s, and coins move once", request.GetRequestId())
		}
		return err
	}
	if app.JSON {
		return app.printProto(response)
	}
	if response.GetDuplicate() {
		app.note("it was done before: nothing moved this time")
	}
	return app.printBalance(response.GetBalance())
}

type walletBalanceCommand struct {
	Users []string `arg:"" optional:"" help:"Whose (default --user)."`
}

func (*walletBalanceCommand) Help() string {
	return `Examples:
  ovation wallet balance ann bob
  ovation wallet balance ann --json | jq -r .coins`
}

// Run shows the balances.
func (c *walletBalanceCommand) Run(ctx context.Context, app *app) error {
	users := c.Users
	if len(users) == 0 {
		users = []string{app.User}
		if app.Token != nil {
			users[0] = "" // whoever the token is of
		}
	}
	return each(users, func(user string) error {
		response, err := callWallets(ctx, app, walletService.GetBalance, &ovationv1.GetBalanceRequest{UserId: user})
		if err != nil {
			return err
		}
		return app.printBalance(response.GetBalance())
	})
}

// printBalance prints a balance in one line.
func (a *app) printBalance(b *ovationv1.Balance) error {
	if a.JSON {
		return a.printProto(b)
	}
	text := fmt.Sprintf("%s has %s", terminal.Escape(b.GetUserId()), figures.Plural(b.GetCoins(), "coin"))
	if b.GetPendingCoins() > 0 {
		text += ", " + figures.Count(b.GetPendingCoins()) + " more pending"
	}
	if b.GetPoints() > 0 {
		text += ", " + figures.Plural(b.GetPoints(), "point")
	}
	return a.print("%s", text)
}

// accountKinds are the kinds of accounts by name.
const accountKinds = ",user,pending,pot,house,external"

type walletLedgerCommand struct {
	Holder  string   `arg:"" optional:"" name:"user" help:"Only movements of this user's accounts (default everyone's)."`
	Account string   `help:"Only movements of accounts of this kind, of --owner: user, pending, pot, house, external." enum:"${account_kinds}" default:"" placeholder:"KIND"`
	Owner   string   `help:"With --account, whose." placeholder:"ID"`
	Kind    []string `help:"Only these kinds: ${enum}; may be repeated." enum:"deposit,gift,settlement,pot_set_aside,prize,pot_returned" placeholder:"KIND"`
	Since   *string  `help:"Only movements from then on: an instant, or how long ago." placeholder:"WHEN"`
	Until   *string  `help:"Only movements before then." placeholder:"WHEN"`
	Newest  bool     `help:"The newest first."`
	Limit   int      `help:"At most so many; 0: all." default:"0" placeholder:"N"`
}

func (*walletLedgerCommand) Help() string {
	return `WHEN is as in ` + "`ovation history`" + `.

Examples:
  ovation wallet ledger ann
  ovation wallet ledger --newest --limit 20
  ovation wallet ledger --account external --since 7d --json`
}

// Run lists all pages.
func (c *walletLedgerCommand) Run(ctx context.Context, app *app) error {
	request, err := c.request(time.Now())
	if err != nil {
		return usageError{err}
	}
	left := c.Limit
	return pages(func(token string) (string, error) {
		request.PageToken = token
		if c.Limit > 0 {
			request.PageSize = uint32(min(left, pageSize)) //nolint:gosec // more than 0
		}
		response, err := callWallets(ctx, app, walletService.ListLedger, request)
		if err != nil {
			return "", err
		}
		next := response.GetNextPageToken()
		if left -= len(response.GetTransactions()); c.Limit > 0 && left <= 0 {
			next = ""
		}
		return next, each(response.GetTransactions(), app.printTransaction)
	})
}

// request is what to ask for.
func (c *walletLedgerCommand) request(now time.Time) (*ovationv1.ListLedgerRequest, error) {
	since, until, err := sinceUntil(c.Since, c.Until, now)
	if err != nil {
		return nil, err
	}
	switch {
	case c.Limit < 0:
		return nil, fmt.Errorf("--limit must be 0 or more")
	case c.Owner != "" && c.Account == "":
		return nil, fmt.Errorf("--owner says whose --account: give both")
	case c.Account != "" && c.Holder != "":
		return nil, fmt.Errorf("a user, or an --account: give one of them")
	}
	request := &ovationv1.ListLedgerRequest{
		UserId: c.Holder, FromAt: since, UntilAt: until, NewestFirst: c.Newest, PageSize: pageSize,
	}
	if c.Account != "" {
		kind := ovationv1.AccountKind_value["ACCOUNT_KIND_"+strings.ToUpper(c.Account)]
		request.Account = &ovationv1.Account{Kind: ovationv1.AccountKind(kind), OwnerId: c.Owner}
	}
	for _, kind := range c.Kind {
		request.Kinds = append(request.Kinds, ovationv1.LedgerKind(ovationv1.LedgerKind_value["LEDGER_KIND_"+strings.ToUpper(kind)]))
	}
	slices.Sort(request.GetKinds())
	request.Kinds = slices.Compact(request.GetKinds())
	return request, nil
}

// maxPostingsShown is how many postings of one movement are shown to people.
const maxPostingsShown = 4

// printTransaction prints a movement in one line.
func (a *app) printTransaction(t *ovationv1.LedgerTransaction) error {
	if a.JSON {
		return a.printProto(t)
	}
	var moved []string
	for i, p := range t.GetPostings() {
		if i == maxPostingsShown {
			moved = append(moved, fmt.Sprintf("and %d more", len(t.GetPostings())-i))
			break
		}
		name := strings.TrimSpace(short(p.GetAccount().GetKind(), "ACCOUNT_KIND_") + " " + terminal.Escape(p.GetAccount().GetOwnerId()))
		moved = append(moved, fmt.Sprintf("%s %s", name, signed(p.GetAmount())))
	}
	text := fmt.Sprintf("%8d  %s  %-13s  %s", t.GetSequence(), clock(t.GetAt()), short(t.GetKind(), "LEDGER_KIND_"), strings.Join(moved, ", "))
	if t.GetGifts() > 0 {
		text += "  " + figures.Plural(t.GetGifts(), "gift")
	}
	if t.GetReference() != "" {
		text += "  " + terminal.Escape(t.GetReference())
	}
	return a.print("%s", text)
}

// signed is a number with its sign.
func signed(n int64) string {
	if n > 0 {
		return "+" + figures.Count(n)
	}
	return figures.Count(n)
}
