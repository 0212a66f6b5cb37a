package books

import (
	"fmt"
	"strings"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// maxDiscrepancies is how many discrepancies are told.
const maxDiscrepancies = 1000

// Report is the outcome of an audit.
type Report struct {
	// AsOf is the sequence up to which the ledger was read.
	AsOf         uint64           `json:"as_of"`
	Transactions int64            `json:"transactions"`
	Kinds        map[string]int64 `json:"kinds"`
	Accounts     int              `json:"accounts"`
	// Sum is what all accounts hold together: nothing, where all is well.
	Sum          int64 `json:"sum"`
	Gifts        int64 `json:"gifts"`
	GiftCoins    int64 `json:"gift_coins"`
	Settlements  int64 `json:"settlements"`
	Pending      int64 `json:"pending_gifts"`
	PendingCoins int64 `json:"pending_coins"`
	// Late is how many gifts were set aside, and settled after others that came later.
	Late int64 `json:"late_gifts"`
	// Tallies is how many totals of receivers and rooms were compared, and Points how many of
	// them with the points that their gifts bring.
	Tallies int `json:"tallies"`
	Points  int `json:"tallies_with_points"`
	// Discrepancies is what does not balance: the first of them.
	Discrepancies []string `json:"discrepancies"`
	// Wrong is how many there are.
	Wrong int `json:"wrong"`
}

// differ notes a discrepancy.
func (r *Report) differ(format string, args ...any) {
	r.Wrong++
	if len(r.Discrepancies) < maxDiscrepancies {
		r.Discrepancies = append(r.Discrepancies, fmt.Sprintf(format, args...))
	}
}

// Text is the report for people.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s, up to %d: %s.\n", figures.Plural(r.Transactions, "transaction"),
		figures.Plural(r.Accounts, "account"), r.AsOf, figures.Counts(r.Kinds))
	fmt.Fprintf(&b, "%s for %s were given; %s for %s wait to be settled.\n", figures.Plural(r.Gifts, "gift"),
		figures.Plural(r.GiftCoins, "coin"), figures.Plural(r.Pending, "gift"), figures.Plural(r.PendingCoins, "coin"))
	if r.Late > 0 {
		fmt.Fprintf(&b, "%s were set aside, and settled later than those that came after them.\n", figures.Plural(r.Late, "gift"))
	}
	if r.Tallies > 0 {
		fmt.Fprintf(&b, "%s of receivers and rooms were compared, %s of them with the points that the gifts bring.\n",
			figures.Plural(int64(r.Tallies), "total"), figures.Count(r.Points))
	}
	for _, d := range r.Discrepancies {
		b.WriteString("  WRONG: " + terminal.Escape(d) + "\n")
	}
	if r.Wrong > len(r.Discrepancies) {
		fmt.Fprintf(&b, "  and %s more\n", figures.Count(r.Wrong-len(r.Discrepancies)))
	}
	if r.Wrong == 0 {
		b.WriteString("Every transaction adds up to nothing, every balance follows from its postings, nobody has less than nothing, and every gift that was settled was settled once.\n")
	}
	return b.String()
}
