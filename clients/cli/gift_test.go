package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/books"
	"github.com/ovation-live/ovation/internal/testkit"
	server "github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
)

// served starts a server in development, and returns what runs the program against it.
func served(t *testing.T, edits ...func(*config.Config)) func(want int, args ...string) (stdout, stderr string) {
	t.Helper()
	c := config.Default()
	c.Listen, c.InternalListen, c.GiftSettleInterval = "127.0.0.1:0", "127.0.0.1:0", 100*time.Millisecond
	for _, edit := range edits {
		edit(&c)
	}
	a, err := server.New(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- a.Run(running, context.Background()) }()
	t.Cleanup(func() {
		stop()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	return func(want int, args ...string) (string, string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		args = append([]string{"--server", a.PublicURL()}, args...)
		if got := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); got != want {
			t.Errorf("%q: exit code %d\n%s%s", args, got, stdout.String(), stderr.String())
		}
		return stdout.String(), stderr.String()
	}
}

// Coins come in, are given, are settled, and the books prove it.
func TestGiftsAndCoins(t *testing.T) {
	t.Parallel()
	do := served(t)
	says := func(wanted string, want int, args ...string) {
		t.Helper()
		if stdout, stderr := do(want, args...); !strings.Contains(stdout+stderr, wanted) {
			t.Errorf("%q says %q, want %q", args, stdout+stderr, wanted)
		}
	}
	do(exitOK, "room", "create", "show", "--host", "hana")
	says("10 coins  A rose, 2 points, combos within 5s", exitOK, "gift", "put", "rose", "--price", "10", "--name", "A rose", "--points", "2", "--combo", "5s")
	says("rose", exitOK, "gift", "list", "--room", "show")
	says("ann has 1,000 coins", exitOK, "wallet", "deposit", "ann", "1000", "--id", "in", "--reference", "voucher")
	says("nothing moved", exitOK, "wallet", "deposit", "ann", "1000", "--id", "in", "--reference", "voucher")
	says("ann has 900 coins", exitOK, "wallet", "deposit", "--", "ann", "-100")
	says("put -- before it, after all flags: `ovation wallet deposit ann -- -250`", exitUsage, "wallet", "deposit", "ann", "-250", "--id", "out")
	says("used for something else", exitUsage, "wallet", "deposit", "ann", "1", "--id", "in")
	says("of 30 coins: Sing! (song)", exitOK, "gift", "goal", "show", "song", "--target", "30", "--title", "Sing!")
	says("paid 30 coins", exitOK, "gift", "send", "show", "rose", "--as", "ann", "--count", "3", "--id", "x")
	says("combo of 3, sent before", exitOK, "gift", "send", "show", "rose", "--as", "ann", "--count", "3", "--id", "x")
	says("balance 870", exitFailed, "gift", "send", "show", "rose", "--as", "ann", "--count", "88")
	if stdout, stderr := do(exitFailed, "gift", "send", "show", "none", "--as", "ann"); strings.Contains(stdout+stderr, "--id") {
		t.Errorf("of what is known not to be paid: %s%s", stdout, stderr)
	}
	says("price 10", exitFailed, "gift", "send", "show", "rose", "--as", "ann", "--price", "9")
	testkit.Eventually(t, "the gifts are settled", func() bool {
		stdout, _ := do(exitOK, "wallet", "balance", "hana")
		return strings.Contains(stdout, "hana has 30 coins, 6 points")
	})
	says("giver 1", exitOK, "gift", "totals", "--room", "show")
	says("reached", exitOK, "gift", "totals", "--room", "show")
	says("settlement     user hana +30, pending hana -30", exitOK, "wallet", "ledger", "hana", "--kind", "settlement")
	says("external -1,000", exitOK, "wallet", "ledger", "--account", "external", "--limit", "1")
	says("give both", exitUsage, "wallet", "ledger", "--owner", "ann")
	says("a --room, a --receiver, or both", exitUsage, "gift", "totals")
	says("every gift that was settled was settled once", exitOK, "audit", "ledger", "--no-progress")
	stdout, _ := do(exitOK, "audit", "ledger", "--json", "--no-progress")
	var report books.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || report.Wrong != 0 || report.Transactions != 4 || report.Accounts != 4 || report.Settlements != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// The server checks what the program leaves to it.
func TestGiftsThatCannotBePut(t *testing.T) {
	t.Parallel()
	do := served(t)
	for wanted, args := range map[string][]string{
		"--count must be at least 1": {"gift", "send", "demo", "rose", "--as", "ann", "--count", "0"},
		"amount must not be 0\n":     {"wallet", "deposit", "ann", "0"},
		"price":                      {"gift", "put", "rose", "--price", "0"},
		"target":                     {"gift", "goal", "demo", "g", "--target", "0"},
	} {
		if stdout, stderr := do(exitUsage, args...); !strings.Contains(stdout+stderr, wanted) {
			t.Errorf("%q says %q", args, stdout+stderr)
		}
	}
}
