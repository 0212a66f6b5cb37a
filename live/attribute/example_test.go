package attribute_test

import (
	"errors"
	"fmt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// A viewer takes a free seat; the next one comes too late; the seat is free again
// when its owner leaves. A reader follows all of it.
func Example() {
	seats, reader, limits := attribute.NewMap(), attribute.NewReplica(), attribute.DefaultLimits()
	var clock live.Clock
	take := func(user live.UserID) error {
		p, err := seats.Plan(attribute.Actor{User: user}, limits, []attribute.Update{{
			Key: "seat/1", Value: []byte(user), IfTimestamp: new(live.Timestamp(0)), DeleteOnLeave: true,
		}})
		if err == nil && !p.Empty() {
			reader.Apply(seats.Commit(p, clock.Next(1_000_000), limits))
		}
		return err
	}

	fmt.Println("alice:", take("alice"))
	err := take("bob")
	fmt.Println("bob:", err)
	if conflict, ok := errors.AsType[*attribute.ConflictError](err); ok {
		fmt.Println("taken at", conflict.Timestamp.Time().Format("15:04:05.000000"))
	}
	fmt.Println("the reader sees", len(reader.All()))

	reader.Apply(seats.Commit(seats.Leave("alice"), clock.Next(1_000_000), limits))
	fmt.Println("alice left, the reader sees", len(reader.All()))
	fmt.Println("bob:", take("bob"))

	// Output:
	// alice: <nil>
	// bob: attribute "seat/1" is at timestamp 1000000
	// taken at 00:00:01.000000
	// the reader sees 1
	// alice left, the reader sees 0
	// bob: <nil>
}

// A reader that comes back pulls what it missed, or starts from a snapshot where
// the log is no longer long enough.
func ExampleMap_Since() {
	room, reader, limits := attribute.NewMap(), attribute.NewReplica(), attribute.DefaultLimits()
	limits.Log = 2
	host := attribute.Actor{User: "host", Privileged: true}
	score := func(value string, at live.Timestamp) {
		p, _ := room.Plan(host, limits, []attribute.Update{{Key: "score", Value: []byte(value)}})
		room.Commit(p, at, limits)
	}
	pull := func() {
		changes, ok := room.Since(reader.Timestamp())
		if ok && reader.Apply(changes) {
			fmt.Print("changes: ", len(changes.List))
		} else {
			reader.Reset(room.Snapshot())
			fmt.Print("snapshot")
		}
		a, _ := reader.Get("score")
		fmt.Printf(", score %s at %d\n", a.Value, reader.Timestamp())
	}

	score("1:0", 10)
	score("1:1", 20)
	pull()
	score("2:1", 30)
	score("3:1", 40)
	score("4:1", 50)
	pull()

	// Output:
	// changes: 2, score 1:1 at 20
	// snapshot, score 4:1 at 50
}
