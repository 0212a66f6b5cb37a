package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

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
	NoProgress bool          `help:"Show no progress."`
	NoTotals   bool          `help:"Do not compare the totals of receivers and rooms, which takes a call for each."`
	Overdue    time.Duration `help:"Gifts that wait longer to be settled are a fault; more than the server's --gift-settle-interval." default:"10m" placeholder:"DURATION"`
}

// Validate checks the flags.
func (c *auditLedgerCommand) Validate() error {
	if c.Overdue <= 0 {
		return errors.New("--overdue must be more than 0")
	}
	return nil
}

func (*auditLedgerCommand) Help() string {
	return `It reads what the server says is on every account, and then the ledger from its first transaction up to where that counts; traffic may go on. From the transactions alone it computes everything again: that each adds up to nothing, is there once, and moves coins as its kind does; that no account that may not is ever below zero; that every balance is the sum of its postings; that all accounts together hold nothing; and that settlements pay each receiver their gifts in order, every gift once and none passed over; that no gift waits for longer than --overdue; that instants do not go back, nor lie more than a minute after the server's clock, and ids follow from what asked for the transactions; and that the totals of every receiver and room are what their settled gifts add up to, in points too where no gift among them ever changed, and what is pending for them what their other gifts do. The exit code is 1 if anything differs, and each difference is listed.

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
	token string        // of the page of the ledger to read next
	again bool          // that was read, as the last, and may have grown since
}

// Run reads everything and reports.
func (c *auditLedgerCommand) Run(ctx context.Context, app *app) error {
	r := &reading{app: app}
	stop := c.showProgress(r)
	whole, err := r.read(ctx, c.Overdue)
	if err == nil && !c.NoTotals {
		whole, err = r.compareTotals(ctx)
	}
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
func (r *reading) read(ctx context.Context, overdue time.Duration) (whole bool, err error) {
	now, err := callWallets(ctx, r.app, walletService.GetBalance, &ovationv1.GetBalanceRequest{})
	if err != nil {
		return false, err
	}
	latest, err := r.latest(ctx)
	if err != nil {
		return false, err
	}
	r.books = books.New(latest)
	r.books.Clock(now.GetBalance().GetReadAt())
	r.books.Overdue(now.GetBalance().GetReadAt() - overdue.Microseconds())
	r.until.Store(latest)
	if err := r.readRooms(ctx); err != nil {
		return false, err
	}
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

// latest returns the sequence of the latest transaction; 0: there is none.
func (r *reading) latest(ctx context.Context) (latest uint64, err error) {
	newest, err := callWallets(ctx, r.app, walletService.ListLedger, &ovationv1.ListLedgerRequest{NewestFirst: true, PageSize: 1})
	for _, t := range newest.GetTransactions() {
		latest = t.GetSequence()
	}
	return latest, err
}

// readRooms reads which rooms there are.
func (r *reading) readRooms(ctx context.Context) error {
	request := &ovationv1.ListRoomsRequest{PageSize: pageSize}
	return pages(func(token string) (string, error) {
		request.PageToken = token
		page, err := callRooms(ctx, r.app, roomService.ListRooms, request)
		r.books.Rooms(page.GetRooms()...)
		return page.GetNextPageToken(), err
	})
}

// readLedger reads the ledger on, up to where it is to be read. It says whether that is all of it.
func (r *reading) readLedger(ctx context.Context) (whole bool, err error) {
	until := r.until.Load()
	ledger := &ovationv1.ListLedgerRequest{PageSize: ledgerPage}
	for {
		ledger.PageToken = r.token
		page, err := callWallets(ctx, r.app, walletService.ListLedger, ledger)
		if err != nil {
			return false, err
		}
		all := page.GetTransactions()
		for r.again && len(all) > 0 && all[0].GetSequence() <= r.done.Load() {
			all = all[1:]
		}
		r.books.Transactions(all...)
		if n := len(all); n > 0 {
			r.done.Store(all[n-1].GetSequence())
		}
		if r.again = page.GetNextPageToken() == ""; r.again {
			return true, nil
		}
		r.token = page.GetNextPageToken()
		if r.done.Load() >= until { // what came since is for the next audit
			return false, nil
		}
	}
}

// compareTotals compares what the server says of receivers and rooms with what was given and
// settled, and reads the ledger on to where that counts. It says whether that is all of it.
func (r *reading) compareTotals(ctx context.Context) (whole bool, err error) {
	for _, user := range r.books.Receivers() {
		if err := r.readTotals(ctx, "", user); err != nil {
			return false, err
		}
	}
	for _, id := range r.books.GiftRooms() {
		if err := r.readTotals(ctx, id, ""); err != nil {
			return false, err
		}
	}
	if err := r.readCatalogue(ctx); err != nil {
		return false, err
	}
	latest, err := r.latest(ctx)
	if err != nil {
		return false, err
	}
	r.books.Compare()
	r.until.Store(latest)
	return r.readLedger(ctx)
}

// readTotals reads what the server says is settled and pending. A room that was forgotten
// meanwhile has nothing.
func (r *reading) readTotals(ctx context.Context, room, receiver string) error {
	totals, err := callGifts(ctx, r.app, giftService.GetGiftTotals, &ovationv1.GetGiftTotalsRequest{RoomId: room, ReceiverId: receiver})
	if isRoomNotFound(err) {
		return nil
	}
	if err == nil {
		r.books.Totals(room, receiver, totals)
	}
	return err
}

// readCatalogue reads all gifts.
func (r *reading) readCatalogue(ctx context.Context) error {
	request := &ovationv1.ListGiftsRequest{WithRetired: true, PageSize: pageSize}
	return pages(func(token string) (string, error) {
		request.PageToken = token
		page, err := callGifts(ctx, r.app, giftService.ListGifts, request)
		r.books.Catalogue(page.GetGifts()...)
		return page.GetNextPageToken(), err
	})
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
