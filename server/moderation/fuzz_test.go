package moderation_test

import (
	"errors"
	"testing"

	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// FuzzPlace: whatever place a page token stands for, there is a page or none of ours.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"", " ", "z", "a b", "0 ", "-1 x", "zzzzzzzzzzzzzzzz id", "1y2p0ij32e8e7 \x00"} {
		f.Add(seed)
	}
	h := setup(f)
	for range 3 {
		h.apply(order(rules.Mute, "r", "ann"))
	}
	f.Fuzz(func(t *testing.T, place string) {
		token := page.List("sanctions r").Token(place)
		q := store.SanctionQuery{Room: "r", Query: rules.Query{Past: true, Limit: 2}}
		got, next, err := h.List(t.Context(), backend, q, token)
		if err != nil && !errors.Is(err, page.ErrToken) || len(got) > 2 {
			t.Fatalf("%q: %+v, %q, %v", place, got, next, err)
		}
	})
}
