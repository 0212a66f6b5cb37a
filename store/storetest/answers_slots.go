package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

func sealedSlotTakesNothing(t *testing.T, s *rig) {
	users, slot := people(3, 3), slotOf("r", 1)
	a := answer(users[0], 1, 10)
	s.answers(slot, true, a)
	s.wantSeal(slot, answered(a))
	s.wantAnswers(slot, true, []quiz.Answer{answer(users[1], 1, 5)}, tooLate)
	for _, kind := range []quiz.NoteKind{quiz.Entered, quiz.Delivered, quiz.Granted, quiz.Revive} {
		note := quiz.Note{Kind: kind, User: users[0], At: 1, ID: "grant", Count: 1}
		if _, sealed, err := s.Answers.PutNotes(t.Context(), slot, []quiz.Note{note}); err != nil || !sealed {
			t.Errorf("a note of kind %d: sealed %v, %v", kind, sealed, err)
		}
	}
	s.wantSeal(slot, answered(a))
	empty := slot
	empty.Shard = 4
	s.wantSeal(empty)
	user := people(4, 1)[0]
	s.wantAnswers(empty, true, []quiz.Answer{answer(user, 1, 5)}, tooLate)
	s.wantSeal(empty)
	if counts := s.counted(slot.Ref, 1); counts != [quiz.MaxOptions]int64{1} {
		t.Errorf("counts %v", counts)
	}
}

// Who repeats an answer that counts gets it, sealed or not.
func sealedSlotKnowsItsAnswers(_ *testing.T, s *rig) {
	users, slot := people(3, 2), slotOf("r", 1)
	a := answer(users[0], 1, 10)
	s.answers(slot, true, a)
	s.seal(slot)
	s.wantAnswers(slot, true, []quiz.Answer{answer(users[1], 1, 5), answer(users[0], 2, 5)}, tooLate, repeated(a))
}

// A slot that nothing was put into lacks nothing once its quiz has begun, unless it was sealed
// and is no longer.
func emptySlotsHaveLives(t *testing.T, s *rig) {
	users, slot := people(3, 2), slotOf("r", 1)
	ann, nobody := users[0], quiz.Evidence{User: users[1]}
	s.wantEvidence(slot, false, users[1:], nobody)
	if err := s.Answers.OpenAnswers(t.Context(), slot.Ref, true); err != nil {
		t.Fatal(err)
	}
	wantSealed := func(when string, slot quiz.Slot, whole bool) {
		t.Helper()
		life, got, err := s.Answers.EvidenceOf(t.Context(), slot, true, users[1:])
		if must(s, "EvidenceOf", got, err); (life != "") != whole || len(got) != 1 || !sameEvidence(got[0], nobody) {
			t.Errorf("%s: EvidenceOf = %q, %+v", when, life, got)
		}
	}
	s.wantEvidence(slot, true, users[1:], nobody)
	wantSealed("empty", slot, false)
	s.answers(slot, true, answer(ann, 1, 10))
	wantSealed("not sealed", slot, false)
	empty := slot
	empty.Shard = 4
	for _, slot := range []quiz.Slot{slot, empty} {
		s.seal(slot)
		s.wantEvidence(slot, true, users[1:], nobody)
		wantSealed("sealed", slot, true)
	}
	if err := s.Answers.DropAnswers(t.Context(), slot.Ref); err != nil {
		t.Fatal(err)
	}
	s.wantEvidence(slot, false, users[1:], nobody)
}

func openingChangesNothing(t *testing.T, s *rig) {
	slot := slotOf("r", 1)
	open := func(created bool) {
		t.Helper()
		if err := s.Answers.OpenAnswers(t.Context(), slot.Ref, created); err != nil {
			t.Fatal(err)
		}
	}
	open(true)
	if lives := s.lives(slot.Ref, 1); lives != [quiz.Shards]store.SlotLife{} {
		t.Errorf("lives %q of slots that nothing was put into", lives)
	}
	a := answer(people(3, 1)[0], 1, 10)
	s.answers(slot, true, a)
	life := s.lives(slot.Ref, 1)
	open(false)
	open(true)
	if now := s.lives(slot.Ref, 1); now != life || life[3] == "" {
		t.Errorf("lives %q, and %q", life, now)
	}
	s.wantSeal(slot, answered(a))
	empty := slot
	empty.Shard = 9
	s.wantSeal(empty)
}

func sealIsInOrderOfUser(t *testing.T, s *rig) {
	slot := slotOf("r", 1)
	users := append(people(3, 20), "", "a", "B", "ab", "Ä", "a \x00b", "\x00", "🎤")
	slices.Sort(users)
	var want []quiz.Evidence
	for _, i := range []int{3, 9, 0, 22, 1, 15, 8, 7, 27} {
		a := answer(users[i], 1, live.Timestamp(i+1))
		s.answers(slot, true, a)
		want = append(want, answered(a))
	}
	for _, i := range []int{4, 26, 11, 2} {
		s.notes(slot, quiz.Note{Kind: quiz.Entered, User: users[i], At: 77})
		want = append(want, quiz.Evidence{User: users[i], Entered: 77})
	}
	slices.SortFunc(want, byUser)
	before := s.seal(slot)
	s.wantSeal(slot, want...)
	for i, e := range s.seal(slot) {
		if e.Stored != before[i].Stored {
			t.Errorf("%q was stored at %d, and at %d", e.User, before[i].Stored, e.Stored)
		}
	}
	next := slotOf("r", 2) // with others, who came later
	want = nil
	for _, i := range []int{13, 3, 25, 0, 24, 6} {
		s.notes(next, quiz.Note{Kind: quiz.Entered, User: users[i], At: 78})
		want = append(want, quiz.Evidence{User: users[i], Entered: 78})
	}
	slices.SortFunc(want, byUser)
	s.wantSeal(next, want...)
}

