package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/redis"
)

// theSlot is one that tests put things into.
var theSlot = quiz.Slot{Ref: quiz.Ref{Room: "r", Quiz: "q"}, Question: 1, Shard: 7}

// answersOf returns an answer of each user.
func answersOf(users ...live.UserID) []quiz.Answer {
	all := make([]quiz.Answer, len(users))
	for i, user := range users {
		all[i] = quiz.Answer{User: user, Option: 2, Received: live.Timestamp(1000 + i)}
	}
	return all
}

// give puts answers into a slot, and returns its life.
func give(t *testing.T, s *redis.Store, slot quiz.Slot, users ...live.UserID) store.SlotLife {
	t.Helper()
	life, receipts, err := s.PutAnswers(t.Context(), slot, true, answersOf(users...))
	if err != nil || len(receipts) != len(users) {
		t.Fatalf("PutAnswers = %+v, %v", receipts, err)
	}
	return life
}

// lifeOf returns a slot's life once Redis answers.
func lifeOf(t *testing.T, s *redis.Store, slot quiz.Slot) (life store.SlotLife) {
	t.Helper()
	eventually(t, "the slots' lives are told", func() bool {
		lives, err := s.SlotLives(t.Context(), slot.Ref, slot.Question)
		life = lives[slot.Shard]
		return err == nil
	})
	return life
}

// sealed seals a slot and returns who is in it.
func sealed(t *testing.T, s *redis.Store, slot quiz.Slot) (users []live.UserID) {
	t.Helper()
	_, evidence, err := s.Seal(t.Context(), slot)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range evidence {
		users = append(users, e.User)
	}
	return users
}

// A slot whose Redis started again may have lost answers: its life says so, it takes them
// again, and is not sealed until there was time for that.
func TestSlotsOfARedisThatStartsAgain(t *testing.T) {
	t.Parallel()
	for name, restart := range map[string]func(t *testing.T, r *services.Redis){
		"with all of it": func(t *testing.T, r *services.Redis) { t.Helper(); r.Restart(t) },
		"with half of it": func(t *testing.T, r *services.Redis) {
			t.Helper()
			r.Kill()
			r.Start(t)
		},
		"empty": func(t *testing.T, r *services.Redis) { t.Helper(); r.RestartEmpty(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := services.NewRedis(t)
			patient := connect(t, redis.Config{URL: r.URL(), Prefix: "p:", PutAgain: time.Hour})
			s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
			life := give(t, s, theSlot, "ann")
			r.Do(t, "SAVE")
			if now := give(t, s, theSlot, "bob"); now != life {
				t.Errorf("life %q of the slot, and %q", life, now)
			}
			restart(t, r)
			another := lifeOf(t, s, theSlot)
			if another == life {
				t.Error("the slot lives on as if nothing had happened")
			}
			if _, _, err := patient.Seal(t.Context(), theSlot); !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("sealed before anyone could put again what was lost: %v", err)
			}
			if now := give(t, s, theSlot, "ann", "bob"); now == life || another != "" && now != another {
				t.Errorf("life %q, after %q", now, another)
			}
			if got := sealed(t, s, theSlot); !slices.Equal(got, []live.UserID{"ann", "bob"}) {
				t.Errorf("sealed with %q", got)
			}
			if _, evidence, err := patient.Seal(t.Context(), theSlot); err != nil || len(evidence) != 2 {
				t.Errorf("what is sealed: %+v, %v", evidence, err)
			}
		})
	}
}

