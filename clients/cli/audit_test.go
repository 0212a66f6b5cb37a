package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/config"
)

// Whatever is damaged in the tables is named, everything else goes on, and once it is mended
// nothing is wrong.
func TestAuditOfWhatIsDamaged(t *testing.T) {
	t.Parallel()
	database := services.NewDatabase(t)
	redis := services.NewRedis(t)
	do := served(t, func(c *config.Config) {
		c.RedisURL, c.PostgresURL = config.Secret(redis.URL()), config.Secret(database)
	})
	change := func(statement string) {
		t.Helper()
		if n := services.Query(t, database, "WITH done AS ("+statement+" RETURNING 1) SELECT count(*) FROM done"); n != "1" {
			t.Fatalf("%s changes %s rows", statement, n)
		}
	}
	audit := func(want int, says string) {
		t.Helper()
		if stdout, stderr := do(want, "audit", "ledger", "--no-progress"); !strings.Contains(stdout, says) {
			t.Errorf("it says\n%s%s\nwant %q", stdout, stderr, says)
		}
	}
	has := func(user, coins string) {
		t.Helper()
		testkit.Eventually(t, user+" has "+coins, func() bool {
			stdout, _ := do(exitOK, "wallet", "balance", user)
			return strings.HasPrefix(stdout, user+" has "+coins)
		})
	}
	do(exitOK, "room", "create", "show", "--host", "hana")
	do(exitOK, "gift", "put", "rose", "--price", "10", "--points", "2")
	do(exitOK, "wallet", "deposit", "ann", "1000")
	change("UPDATE gift_cursor SET at = 9000000000000000") // nothing is settled meanwhile
	for _, receiver := range []string{"hana", "hana", "bob"} {
		do(exitOK, "gift", "send", "show", "rose", "--as", "ann", "--receiver", receiver)
	}
	change("UPDATE gift_payments SET price = 11 WHERE sequence = 2")
	change("UPDATE gift_cursor SET at = 0")
	has("bob", "10 coins, 2 points")
	has("hana", "10 coins, 10 more pending")
	audit(exitFailed, "1 gift for 10 coins wait")
	change("UPDATE gift_payments SET price = 10 WHERE sequence = 2")
	has("hana", "20 coins, 4 points")
	audit(exitOK, "5 totals of receivers and rooms were compared, 5 of them with the points")
	change("UPDATE gift_cursor SET at = 9000000000000000")
	do(exitOK, "gift", "send", "show", "rose", "--as", "ann", "--receiver", "bob")
	change("UPDATE gift_cursor SET settled = settled + 1000") // beyond what was given
	audit(exitFailed, "receiver bob: the server says 0 coins for 0 gifts are pending, but of what was given 10 for 1 were not settled")
	change("UPDATE gift_cursor SET settled = settled - 1000, at = 0")
	has("bob", "20 coins, 4 points")
	for _, harm := range []struct{ hurt, mend, says string }{
		{
			"UPDATE gift_tallies SET points = points + 1 WHERE room = '' AND receiver = 'bob'",
			"UPDATE gift_tallies SET points = points - 1 WHERE room = '' AND receiver = 'bob'",
			"receiver bob: the server says 20 coins for 2 gifts, 5 points, but settled were 20 for 2, with 4 points",
		},
		{
			"UPDATE gift_tallies SET coins = coins + 1 WHERE room = 'show' AND receiver = ''",
			"UPDATE gift_tallies SET coins = coins - 1 WHERE room = 'show' AND receiver = ''",
			"room show: the server says 41 coins for 4 gifts",
		},
		{
			"UPDATE gift_payments SET at = at + 86400000000 WHERE sequence = 2",
			"UPDATE gift_payments SET at = at - 86400000000 WHERE sequence = 2",
			", which is yet to come",
		},
		{
			"UPDATE gift_payments SET at = at - 86400000000 WHERE sequence = 2",
			"UPDATE gift_payments SET at = at + 86400000000 WHERE sequence = 2",
			"is of an earlier instant than one before it",
		},
		{
			"INSERT INTO gifts_set_aside (sequence, room, receiver, why, at) VALUES (2, 'show', 'hana', 'none', 1)",
			"DELETE FROM gifts_set_aside",
			"receiver hana: the server says 10 coins for 1 gifts are pending, but of what was given 0 for 0 were not settled",
		},
		{
			"UPDATE gift_payments SET request = 'x' WHERE sequence = 3",
			"UPDATE gift_payments SET request = gift WHERE sequence = 3",
			"has not the id that follows from its request",
		},
	} {
		change(harm.hurt)
		audit(exitFailed, harm.says)
		change(harm.mend)
	}
	audit(exitFailed, "transaction 3 ") // whose request nobody knows any more
	if stdout, _ := do(exitFailed, "audit", "ledger", "--no-progress", "--no-totals"); strings.Contains(stdout, "compared") {
		t.Errorf("without totals:\n%s", stdout)
	}
	do(exitUsage, "audit", "ledger", "--overdue", "0s")
}

// What is right is not called wrong while gifts are given and settled.
func TestAuditWhileGiftsAreGiven(t *testing.T) {
	t.Parallel()
	do := served(t)
	do(exitOK, "gift", "put", "rose", "--price", "10", "--points", "2")
	do(exitOK, "wallet", "deposit", "ann", "1000000")
	for _, room := range []string{"one", "two"} {
		do(exitOK, "room", "create", room, "--host", "hana")
	}
	over := make(chan struct{})
	var giving sync.WaitGroup
	for _, room := range []string{"one", "two"} {
		for _, receiver := range []string{"hana", "bob"} {
			giving.Go(func() {
				for {
					select {
					case <-over:
						return
					default:
						do(exitOK, "gift", "send", room, "rose", "--as", "ann", "--receiver", receiver)
					}
				}
			})
		}
	}
	for range 3 {
		if stdout, _ := do(exitOK, "audit", "ledger", "--no-progress"); strings.Contains(stdout, "WRONG") {
			t.Error(stdout)
		}
	}
	close(over)
	giving.Wait()
}
