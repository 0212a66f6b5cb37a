package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// settling makes it a server that settles soon.
func settling(c *config.Config) { c.GiftSettleInterval = 200 * time.Millisecond }

// deposit gives a user coins.
func (n *node) deposit(t *testing.T, user string, coins int64) {
	t.Helper()
	_, err := n.backend(t).wallets.Deposit(t.Context(), &ovationv1.DepositRequest{
		UserId: user, Amount: coins, RequestId: fmt.Sprint(user, coins, time.Now().UnixNano()),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sells puts a gift up for sale.
func (n *node) sells(t *testing.T, g *ovationv1.Gift) {
	t.Helper()
	if _, err := n.backend(t).gifts.PutGift(t.Context(), &ovationv1.PutGiftRequest{Gift: g}); err != nil {
		t.Fatal(err)
	}
}

// rose is a gift with combos.
var rose = &ovationv1.Gift{GiftId: "rose", Name: "A rose", Price: 10, Points: 1, ComboWindow: durationpb.New(time.Minute)}

// hosted creates a room with a host.
func (n *node) hosted(t *testing.T, id, host string) {
	t.Helper()
	_, err := n.backend(t).rooms.CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: id, HostId: host})
	if err != nil {
		t.Fatal(err)
	}
}

// given reads a stream until it has told of so many settled coins and of so many gifts in
// messages, and returns the last of the counters.
func given(t *testing.T, s stream, coins, gifts int64) (last *ovationv1.GiftCounters) {
	t.Helper()
	seen := make(map[string]bool)
	for said := int64(0); last.GetCoins() < coins || said < gifts; {
		if !s.Receive() {
			t.Fatalf("of %d coins and %d gifts came %v and %d: %v", coins, gifts, last, said, s.Err())
		}
		if counted := s.Msg().GetCounters().GetGifts(); counted != nil {
			last = counted
		}
		for _, m := range s.Msg().GetBatch().GetBatch().GetMessages() {
			var g ovationv1.GiftMessage
			if m.GetKind() != ovationv1.MessageKind_MESSAGE_KIND_GIFT {
				continue
			}
			if err := proto.Unmarshal(m.GetPayload(), &g); err != nil || m.GetContentType() != "application/protobuf; message=ovation.v1.GiftMessage" {
				t.Fatalf("%v, %v", m, err)
			}
			if m.GetBucket() != ovationv1.Bucket_BUCKET_HIGH || g.GetReceiverId() != "host" || g.GetCoins() != 10*g.GetCount() || seen[m.GetClientMessageId()] {
				t.Errorf("a gift's message is %v of %v", m, &g)
			}
			seen[m.GetClientMessageId()] = true
			said += g.GetCount()
		}
	}
	return last
}

// give has viewers give over real connections, on two nodes, and checks what came of it.
func give(t *testing.T, a, b *node) {
	t.Helper()
	a.hosted(t, "r", "host")
	a.sells(t, rose)
	a.deposit(t, "ann", 100)
	if _, err := a.backend(t).gifts.PutGoal(t.Context(), &ovationv1.PutGoalRequest{RoomId: "r", Goal: &ovationv1.Goal{GoalId: "song", Title: "A song", Target: 50}}); err != nil {
		t.Fatal(err)
	}
	watching := inline(t, b.as(t, "bob", live.RoleViewer), "r")
	ann := a.as(t, "ann", live.RoleViewer)
	send := &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", Count: 3, ExpectedPrice: 10, RequestId: "one"}
	first, err := ann.gifts.SendGift(t.Context(), send)
	if err != nil || first.GetCoins() != 30 || first.GetBalance() != 70 || first.GetComboCount() != 3 || first.GetDuplicate() {
		t.Fatalf("%v, %v", first, err)
	}
	again, err := b.as(t, "ann", live.RoleViewer).gifts.SendGift(t.Context(), send)
	if err != nil || !again.GetDuplicate() || again.GetTransactionId() != first.GetTransactionId() || again.GetSentAt() != first.GetSentAt() || again.GetBalance() != 70 {
		t.Errorf("again: %v, %v", again, err)
	}
	other := proto.CloneOf(send)
	other.Count = 4
	if _, err := ann.gifts.SendGift(t.Context(), other); reason(err) != ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED {
		t.Errorf("another under the same id: %v", err)
	}
	next, err := b.backend(t).gifts.SendGift(t.Context(), &ovationv1.SendGiftRequest{
		RoomId: "r", GiftId: "rose", Count: 2, RequestId: "two", OnBehalfOf: "ann", OnBehalfOfName: "Ann",
	})
	if err != nil || next.GetComboId() != first.GetComboId() || next.GetComboCount() != 5 || next.GetBalance() != 50 {
		t.Errorf("%v, %v", next, err)
	}
	counted := given(t, watching, 50, 5)
	if counted.GetGifts() != 5 || counted.GetPoints() != 5 || len(counted.GetTopGivers()) != 1 || counted.GetTopGivers()[0].GetUserId() != "ann" ||
		counted.GetGoals()[0].GetProgress() != 50 || counted.GetGoals()[0].GetReachedAt() == 0 {
		t.Errorf("viewers are told %v", counted)
	}
	checkGiven(t, a, b)
}

// checkGiven checks what is said of the gifts that give has given.
func checkGiven(t *testing.T, a, b *node) {
	t.Helper()
	joined, err := b.as(t, "cem", live.RoleViewer).rooms.JoinRoom(t.Context(), &ovationv1.JoinRoomRequest{RoomId: "r"})
	if err != nil || len(joined.GetGifts()) != 1 || joined.GetGiftCounters().GetCoins() != 50 {
		t.Errorf("who joins is told %v of %v, %v", joined.GetGiftCounters(), joined.GetGifts(), err)
	}
	totals, err := a.as(t, "cem", live.RoleViewer).gifts.GetGiftTotals(t.Context(), &ovationv1.GetGiftTotalsRequest{RoomId: "r"})
	if err != nil || totals.GetSettled().GetCoins() != 50 || totals.GetPendingCoins() != 0 || totals.GetGivers() != 1 || totals.GetReceivers()[0].GetPoints() != 5 {
		t.Errorf("%v, %v", totals, err)
	}
	balance, err := a.as(t, "host", live.RoleHost).wallets.GetBalance(t.Context(), &ovationv1.GetBalanceRequest{})
	if b := balance.GetBalance(); err != nil || b.GetCoins() != 50 || b.GetPendingCoins() != 0 || b.GetPoints() != 5 || b.GetUserId() != "host" {
		t.Errorf("%v, %v", balance, err)
	}
	page, err := a.as(t, "host", live.RoleHost).wallets.ListLedger(t.Context(), &ovationv1.ListLedgerRequest{})
	var paid int64
	for _, tx := range page.GetTransactions() {
		for _, p := range tx.GetPostings() {
			if p.GetAccount().GetOwnerId() != "host" {
				t.Errorf("the host sees %v of another", p)
			}
			if p.GetAccount().GetKind() == ovationv1.AccountKind_ACCOUNT_KIND_USER {
				paid += p.GetAmount()
			}
		}
	}
	if err != nil || paid != 50 {
		t.Errorf("%v, %v", page, err)
	}
}

func TestGifts(t *testing.T) {
	t.Parallel()
	n := start(t, settling)
	give(t, n, n)
}

func TestGiftsOnTwoNodes(t *testing.T) {
	t.Parallel()
	on := shared(t)
	give(t, start(t, on, settling), start(t, on, settling))
}

// What cannot be given says why, and nothing is paid.
func TestGiftsThatAreRefused(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.hosted(t, "r", "host")
	n.create(t, "hostless")
	n.sells(t, rose)
	n.sells(t, &ovationv1.Gift{GiftId: "elsewhere", Name: "x", Price: 1, RoomId: "hostless"})
	n.sells(t, &ovationv1.Gift{GiftId: "old", Name: "x", Price: 1, Retired: true})
	n.deposit(t, "ann", 9)
	ann := n.as(t, "ann", live.RoleViewer).gifts
	for name, tt := range map[string]struct {
		edit func(*ovationv1.SendGiftRequest)
		want ovationv1.ErrorReason
		fact string
	}{
		"too poor":            {func(*ovationv1.SendGiftRequest) {}, ovationv1.ErrorReason_ERROR_REASON_INSUFFICIENT_FUNDS, "balance 9"},
		"no such gift":        {func(r *ovationv1.SendGiftRequest) { r.GiftId = "none" }, ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND, ""},
		"another room's gift": {func(r *ovationv1.SendGiftRequest) { r.GiftId = "elsewhere" }, ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND, ""},
		"retired":             {func(r *ovationv1.SendGiftRequest) { r.GiftId = "old" }, ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND, ""},
		"another price":       {func(r *ovationv1.SendGiftRequest) { r.ExpectedPrice = 9 }, ovationv1.ErrorReason_ERROR_REASON_GIFT_PRICE_CHANGED, "price 10"},
		"to oneself":          {func(r *ovationv1.SendGiftRequest) { r.ReceiverId = "ann" }, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "field receiver_id"},
		"to nobody":           {func(r *ovationv1.SendGiftRequest) { r.RoomId = "hostless" }, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "field receiver_id"},
		"nowhere":             {func(r *ovationv1.SendGiftRequest) { r.RoomId = "nowhere" }, ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND, ""},
		"for another":         {func(r *ovationv1.SendGiftRequest) { r.OnBehalfOf = "bob" }, ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN, ""},
		"without a request":   {func(r *ovationv1.SendGiftRequest) { r.RequestId = "" }, ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD, ""},
	} {
		r := &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: name}
		tt.edit(r)
		_, err := ann.SendGift(t.Context(), r)
		if reason(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
		if key, value, _ := strings.Cut(tt.fact, " "); detail(err).GetMetadata()[key] != value {
			t.Errorf("%s: told %v", name, detail(err).GetMetadata())
		}
	}
	b := n.backend(t)
	if _, err := b.moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: "r", UserId: "ann"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ann.SendGift(t.Context(), &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "x"}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED {
		t.Errorf("banned: %v", err)
	}
	if _, err := b.gifts.SendGift(t.Context(), &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "y", OnBehalfOf: "ann"}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_BANNED {
		t.Errorf("banned, by a backend: %v", err)
	}
	balance, err := b.wallets.GetBalance(t.Context(), &ovationv1.GetBalanceRequest{UserId: "ann"})
	if err != nil || balance.GetBalance().GetCoins() != 9 {
		t.Errorf("after all that %v, %v", balance, err)
	}
}

// A gift that was paid is answered as it was then, whatever has become of it since; one
// that was not cannot be sent any more.
func TestGiftsPaidBefore(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.hosted(t, "r", "host")
	n.sells(t, rose)
	n.deposit(t, "ann", 100)
	ann := n.as(t, "ann", live.RoleViewer).gifts
	send := &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "x", ExpectedPrice: 10}
	if _, err := ann.SendGift(t.Context(), send); err != nil {
		t.Fatal(err)
	}
	onBehalf := proto.CloneOf(send)
	onBehalf.OnBehalfOf = "ann"
	check := func(what string, fresh ovationv1.ErrorReason) {
		t.Helper()
		if got, err := n.backend(t).gifts.SendGift(t.Context(), onBehalf); err != nil || !got.GetDuplicate() {
			t.Errorf("%s: by a backend: %v, %v", what, got, err)
		}
		got, err := ann.SendGift(t.Context(), send)
		if err != nil || !got.GetDuplicate() || got.GetCoins() != 10 || got.GetBalance() != 90 {
			t.Errorf("%s: %v, %v", what, got, err)
		}
		if _, err := ann.SendGift(t.Context(), &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "y", ExpectedPrice: 10}); reason(err) != fresh {
			t.Errorf("%s: a fresh one: %v", what, err)
		}
	}
	dearer := proto.CloneOf(rose)
	dearer.Price = 11
	n.sells(t, dearer)
	check("dearer", ovationv1.ErrorReason_ERROR_REASON_GIFT_PRICE_CHANGED)
	dearer.Retired = true
	n.sells(t, dearer)
	check("retired", ovationv1.ErrorReason_ERROR_REASON_GIFT_NOT_FOUND)
	dearer.Retired, dearer.Price = false, 10
	n.sells(t, dearer)
	if _, err := n.backend(t).rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: "r"}); err != nil {
		t.Fatal(err)
	}
	check("ended", ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED)
	for _, place := range []string{"r", ""} {
		_, err := n.backend(t).moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: place, UserId: "ann"})
		if err != nil && reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED {
			t.Fatal(err)
		}
	}
	check("banned", ovationv1.ErrorReason_ERROR_REASON_BANNED)
	other := proto.CloneOf(send)
	other.Count = 2
	if _, err := ann.SendGift(t.Context(), other); reason(err) != ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED {
		t.Errorf("banned: another under the same id: %v", err)
	}
}