// Slots of a Redis that has lost all, though it went on, are not sealed until there was time to
// put again what they had, whether anybody has looked at them since or not; those of a quiz
// that was just created, or opened long enough ago, are at once.
func TestSlotsThatAreLostAreNotSealedAtOnce(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	patient := connect(t, redis.Config{URL: r.URL(), Prefix: "p:", PutAgain: time.Hour})
	brisk := connect(t, redis.Config{URL: r.URL(), Prefix: "p:", PutAgain: time.Microsecond})
	open := func(created bool) {
		t.Helper()
		if err := s.OpenAnswers(t.Context(), theSlot.Ref, created); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(when string, slot quiz.Slot) {
		t.Helper()
		if _, _, err := patient.Seal(t.Context(), slot); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s it is sealed: %v", when, err)
		}
	}
	empty := theSlot
	empty.Shard++
	open(true)
	give(t, s, theSlot, "ann")
	for _, slot := range []quiz.Slot{theSlot, empty} {
		if _, _, err := patient.Seal(t.Context(), slot); err != nil {
			t.Errorf("of a new quiz: %v", err)
		}
	}
	r.Do(t, "FLUSHALL")
	refused("lost, and not looked at,", theSlot)
	refused("lost and looked at", theSlot)
	give(t, s, empty, "ann")
	refused("lost and put again", empty)
	r.Do(t, "FLUSHALL")
	if life := lifeOf(t, s, theSlot); life != "" {
		t.Errorf("life %q of a slot that was lost", life)
	}
	if got := fmt.Sprint(r.Do(t, "EXISTS", "p:{r/q/8}:quiz")); got != "1" { // the time begins, though the slot is empty
		t.Errorf("looked at after it was lost there are %s books", got)
	}
	next := theSlot
	next.Question = 2
	r.Do(t, "FLUSHALL")
	open(false)
	refused("opened after it was lost", theSlot)
	if err := s.PutStandings(t.Context(), theSlot, nil); err != nil {
		t.Fatal(err)
	}
	refused("whose standings were put again", next)
	r.Do(t, "FLUSHALL")
	open(true) // another quiz
	if _, _, err := s.PutAnswersAgain(t.Context(), theSlot, true, answersOf("ann")); err != nil {
		t.Fatal(err)
	}
	refused("a moment after something was put again", theSlot)
	eventually(t, "the slot is sealed", func() bool {
		_, evidence, err := brisk.Seal(t.Context(), theSlot)
		return err == nil && len(evidence) == 1
	})
}

// Evidence of a slot of a Redis that has lost all, or that started again, is not all until
// there was time to put again what it had, also where some of it was put again already; that
// of an empty slot that lost nothing is.
func TestEvidenceSaysWhatMayBeLost(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	patient := connect(t, redis.Config{URL: r.URL(), Prefix: "p:", PutAgain: time.Hour})
	brisk := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	want := func(when string, s *redis.Store, sealed, whole bool, option quiz.Option) {
		t.Helper()
		eventually(t, "the slot's evidence is told", func() bool {
			life, got, err := s.EvidenceOf(t.Context(), theSlot, sealed, []live.UserID{"ann"})
			if err == nil && ((life != "") != whole || len(got) != 1 || got[0].Option != option) {
				t.Errorf("%s: %q, %+v", when, life, got)
			}
			return err == nil
		})
	}
	if err := brisk.OpenAnswers(t.Context(), theSlot.Ref, true); err != nil {
		t.Fatal(err)
	}
	want("nobody answered", patient, false, true, 0)
	r.Do(t, "FLUSHALL")
	want("lost, and not looked at", brisk, false, false, 0)
	lifeOf(t, brisk, theSlot) // the time begins
	want("lost and looked at", patient, false, false, 0)
	want("lost long ago", brisk, false, true, 0)
	want("sealed and lost", brisk, true, false, 0)
	give(t, brisk, theSlot, "ann")
	want("put again", patient, false, false, 2)
	want("put again long ago", brisk, false, true, 2)
	sealed(t, brisk, theSlot)
	r.Do(t, "SAVE")
	r.Restart(t)
	want("sealed", patient, true, true, 2)
	another := theSlot
	another.Ref.Quiz = "another"
	if err := brisk.OpenAnswers(t.Context(), another.Ref, true); err != nil {
		t.Fatal(err)
	}
	r.Do(t, "SAVE")
	r.Restart(t)
	eventually(t, "the evidence of a quiz that had a life before is told", func() bool {
		life, _, err := patient.EvidenceOf(t.Context(), another, false, []live.UserID{"ann"})
		if err == nil && life != "" {
			t.Errorf("started again, and nobody had time: %q", life)
		}
		return err == nil
	})
}

// What is sealed is read whole, or not at all.
func TestSealedSlotIsReadWhole(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	give(t, s, theSlot, "ann", "bob")
	r.Do(t, "HSET", "p:{r/q/7}:answers1", "cy", "\x01"+strings.Repeat("\x00", 15))
	if _, evidence, err := s.Seal(t.Context(), theSlot); err == nil {
		t.Errorf("a record that is cut off reads as %+v", evidence)
	}
	r.Do(t, "HDEL", "p:{r/q/7}:answers1", "cy")
	if got := sealed(t, s, theSlot); !slices.Equal(got, []live.UserID{"ann", "bob"}) {
		t.Errorf("sealed with %q", got)
	}
}

