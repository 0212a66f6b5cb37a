package chat_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/page"
)

// history pages through a span.
func (h house) history(t *testing.T, span chat.Span) (all []live.Timestamp) {
	t.Helper()
	for {
		got, next, err := h.History(t.Context(), as("u", live.RoleViewer), "r", span)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > span.Size || next != "" && len(got) < span.Size {
			t.Errorf("a page of %d has %d, and then %q", span.Size, len(got), next)
		}
		for _, m := range got {
			all = append(all, m.Timestamp)
		}
		if span.Token = next; next == "" {
			return all
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.change(t, room.SettingsChange{Rate: new(100_000), WhitelistRate: new(100_000)})
	var want []live.Timestamp
	for i := range 1000 {
		p := as("u", live.RoleViewer)
		if i%3 == 0 {
			p.Role = live.RoleHost
		}
		receipt, err := h.Send(t.Context(), p, "r", text("x"))
		if err != nil || receipt.Outcome != feed.Accepted {
			t.Fatal(receipt, err)
		}
		want = append(want, receipt.Place.Timestamp)
	}
	for _, size := range []int{1, 7, 500, 999, 1000} {
		if got := h.history(t, chat.Span{Size: size}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d messages", size, len(got))
		}
	}
	if got := h.history(t, chat.Span{Size: 7, From: want[10], Until: want[20]}); !slices.Equal(got, want[10:20]) {
		t.Errorf("a span: %v, want %v", got, want[10:20])
	}
	if got := h.history(t, chat.Span{Size: 7, From: want[20], Until: want[10]}); got != nil {
		t.Errorf("a span backwards: %v", got)
	}
}

func TestHistoryTokensOfOtherLists(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, token := range []string{"demo", "!", page.List("rooms").Token("zz"), page.List("history s").Token("zz"), page.List("history r").Token("-1"), page.List("history r").Token("not a number")} {
		_, _, err := h.History(t.Context(), as("u", live.RoleViewer), "r", chat.Span{Size: 1, Token: token})
		if !errors.Is(err, page.ErrToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// A page of large messages has fewer than asked for, and goes on.
func TestHistoryIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.change(t, room.SettingsChange{MaxTextLength: new(10_000)})
	long := strings.Repeat("\u5b57", 10_000)
	for range 100 {
		if _, err := h.Send(t.Context(), as("u", live.RoleViewer), "r", text(long)); err != nil {
			t.Fatal(err)
		}
	}
	seen, pages := 0, 0
	for span := (chat.Span{Size: 1000}); ; pages++ {
		got, next, err := h.History(t.Context(), as("u", live.RoleViewer), "r", span)
		if err != nil || len(got) == 0 || len(got)*len(long) > feed.MaxBatchBytes {
			t.Fatalf("a page of %d, %v", len(got), err)
		}
		seen += len(got)
		if span.Token = next; next == "" {
			break
		}
	}
	if seen != 100 || pages == 0 {
		t.Errorf("%d messages on %d pages", seen, pages+1)
	}
}
