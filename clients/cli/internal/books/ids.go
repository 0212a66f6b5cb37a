package books

import (
	"strconv"
	"strings"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/gift"
)

// steps is how the ids of what moves a quiz's pot end.
var steps = map[ovationv1.LedgerKind]string{
	ovationv1.LedgerKind_LEDGER_KIND_POT_SET_ASIDE: "set-aside",
	ovationv1.LedgerKind_LEDGER_KIND_PRIZE:         "prizes/",
	ovationv1.LedgerKind_LEDGER_KIND_POT_RETURNED:  "returned",
}

// idOf returns the id that follows from what a transaction is for; empty where nothing does, or
// another check says what is wrong.
func idOf(t *ovationv1.LedgerTransaction) string {
	switch t.GetKind() {
	case ovationv1.LedgerKind_LEDGER_KIND_DEPOSIT:
		return "deposit/" + t.GetRequestId()
	case ovationv1.LedgerKind_LEDGER_KIND_GIFT:
		return gift.TransactionID(live.UserID(payer(t).owner), t.GetRequestId())
	case ovationv1.LedgerKind_LEDGER_KIND_SETTLEMENT:
		return t.GetReference()
	default:
		return potID(t)
	}
}

// potID returns the id of what moves a quiz's pot. When the quiz was created, and which part of
// its prizes it is, only the id itself says.
func potID(t *ovationv1.LedgerTransaction) string {
	var owner string
	for _, p := range t.GetPostings() {
		if p.GetAccount().GetKind() == pot {
			owner = p.GetAccount().GetOwnerId()
		}
	}
	begin, step := "quiz/"+owner+"/", steps[t.GetKind()]
	if owner == "" || step == "" {
		return ""
	}
	created, end, _ := strings.Cut(strings.TrimPrefix(t.GetTransactionId(), begin), "/")
	if _, err := strconv.ParseInt(created, 10, 64); err != nil {
		created = "TIME"
	}
	if t.GetKind() == ovationv1.LedgerKind_LEDGER_KIND_PRIZE {
		part := strings.TrimPrefix(end, step)
		if _, err := strconv.ParseUint(part, 10, 32); err != nil {
			part = "PART"
		}
		step += part
	}
	return begin + created + "/" + step
}