func slotsHaveLives(t *testing.T, s *rig) {
	slot := slotOf("r", 1)
	if lives := s.lives(slot.Ref, 1); lives != [quiz.Shards]store.SlotLife{} {
		t.Errorf("lives %q of slots that nothing was put into", lives)
	}
	life, _, err := s.Answers.PutAnswers(t.Context(), slot, true, []quiz.Answer{answer(people(3, 1)[0], 1, 10)})
	must(s, "PutAnswers", life, err)
	noted := slot
	noted.Shard = 63
	other, _, err := s.Answers.PutNotes(t.Context(), noted, []quiz.Note{{Kind: quiz.Entered, User: people(63, 1)[0], At: 1}})
	must(s, "PutNotes", other, err)
	s.pass(2)
	sealed, _, err := s.Answers.Seal(t.Context(), slot)
	must(s, "Seal", sealed, err)
	want := [quiz.Shards]store.SlotLife{3: life, 63: other}
	if lives := s.lives(slot.Ref, 1); lives != want || life == "" || other == "" || sealed != life {
		t.Errorf("lives %q, sealed %q; want %q", lives, sealed, want)
	}
	for _, ref := range []quiz.Ref{{Room: "r", Quiz: "other"}, {Room: "other", Quiz: "q"}} {
		if lives := s.lives(ref, 1); lives != [quiz.Shards]store.SlotLife{} {
			t.Errorf("lives %q of %+v", lives, ref)
		}
	}
	if lives := s.lives(slot.Ref, 2); lives != [quiz.Shards]store.SlotLife{} {
		t.Errorf("lives %q of another question", lives)
	}
}

func dropForgetsAQuiz(t *testing.T, s *rig) {
	ann, slot := people(3, 1)[0], slotOf("r", 1)
	other := slot
	other.Quiz = "other"
	a := answer(ann, 1, 10)
	for _, at := range []quiz.Slot{slot, other} {
		s.answers(at, true, a)
		s.stand(at, in(ann))
	}
	before := s.lives(slot.Ref, 1)[3]
	s.seal(slot)
	for range 2 {
		if err := s.Answers.DropAnswers(t.Context(), slot.Ref); err != nil {
			t.Fatal(err)
		}
	}
	if counts, life := s.counted(slot.Ref, 1), s.lives(slot.Ref, 1)[3]; counts != [quiz.MaxOptions]int64{} || life != "" {
		t.Errorf("counts %v, life %q of what was dropped", counts, life)
	}
	if _, err := s.Answers.StandingsOf(t.Context(), slot, []live.UserID{ann}); !errors.Is(err, store.ErrNoStandings) {
		t.Errorf("standings of what was dropped: %v, want ErrNoStandings", err)
	}
	s.wantAnswers(slot, true, []quiz.Answer{a}, taken(a))
	if now := s.lives(slot.Ref, 1)[3]; now == "" || now == before {
		t.Errorf("life %q, after %q", now, before)
	}
	s.wantAnswers(other, true, []quiz.Answer{a}, repeated(a))
	s.wantStand(other, []live.UserID{ann}, in(ann))
}

// As many as one shard of the largest quiz has.
func slotTakesManyPlayers(t *testing.T, s *rig) {
	const many, each = 30_000, 500
	slot, users := slotOf("r", 1), make([]live.UserID, many)
	players, list := make([]quiz.Player, many), make([]quiz.Answer, many)
	for i := range users {
		users[i] = live.UserID([]byte{'u', byte('a' + i/1000), byte('a' + i/40%25), byte('0' + i%40)})
		players[i], list[i] = in(users[i]), answer(users[i], quiz.Option(i%3+1), live.Timestamp(i+1))
	}
	for at := 0; at < many; at += each {
		s.answers(slot, true, list[at:at+each]...)
	}
	s.stand(slot, players...)
	if counts := s.counted(slot.Ref, 1); counts != [quiz.MaxOptions]int64{many / 3, many / 3, many / 3} {
		t.Errorf("counts %v", counts)
	}
	slices.SortFunc(list, func(a, b quiz.Answer) int { return byUser(answered(a), answered(b)) })
	evidence := s.seal(slot)
	if len(evidence) != many {
		t.Fatalf("evidence of %d users, want %d", len(evidence), many)
	}
	for i, e := range evidence {
		if e.Stored = 0; !sameEvidence(e, answered(list[i])) {
			t.Fatalf("evidence %d is %+v, want of %+v", i, e, list[i])
		}
	}
	s.wantStand(slot, users[many-1000:], players[many-1000:]...)
	next := slotOf("r", 2)
	for i, r := range s.answers(next, false, list[:each]...) {
		if r != taken(list[i]) {
			t.Fatalf("%+v came to %+v", list[i], r)
		}
	}
}