// A gift that is put on one node can be sent on another within about a second.
func TestTheCatalogueIsSeenByOtherNodes(t *testing.T) {
	t.Parallel()
	on := shared(t)
	a, b := start(t, on), start(t, on)
	a.hosted(t, "r", "host")
	a.sells(t, rose)
	a.deposit(t, "ann", 1000)
	ann := b.as(t, "ann", live.RoleViewer).gifts
	price := func() int64 {
		_, err := ann.SendGift(t.Context(), &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "x", ExpectedPrice: 1})
		var price int64
		_, _ = fmt.Sscan(detail(err).GetMetadata()["price"], &price)
		return price
	}
	if got := price(); got != 10 {
		t.Fatalf("it costs %d", got)
	}
	dearer := proto.CloneOf(rose)
	dearer.Price = 12
	a.sells(t, dearer)
	if got := price(); got != 12 { // whoever is shown another price is told what it is now
		t.Errorf("it costs %d", got)
	}
	if paid, err := ann.SendGift(t.Context(), &ovationv1.SendGiftRequest{RoomId: "r", GiftId: "rose", RequestId: "y", ExpectedPrice: 12}); err != nil || paid.GetCoins() != 12 {
		t.Errorf("at the new price: %v, %v", paid, err)
	}
}

// Deposits move coins once, and never more than there are.
func TestDeposits(t *testing.T) {
	t.Parallel()
	c := start(t).backend(t).wallets
	deposit := func(id string, amount int64) (*ovationv1.DepositResponse, error) {
		return c.Deposit(t.Context(), &ovationv1.DepositRequest{UserId: "ann", Amount: amount, Reference: "why", RequestId: id})
	}
	for range 2 {
		if got, err := deposit("in", 100); err != nil || got.GetBalance().GetCoins() != 100 {
			t.Errorf("%v, %v", got, err)
		}
	}
	if got, err := deposit("in", 100); err != nil || !got.GetDuplicate() {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := deposit("in", 101); reason(err) != ovationv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED {
		t.Errorf("another amount: %v", err)
	}
	if _, err := deposit("out", -101); reason(err) != ovationv1.ErrorReason_ERROR_REASON_INSUFFICIENT_FUNDS || detail(err).GetMetadata()["balance"] != "100" {
		t.Errorf("too much: %v", err)
	}
	if got, err := deposit("out", -100); err != nil || got.GetDuplicate() || got.GetBalance().GetCoins() != 0 {
		t.Errorf("%v, %v", got, err)
	}
	for i := range 1000 {
		if _, err := deposit(fmt.Sprint("much", i), 1_000_000_000_000_000); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := deposit("too much", 1); reason(err) != ovationv1.ErrorReason_ERROR_REASON_BALANCE_LIMIT {
		t.Errorf("beyond the limit: %v", err)
	}
}

// The ledger is listed in pages, either way, and everyone sees what is theirs.
func TestTheLedgerIsListed(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := n.backend(t).wallets
	for i := range 25 {
		n.deposit(t, fmt.Sprint("u", i%2), int64(i+1))
	}
	for _, newest := range []bool{false, true} {
		var seen []uint64
		request := &ovationv1.ListLedgerRequest{PageSize: 4, NewestFirst: newest}
		for first := true; first || request.PageToken != ""; first = false {
			page, err := c.ListLedger(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			for _, tx := range page.GetTransactions() {
				if n := len(seen); n > 0 && (seen[n-1] > tx.GetSequence()) != newest {
					t.Errorf("%d comes after %d", tx.GetSequence(), seen[n-1])
				}
				seen = append(seen, tx.GetSequence())
			}
			request.PageToken = page.GetNextPageToken()
		}
		if len(seen) != 25 {
			t.Errorf("%d transactions of 25 are listed", len(seen))
		}
	}
	u1 := n.as(t, "u1", live.RoleViewer).wallets
	own, err := u1.ListLedger(t.Context(), &ovationv1.ListLedgerRequest{})
	if err != nil || len(own.GetTransactions()) != 12 || len(own.GetTransactions()[0].GetPostings()) != 1 {
		t.Errorf("%v, %v", own, err)
	}
	for name, request := range map[string]*ovationv1.ListLedgerRequest{
		"another's":         {UserId: "u0"},
		"another's account": {Account: &ovationv1.Account{Kind: ovationv1.AccountKind_ACCOUNT_KIND_USER, OwnerId: "u0"}},
		"the world's":       {Account: &ovationv1.Account{Kind: ovationv1.AccountKind_ACCOUNT_KIND_EXTERNAL}},
	} {
		if _, err := u1.ListLedger(t.Context(), request); reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.ListLedger(t.Context(), &ovationv1.ListLedgerRequest{PageToken: "x"}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID {
		t.Errorf("a made-up token: %v", err)
	}
	if _, err := u1.GetBalance(t.Context(), &ovationv1.GetBalanceRequest{UserId: "u0"}); reason(err) != ovationv1.ErrorReason_ERROR_REASON_ROLE_FORBIDDEN {
		t.Errorf("another's balance: %v", err)
	}
	var listed []string
	accounts := &ovationv1.ListAccountsRequest{PageSize: 2}
	for first := true; first || accounts.PageToken != ""; first = false {
		page, err := c.ListAccounts(t.Context(), accounts)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.GetAccounts() {
			listed = append(listed, fmt.Sprint(a.GetAccount().GetOwnerId(), a.GetBalance()))
		}
		accounts.PageToken = page.GetNextPageToken()
	}
	if got := strings.Join(listed, " "); got != "u0169 u1156 -325" {
		t.Errorf("the accounts are %s", got)
	}
}

// A host's pot comes out of their balance.
func TestAHostPaysForThePot(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.hosted(t, "r", "host")
	host := n.as(t, "host", live.RoleHost)
	create := func() error {
		_, err := host.quizzes.CreateQuiz(t.Context(), &ovationv1.CreateQuizRequest{RoomId: "r", QuizId: "q", Rules: &ovationv1.QuizRules{Pot: proto.Int64(100)}})
		return err
	}
	if err := create(); reason(err) != ovationv1.ErrorReason_ERROR_REASON_INSUFFICIENT_FUNDS {
		t.Errorf("without coins: %v", err)
	}
	n.deposit(t, "host", 150)
	if err := create(); err != nil {
		t.Fatal(err)
	}
	has := func(want int64) {
		t.Helper()
		got, err := host.wallets.GetBalance(t.Context(), &ovationv1.GetBalanceRequest{})
		if err != nil || got.GetBalance().GetCoins() != want {
			t.Errorf("%v, %v", got, err)
		}
	}
	has(50)
	if _, err := host.quizzes.CancelQuiz(t.Context(), &ovationv1.CancelQuizRequest{RoomId: "r", QuizId: "q"}); err != nil {
		t.Fatal(err)
	}
	has(150)
}
