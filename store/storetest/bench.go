package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

// Benchmark measures each role, each with a store of its own.
func Benchmark(b *testing.B, open Open) {
	b.Helper()
	benchmarks := []struct {
		name string
		run  func(b *testing.B, s *rig)
	}{
		{"Append/room", func(b *testing.B, s *rig) { benchmarkAppend(b, s, 1) }},
		{"Append/rooms", func(b *testing.B, s *rig) { benchmarkAppend(b, s, 1000) }},
		{"Read/latest", benchmarkReadLatest},
		{"Read/next", benchmarkReadNext},
		{"UpdateAttributes", benchmarkUpdateAttributes},
		{"AttributesSince", benchmarkAttributesSince},
		{"JoinLeave", benchmarkJoinLeave},
		{"Renew", benchmarkRenew},
		{"Standing", benchmarkStanding},
		{"WordsRevision", benchmarkWordsRevision},
		{"Answers", benchmarkAnswers},
		{"PublishHear/1", func(b *testing.B, s *rig) { benchmarkPublishHear(b, s, 1) }},
		{"PublishHear/100", func(b *testing.B, s *rig) { benchmarkPublishHear(b, s, 100) }},
	}
	for _, benchmark := range benchmarks {
		b.Run(benchmark.name, func(b *testing.B) {
			s := newRig(b, open)
			b.ReportAllocs()
			benchmark.run(b, s)
		})
	}
}

// newRooms creates n rooms and returns their ids.
func (s *rig) newRooms(n int) []live.RoomID {
	all := make([]live.RoomID, n)
	for i := range all {
		all[i] = s.create(live.RoomID(fmt.Sprint("room ", i))).ID
	}
	return all
}

// everyone calls f from many at once, each with a number of its own.
func everyone(b *testing.B, f func(n int)) {
	b.Helper()
	var next atomic.Int64
	b.ResetTimer()
	b.SetParallelism(16) // for backends that are waited for
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			f(int(next.Add(1)))
		}
	})
}

func benchmarkAppend(b *testing.B, s *rig, rooms int) {
	b.Helper()
	all, d := s.newRooms(rooms), draft("ann", "A text of the length that most are of.")
	everyone(b, func(n int) { s.appendUnder(all[n%len(all)], d, under(roomy)) })
}

func benchmarkReadLatest(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	s.sendAll(id, drafts(1000))
	everyone(b, func(int) { s.read(id, feed.Cursor{}, feed.FirstPull) })
}

func benchmarkReadNext(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	s.sendAll(id, drafts(900))
	cursor := s.head(id).Cursor
	s.sendAll(id, drafts(20))
	everyone(b, func(int) { s.read(id, cursor, feed.FirstPull) })
}

func benchmarkUpdateAttributes(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	everyone(b, func(n int) {
		value := fmt.Sprint(n)
		s.apply(id, batch("", set(fmt.Sprint("a", n%50), value), set(fmt.Sprint("b", n%50), value)))
	})
}

func benchmarkAttributesSince(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	var after live.Timestamp
	for i := range 100 {
		at := s.put(id, fmt.Sprint(i), "value").Timestamp
		if i == 90 {
			after = at
		}
	}
	everyone(b, func(int) { s.since(id, "", after) })
}

// benchmarkJoinLeave settles what was left as a server does: some together.
func benchmarkJoinLeave(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	var mu sync.Mutex
	var owed []store.Ended
	owe := func(ended []store.Ended) (due []store.Ended) {
		mu.Lock()
		defer mu.Unlock()
		if owed = append(owed, ended...); len(owed) >= 100 {
			due, owed = owed, nil
		}
		return due
	}
	everyone(b, func(n int) {
		user, session := live.UserID(fmt.Sprint("user ", n)), live.SessionID(fmt.Sprint("session ", n))
		s.joinFor(id, stay(user, session), time.Minute)
		if due := owe(s.depart(store.Departure{Room: id, User: user, Session: session})); len(due) > 0 {
			s.settle(due)
		}
	})
}

func benchmarkRenew(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	var sessions []room.Session
	for i := range 100 {
		session := live.SessionID(fmt.Sprint(i))
		sessions = append(sessions, s.enter(id, live.UserID(session), session))
	}
	everyone(b, func(int) { s.renew(id, time.Hour, sessions...) })
}

func benchmarkWordsRevision(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	s.putWords(id, words.Change{List: "l", Words: wordsOf("a")})
	everyone(b, func(int) {
		if _, _, err := s.Words.WordsRevision(b.Context(), id); err != nil {
			b.Error(err)
		}
	})
}

// benchmarkStanding asks, as every call does, for users on whom nothing acts.
func benchmarkStanding(b *testing.B, s *rig) {
	id := s.newRooms(1)[0]
	for i := range 1000 {
		s.sanction(order(id, moderation.Ban, live.UserID(fmt.Sprint("banned ", i))))
	}
	everyone(b, func(int) {
		if got, err := s.Sanctions.Standing(b.Context(), id, "ann"); err != nil || got.Banned.Acts() {
			b.Errorf("%+v, %v", got, err)
		}
	})
}

// benchmarkPublishHear measures how long a message takes to be heard by all.
func benchmarkPublishHear(b *testing.B, s *rig, followers int) {
	b.Helper()
	id := s.newRooms(1)[0]
	var heard atomic.Int64
	all := make(chan struct{}, 1)
	for range followers {
		stop, err := s.Bus.Follow(b.Context(), id, func(store.Publication) {
			if heard.Add(1)%int64(followers) == 0 {
				all <- struct{}{}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(stop)
	}
	for b.Loop() {
		s.appendUnder(id, draft("ann", "hello"), under(roomy))
		<-all
	}
}
