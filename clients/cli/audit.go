package main

import (
	"context"
	"sync/atomic"

	"github.com/ovation-live/ovation/clients/cli/internal/books"
	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// auditCommand is the commands that prove that what the server says follows from its
// records. They call as a backend.
type auditCommand struct {
	Ledger auditLedgerCommand `cmd:"" help:"Compute every balance and settlement again from the ledger, and compare."`
}

type auditLedgerCommand struct {
	NoProgress bool `help:"Show no progress."`
}

func (*auditLedgerCommand) Help() string {
	return `It reads what the server says is on every account, and then the ledger from its first transaction up to where that counts; traffic may go on. From the transactions alone it computes everything again: that each adds up to nothing, is there once, and moves coins as its kind does; that no account that may not is ever below zero; that every balance is the sum of its postings; that all accounts together hold nothing; and that settlements pay each receiver their gifts in order, every gift once and none passed over. The exit code is 1 if anything differs, and each difference is listed.

It takes about 200 bytes of memory for a transaction.

Examples:
  ovation audit ledger
  ovation audit ledger --json | jq .wrong`
}

const (
	// ledgerPage is how many transactions are asked for at a time.
	ledgerPage = 1000
	// accountsPage is how many accounts are.
	accountsPage = 10_000
)

// reading is an audit under way.
type reading struct {
	*app
	books *books.Books
	done  atomic.Uint64 // the sequence of the latest transaction that was read
	until atomic.Uint64 // up to where it is to be read
}

// Run reads everything and reports.
func (c *auditLedgerCommand) Run(ctx context.Context, app *app) error {
	r := &reading{app: app}
	stop := c.showProgress(r)
	whole, err := r.read(ctx)
	stop()
	if err != nil {
		return err
	}
	report := r.books.Report(whole)
	if err := app.printReport(report); err != nil {
		return err
	}
	if report.Wrong > 0 {
		return errReported
	}
	return nil
}

// read reads the accounts, and the ledger up to where they count. It says whether that is
// all of it.
func (r *reading) read(ctx context.Context) (whole bool, err error) {
	newest, err := callWallets(ctx, r.app, walletService.ListLedger, &ovationv1.ListLedgerRequest{NewestFirst: true, PageSize: 1})
	if err != nil {
		return false, err
	}
	var latest uint64
	for _, t := range newest.GetTransactions() {
		latest = t.GetSequence()
	}
	r.books = books.New(latest)
	r.until.Store(latest)
	accounts := &ovationv1.ListAccountsRequest{PageSize: accountsPage}
	err = pages(func(token string) (string, error) {
		accounts.PageToken = token
		page, err := callWallets(ctx, r.app, walletService.ListAccounts, accounts)
		r.books.Accounts(page.GetAccounts()...)
		return page.GetNextPageToken(), err
	})
	if err != nil {
		return false, err
	}
	r.until.Store(r.books.Until())
	return r.readLedger(ctx)
}

// readLedger reads the ledger.
func (r *reading) readLedger(ctx context.Context) (whole bool, err error) {
	until := r.until.Load()
	ledger := &ovationv1.ListLedgerRequest{PageSize: ledgerPage}
	err = pages(func(token string) (string, error) {
		ledger.PageToken = token
		page, err := callWallets(ctx, r.app, walletService.ListLedger, ledger)
		if err != nil {
			return "", err
		}
		all := page.GetTransactions()
		r.books.Transactions(all...)
		if n := len(all); n > 0 {
			r.done.Store(all[n-1].GetSequence())
		}
		whole = page.GetNextPageToken() == ""
		if r.done.Load() >= until { // what came since is for the next audit
			return "", nil
		}
		return page.GetNextPageToken(), nil
	})
	return whole, err
}

// showProgress shows how far the ledger was read until the returned function is called.
func (c *auditLedgerCommand) showProgress(r *reading) func() {
	if c.NoProgress {
		return func() {}
	}
	rate := newMeter()
	return progress.Start(r.stderr, isTerminal(r.stderr), func() progress.Status {
		done, until := int64(r.done.Load()), int64(r.until.Load()) //nolint:gosec // sequences are small
		return progress.Status{
			Done: done, Total: until,
			Text: "transaction " + figures.Count(done) + " of " + figures.Count(until) + ", " + figures.Rate(rate.per(done)),
		}
	})
}
