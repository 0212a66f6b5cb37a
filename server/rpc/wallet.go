package rpc

import (
	"context"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/server/wallet"
	"github.com/ovation-live/ovation/server/wire"
)

// walletHandler is WalletService.
type walletHandler struct {
	ovationv1connect.UnimplementedWalletServiceHandler
	wallets *wallet.Service
}

// defaultAccounts is the size of a page of accounts where the caller does not say.
const defaultAccounts = 1000

// Deposit implements WalletService.
func (h *walletHandler) Deposit(
	ctx context.Context, req *ovationv1.DepositRequest,
) (*ovationv1.DepositResponse, error) {
	done, err := h.wallets.Deposit(ctx, auth.From(ctx), wallet.Movement{
		User: live.UserID(req.GetUserId()), Amount: req.GetAmount(),
		Reference: req.GetReference(), RequestID: req.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	return &ovationv1.DepositResponse{
		TransactionId: done.Transaction, Balance: balanceOf(done.Balance), Duplicate: done.Duplicate,
	}, nil
}

// GetBalance implements WalletService.
func (h *walletHandler) GetBalance(
	ctx context.Context, req *ovationv1.GetBalanceRequest,
) (*ovationv1.GetBalanceResponse, error) {
	b, err := h.wallets.Balance(ctx, auth.From(ctx), live.UserID(req.GetUserId()))
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetBalanceResponse{Balance: balanceOf(b)}, nil
}

// ListLedger implements WalletService.
func (h *walletHandler) ListLedger(
	ctx context.Context, req *ovationv1.ListLedgerRequest,
) (*ovationv1.ListLedgerResponse, error) {
	extract := wallet.Extract{
		User: live.UserID(req.GetUserId()), From: live.Timestamp(req.GetFromAt()), Until: live.Timestamp(req.GetUntilAt()),
		Kinds: wire.LedgerKindsFrom(req.GetKinds()), NewestFirst: req.GetNewestFirst(),
		Size: page.Size(req.GetPageSize()), Token: req.GetPageToken(),
	}
	if req.GetAccount() != nil {
		account := wire.AccountFrom(req.GetAccount())
		extract.Account = &account
	}
	found, next, err := h.wallets.Ledger(ctx, auth.From(ctx), extract)
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListLedgerResponse{
		Transactions: make([]*ovationv1.LedgerTransaction, len(found)), NextPageToken: next,
	}
	for i, t := range found {
		res.Transactions[i] = wire.Transaction(t)
	}
	return res, nil
}

// ListAccounts implements WalletService.
func (h *walletHandler) ListAccounts(
	ctx context.Context, req *ovationv1.ListAccountsRequest,
) (*ovationv1.ListAccountsResponse, error) {
	found, asOf, next, err := h.wallets.Accounts(ctx, auth.From(ctx),
		wire.AccountKindFrom(req.GetKind()), size(req.GetPageSize(), defaultAccounts), req.GetPageToken())
	if err != nil {
		return nil, err
	}
	res := &ovationv1.ListAccountsResponse{Accounts: make([]*ovationv1.AccountBalance, len(found)), NextPageToken: next}
	for i, a := range found {
		res.Accounts[i] = &ovationv1.AccountBalance{
			Account: wire.Account(a.Account), Balance: a.Amount, AsOfSequence: asOf,
		}
	}
	return res, nil
}

// balanceOf converts a balance.
func balanceOf(b wallet.Balance) *ovationv1.Balance {
	return &ovationv1.Balance{
		UserId: string(b.User), Coins: b.Coins, PendingCoins: b.Pending, Points: b.Points, ReadAt: int64(b.At),
	}
}