// Everything goes by itself one day, and what slots held goes once two questions have come
// after it.
func TestAnswersDoNotStay(t *testing.T) {
	t.Parallel()
	r := services.NewRedis(t)
	s := connect(t, redis.Config{URL: r.URL(), Prefix: "p:"})
	note := []quiz.Note{{Kind: quiz.Delivered, User: "ann", At: 1, Session: "s"}}
	for n := range quiz.Number(4) {
		slot := theSlot
		slot.Question = n + 1
		give(t, s, slot, "ann")
		if _, _, err := s.PutNotes(t.Context(), slot, note); err != nil {
			t.Fatal(err)
		}
		sealed(t, s, slot)
		player := quiz.Player{User: "ann", Status: quiz.Playing, After: n + 1}
		if err := s.PutStandings(t.Context(), slot, []quiz.Player{player}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"answers3", "answers4", "notes3", "notes4", "quiz", "standings"}
	if got := r.Do(t, "EVAL", "local k = redis.call('KEYS', '*') table.sort(k) return table.concat(k, ' ')", "0"); got !=
		"p:{r/q/7}:"+strings.Join(want, " p:{r/q/7}:") {
		t.Errorf("there is %v", got)
	}
	for _, key := range want {
		left := fmt.Sprint(r.Do(t, "TTL", "p:{r/q/7}:"+key))
		if n := len(left); n != 5 { // of 90,000 seconds
			t.Errorf("%s is kept for %s seconds", key, left)
		}
	}
	if err := s.DropAnswers(t.Context(), theSlot.Ref); err != nil {
		t.Fatal(err)
	}
	if left := fmt.Sprint(r.Do(t, "DBSIZE")); left != "0" {
		t.Errorf("%s keys are left", left)
	}
}

// A cluster shares a quiz, and goes on when a primary is lost: what it had not handed on yet
// is put again.
func TestAnswersOnACluster(t *testing.T) {
	t.Parallel()
	c := services.NewCluster(t)
	s := connect(t, redis.Config{URL: c.URL(), Prefix: "c:"})
	shards := make(map[int][]int) // by primary
	slots := make(map[int]int)
	for shard := range quiz.Shards {
		slots[shard] = c.Slot(t, fmt.Sprintf("c:{r/q/%d}:quiz", shard))
		primary := c.Primary(t, slots[shard])
		shards[primary] = append(shards[primary], shard)
	}
	if len(shards) != 3 {
		t.Fatalf("%d primaries share the quiz, want 3", len(shards))
	}
	put := func(shard int) error {
		at := theSlot
		at.Shard = shard
		_, _, err := s.PutAnswers(t.Context(), at, true, answersOf(live.UserID(fmt.Sprint("ann of ", shard)), "bob"))
		return err
	}
	for shard := range quiz.Shards {
		if err := put(shard); err != nil {
			t.Fatal(err)
		}
	}
	before, err := s.SlotLives(t.Context(), theSlot.Ref, 1)
	if err != nil {
		t.Fatal(err)
	}
	c.MigrateSlot(t, slots[0])
	c.Await(t)
	lost := c.Primary(t, slots[1])
	c.Kill(t, slots[1])
	var after [quiz.Shards]store.SlotLife
	eventually(t, "all slots' lives are told", func() bool {
		after, err = s.SlotLives(t.Context(), theSlot.Ref, 1)
		return err == nil
	})
	for shard := range quiz.Shards {
		of := slices.Contains(shards[lost], shard)
		if of && shard != 0 && after[shard] == before[shard] {
			t.Errorf("shard %d lives on, though its primary is lost", shard)
		}
		if after[shard] != before[shard] {
			eventually(t, "answers are put again", func() bool { return put(shard) == nil })
		}
	}
	counts, err := s.AnswerCounts(t.Context(), theSlot.Ref, 1)
	if err != nil || counts != [quiz.MaxOptions]int64{1: 2 * quiz.Shards} {
		t.Errorf("counts %v, %v", counts, err)
	}
	for shard := range quiz.Shards {
		at := theSlot
		at.Shard = shard
		if got := sealed(t, s, at); !slices.Equal(got, []live.UserID{live.UserID(fmt.Sprint("ann of ", shard)), "bob"}) {
			t.Errorf("shard %d is sealed with %q", shard, got)
		}
	}
}
