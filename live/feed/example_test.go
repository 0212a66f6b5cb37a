package feed_test

import (
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
)

// A room keeps three messages of each bucket. A viewer reads along, looks away for
// too long, and is told exactly what they missed.
func Example() {
	var clock live.Clock
	log := feed.NewLog("opening night", 3)
	limits := feed.Limits{Rate: 200, WhitelistRate: 1000, Capacity: 3}
	rules := feed.DefaultRules()
	say := func(kind feed.Kind, text string) {
		log.Append(&clock, 1_000_000, feed.Draft{
			Content: feed.Content{Kind: kind, Sender: "ann", Text: text},
			Bucket:  rules.Bucket(kind, live.RoleViewer),
		}, limits)
	}
	var cursor feed.Cursor
	pull := func() {
		batch := log.Rings().Select(cursor, 10)
		for _, m := range batch.Messages {
			fmt.Println(m.Bucket, m.Sequence, m.Text)
		}
		fmt.Println("dropped:", batch.Dropped[feed.High], "high,", batch.Dropped[feed.Low], "low")
		cursor = batch.Cursor
	}

	say(feed.KindText, "hello")
	pull()

	for i := range 5 {
		say(feed.KindText, fmt.Sprint("la ", i+1))
	}
	say(feed.KindGift, "a rose")
	pull()

	// Output:
	// low 1 hello
	// dropped: 0 high, 0 low
	// high 1 a rose
	// low 4 la 3
	// low 5 la 4
	// low 6 la 5
	// dropped: 0 high, 2 low
}
