package moderation_test

import (
	"fmt"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

// BenchmarkTerms is what a call pays for knowing how its caller stands, in a book of
// nothing, and in one of many.
func BenchmarkTerms(b *testing.B) {
	for _, n := range []int{0, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			book := moderation.NewBook(100)
			for i := range n {
				o := moderation.Order{Kind: moderation.Ban, User: live.UserID(fmt.Sprint("u", i))}
				if _, err := book.Apply(o, fmt.Sprint(i), live.Timestamp(i), moderation.Terms{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if book.Terms("ann", 1).Banned.Acts() {
					b.Fatal("banned")
				}
			}
		})
	}
}

// BenchmarkApply is a sanction in a book that is full of the past.
func BenchmarkApply(b *testing.B) {
	book := moderation.NewBook(5000)
	b.ReportAllocs()
	at := live.Timestamp(0)
	for b.Loop() {
		at++
		if _, err := book.Apply(moderation.Order{Kind: moderation.Mute, User: "ann"}, "id", at, moderation.Terms{}); err != nil {
			b.Fatal(err)
		}
	}
}
