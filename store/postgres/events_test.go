package postgres

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// waiting waits until a transaction of a database waits for another's lock.
func waiting(t *testing.T, s *Store) {
	t.Helper()
	const ask = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		n := 0
		if err := s.pool.QueryRow(t.Context(), ask).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody waits")
		}
	}
}

// A transaction that has its position and is not committed holds up those that come after
// it, and no reader gets past it.
func TestReadersDoNotPassWhatIsNotCommitted(t *testing.T) {
	t.Parallel()
	for name, commits := range map[string]bool{"that commits": true, "that is given up": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := migrated(t, Config{})
			first := begin(t, s)
			_, err := first.Exec(t.Context(), statement("append events"),
				nil, []string{"first"}, []string{"r"}, []int64{1}, []int16{1}, [][]byte{{}})
			if err != nil {
				t.Fatal(err)
			}
			appended := make(chan error, 1)
			go func() { appended <- s.AppendEvents(t.Context(), []store.Event{{ID: "second", Room: "r"}}) }()
			waiting(t, s)
			page, err := s.Events(t.Context(), store.EventQuery{Limit: 10})
			if err != nil || len(page.Events) > 0 || page.Next != 0 || page.More {
				t.Errorf("before either is committed: %+v, %v", page, err)
			}
			want := []string{"second"}
			if commits {
				want, err = []string{"first", "second"}, first.Commit(t.Context())
			} else {
				err = first.Rollback(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := <-appended; err != nil {
				t.Fatal(err)
			}
			page, err = s.Events(t.Context(), store.EventQuery{After: page.Next, Limit: 10})
			if err != nil || len(page.Events) != len(want) {
				t.Fatalf("%+v, %v; want %q", page, err, want)
			}
			for i, e := range page.Events {
				if e.ID != want[i] {
					t.Errorf("event %d is %q, want %q", i, e.ID, want[i])
				}
			}
		})
	}
}

// begin begins a transaction until the test is over.
func begin(t *testing.T, s *Store) pgx.Tx {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }) // it may be over
	return tx
}

// Whatever is in an event comes back, however statements are sent.
func TestEventsInEveryMode(t *testing.T) {
	t.Parallel()
	want := []store.Event{
		{Position: 1, ID: "a \x00 '\"{},\\", Room: "r \x01", At: 1, Kind: 32_767, Payload: []byte("\x00\xff'\\{}\",")},
		{Position: 2, ID: "\u00c4", At: 1 << 52, Payload: []byte{}},
		{Position: 3, ID: "NULL", Room: "NULL", Kind: -1, Payload: []byte("NULL")},
	}
	for mode := range protocols {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			now := live.Timestamp(7)
			s := migrated(t, Config{ExecMode: mode, Clock: func() live.Timestamp { return now }})
			if err := s.AppendEvents(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			q := store.EventQuery{
				EventFilter: store.EventFilter{Rooms: []live.RoomID{"r \x01", "", "NULL"}, Kinds: []store.EventKind{32_767, 0, -1}},
				Limit:       10,
			}
			page, err := s.Events(t.Context(), q)
			if err != nil || len(page.Events) != len(want) || page.Next != 3 || page.More {
				t.Fatalf("%+v, %v", page, err)
			}
			for i, e := range page.Events {
				w := want[i]
				if w.Recorded = now; !reflect.DeepEqual(e, w) {
					t.Errorf("%+v, want %+v", e, w)
				}
			}
		})
	}
}

// Many events at once are as those that come one by one: each once, in order, without a hole.
func TestManyEventsAtOnce(t *testing.T) {
	t.Parallel()
	s := migrated(t, Config{})
	event := func(n int) store.Event {
		return store.Event{ID: fmt.Sprint("event \x00 ", n), Room: "r \x01", At: live.Timestamp(n), Kind: 7, Payload: []byte{0, byte(n)}}
	}
	var few, many []store.Event
	for n := range 10 {
		few = append(few, event(n))
	}
	for n := range 2 * copied {
		many = append(many, event(5+n%(copied+50)))
	}
	for _, some := range [][]store.Event{few, many, many, {event(1000)}} {
		if err := s.AppendEvents(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.Events(t.Context(), store.EventQuery{Limit: 1000})
	if err != nil || len(page.Events) != copied+56 {
		t.Fatalf("%d events, %v; want %d", len(page.Events), err, copied+56)
	}
	for i, got := range page.Events {
		want := event(i)
		if i == copied+55 {
			want = event(1000)
		}
		if want.Position = store.EventPosition(i + 1); !sameEvent(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
	}
}

// sameEvent says whether two events are one, whenever it was recorded.
func sameEvent(a, b store.Event) bool {
	a.Recorded, b.Recorded = 0, 0
	return reflect.DeepEqual(a, b)
}
