-- +goose Up

-- Of the few transactions that are no gifts.
CREATE INDEX ledger_transactions_by_kind ON ledger_transactions (kind, sequence) WHERE kind <> 2;

-- +goose Down
DROP INDEX ledger_transactions_by_kind;
