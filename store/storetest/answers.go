package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

var answersTests = []test{
	{"FirstAnswerCounts", firstAnswerCounts},
	{"SlotsAreApart", slotsAreApart},
	{"EntryQuestionTakesAnyone", entryQuestionTakesAnyone},
	{"WhoIsOutDoesNotPlay", whoIsOutDoesNotPlay},
	{"WhoComesBackPlays", whoComesBackPlays},
	{"AnswersNeedStandings", answersNeedStandings},
	{"SealedSlotTakesNothing", sealedSlotTakesNothing},
	{"SealedSlotKnowsItsAnswers", sealedSlotKnowsItsAnswers},
	{"PutAgainTheFirstReceivedCounts", putAgainTheFirstReceivedCounts},
	{"EvidenceIsOfTheUsers", evidenceIsOfTheUsers},
	{"EmptySlotsHaveLives", emptySlotsHaveLives},
	{"OpeningChangesNothing", openingChangesNothing},
	{"SealIsInOrderOfUser", sealIsInOrderOfUser},
	{"NotesCountOnce", notesCountOnce},
	{"GrantsAddUpOnce", grantsAddUpOnce},
	{"SlotsHaveLives", slotsHaveLives},
	{"AnswersAreCounted", answersAreCounted},
	{"DeliveredToIsOfTheUsers", deliveredToIsOfTheUsers},
	{"StandingsAreOfTheUsers", standingsAreOfTheUsers},
	{"StandingsGoForwardOnly", standingsGoForwardOnly},
	{"DropForgetsAQuiz", dropForgetsAQuiz},
	{"SlotTakesManyPlayers", slotTakesManyPlayers},
	{"AnswersAreAModel", answersAreAModel},
}

// notPlaying and tooLate are receipts of answers that do not count.
var (
	notPlaying = quiz.Receipt{Verdict: quiz.NotPlaying}
	tooLate    = quiz.Receipt{Verdict: quiz.TooLate}
)

// answered is the evidence of an answer.
func answered(a quiz.Answer) quiz.Evidence {
	return quiz.Evidence{User: a.User, Option: a.Option, Received: a.Received}
}

func firstAnswerCounts(_ *testing.T, s *rig) {
	users, slot := people(3, 4), slotOf("r", 1)
	first, second := answer(users[0], 2, 1000), answer(users[1], 6, 1_893_553_445_000_001)
	s.wantAnswers(slot, true, []quiz.Answer{first}, taken(first))
	s.wantAnswers(slot, true, []quiz.Answer{answer(users[0], 3, 900), second, answer(users[1], 1, 2), first},
		repeated(first), taken(second), repeated(second), repeated(first))
	third := answer(users[2], 1, 5)
	s.wantAnswers(slot, true, []quiz.Answer{third, third, second}, taken(third), repeated(third), repeated(second))
	s.wantAnswers(slot, true, nil)
	want := []quiz.Evidence{answered(first), answered(second), answered(third)}
	slices.SortFunc(want, byUser)
	s.wantSeal(slot, want...)
}

// byUser orders evidence.
func byUser(a, b quiz.Evidence) int {
	if a.User < b.User {
		return -1
	}
	return 1
}

func slotsAreApart(_ *testing.T, s *rig) {
	ann := people(3, 1)[0]
	a := answer(ann, 1, 10)
	slots := []quiz.Slot{slotOf("r", 1), slotOf("r", 1), slotOf("r", 1), slotOf("other", 1), slotOf("r/q", 1), slotOf("r", 1)}
	slots[1].Shard = 4
	slots[2].Quiz = "Q"
	slots[4].Quiz = ""
	slots[5].Quiz = "q/3"
	for _, slot := range slots {
		s.wantAnswers(slot, true, []quiz.Answer{a}, taken(a))
	}
	next := slotOf("r", 2)
	s.stand(slots[0], in(ann))
	s.wantAnswers(next, false, []quiz.Answer{a}, taken(a))
	s.wantSeal(slots[0], answered(a))
	for _, slot := range append(slots[1:], next) {
		s.wantAnswers(slot, true, []quiz.Answer{a}, repeated(a))
		s.wantSeal(slot, answered(a))
	}
}

func entryQuestionTakesAnyone(_ *testing.T, s *rig) {
	users, slot := people(3, 3), slotOf("r", 2)
	s.stand(slotOf("r", 1), in(users[0]))
	a, b := answer(users[0], 1, 10), answer(users[1], 1, 10)
	s.wantAnswers(slot, false, []quiz.Answer{b, a}, notPlaying, taken(a))
	s.wantAnswers(slot, true, []quiz.Answer{b}, taken(b))
	s.wantAnswers(slot, false, []quiz.Answer{b, answer(users[2], 1, 10)}, repeated(b), notPlaying)
	want := []quiz.Evidence{answered(a), answered(b)}
	slices.SortFunc(want, byUser)
	s.wantSeal(slot, want...)
}

func whoIsOutDoesNotPlay(_ *testing.T, s *rig) {
	users := people(3, 4)
	s.stand(slotOf("r", 1), in(users[0]), quiz.Player{User: users[1], Status: quiz.Out, OutAt: 1},
		quiz.Player{User: users[2], Status: quiz.Revivable, OutAt: 1})
	for _, entry := range []bool{true, false} {
		slot := slotOf("r", 2)
		var list []quiz.Answer
		for _, user := range users[1:3] {
			list = append(list, answer(user, 1, 10))
		}
		s.wantAnswers(slot, entry, list, notPlaying, notPlaying)
	}
	a := answer(users[0], 1, 10)
	s.wantAnswers(slotOf("r", 2), false, []quiz.Answer{a}, taken(a))
	s.wantSeal(slotOf("r", 2), answered(a))
}

// Whoever chose to spend a revive after the question before is in again.
func whoComesBackPlays(_ *testing.T, s *rig) {
	users, slot := people(3, 2), slotOf("r", 2)
	s.stand(slotOf("r", 1), quiz.Player{User: users[0], Status: quiz.Revivable}, quiz.Player{User: users[1], Status: quiz.Revivable})
	a, b := answer(users[0], 1, 10), answer(users[1], 1, 10)
	s.notes(slot, quiz.Note{Kind: quiz.Revive, User: users[0], At: 5}, quiz.Note{Kind: quiz.Delivered, User: users[1], At: 5})
	s.wantAnswers(slot, false, []quiz.Answer{b, a}, notPlaying, taken(a))
}

func answersNeedStandings(t *testing.T, s *rig) {
	ann := people(3, 1)[0]
	a := answer(ann, 1, 10)
	refused := func(n quiz.Number) {
		t.Helper()
		if _, _, err := s.Answers.PutAnswers(t.Context(), slotOf("r", n), true, []quiz.Answer{a}); !errors.Is(err, store.ErrNoStandings) {
			t.Errorf("question %d: %v, want ErrNoStandings", n, err)
		}
	}
	s.answers(slotOf("r", 1), true, a)
	refused(2)
	refused(3)
	other := slotOf("r", 1)
	other.Shard = 4
	s.stand(other)
	refused(2)
	s.stand(slotOf("r", 1), in(ann))
	refused(3)
	s.wantAnswers(slotOf("r", 2), false, []quiz.Answer{a}, taken(a))
	s.stand(slotOf("r", 2))
	s.wantAnswers(slotOf("r", 3), false, []quiz.Answer{a}, notPlaying)
	if counts := s.counted(slotOf("r", 1).Ref, 3); counts != [quiz.MaxOptions]int64{} {
		t.Errorf("counts %v of a question that nobody answered", counts)
	}
}

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

// Of answers that were taken in lives that are lost the one that was received first counts,
// in whatever order they are put again, and however often.
func putAgainTheFirstReceivedCounts(t *testing.T, s *rig) {
	users, slot := people(3, 3), slotOf("r", 1)
	ann, bob := users[0], users[1]
	first, second, lowest := answer(ann, 3, 10), answer(ann, 2, 20), answer(ann, 1, 10)
	other := answer(bob, 4, 1_893_553_445_000_001)
	s.wantAnswers(slot, true, []quiz.Answer{second, other}, taken(second), taken(other))
	s.wantAnswers(slot, true, []quiz.Answer{first}, repeated(second)) // not again: what is there counts
	s.wantAgain(slot, true, []quiz.Answer{second, first, second}, repeated(second), taken(first), repeated(first))
	s.wantAgain(slot, true, []quiz.Answer{lowest, first}, taken(lowest), repeated(lowest))
	s.wantAgain(slot, false, []quiz.Answer{answer(users[2], 1, 5)}, notPlaying)
	if counts := s.counted(slot.Ref, 1); counts != [quiz.MaxOptions]int64{0: 1, 3: 1} {
		t.Errorf("counts %v", counts)
	}
	want := []quiz.Evidence{answered(lowest), answered(other)}
	slices.SortFunc(want, byUser)
	s.wantSeal(slot, want...)
	s.wantAgain(slot, true, []quiz.Answer{answer(ann, 1, 1), answer(users[2], 1, 1)}, repeated(lowest), tooLate)
	s.wantSeal(slot, want...)
}

func evidenceIsOfTheUsers(t *testing.T, s *rig) {
	users, slot := people(3, 4), slotOf("r", 1)
	s.wantEvidence(slot, false, users, quiz.Evidence{User: users[0]}, quiz.Evidence{User: users[1]}, quiz.Evidence{User: users[2]}, quiz.Evidence{User: users[3]})
	a := answer(users[0], 2, 10)
	s.notes(slot, quiz.Note{Kind: quiz.Entered, User: users[0], At: 3}, quiz.Note{Kind: quiz.Delivered, User: users[0], At: 4, Session: "s"},
		quiz.Note{Kind: quiz.Revive, User: users[2], At: 5}, quiz.Note{Kind: quiz.Granted, User: users[2], At: 5, ID: "g", Count: 1})
	s.answers(slot, true, a)
	full := answered(a)
	full.Entered, full.Delivered, full.Session = 3, 4, "s"
	revived, nothing := quiz.Evidence{User: users[2], Revived: 5}, quiz.Evidence{User: users[1]}
	for range 2 { // sealed or not
		s.wantEvidence(slot, true, []live.UserID{users[2], users[1], users[0], users[2]}, revived, nothing, full, revived)
		s.wantEvidence(slot, true, nil)
		s.seal(slot)
	}
	s.wantEvidence(slotOf("r", 2), true, users[:1], quiz.Evidence{User: users[0]})
	s.wantEvidence(slotOf("other", 1), false, users[:1], quiz.Evidence{User: users[0]})
	if life, _, err := s.Answers.EvidenceOf(t.Context(), slot, true, nil); err != nil || life != s.lives(slot.Ref, 1)[3] {
		t.Errorf("life %q, %v; want %q", life, err, s.lives(slot.Ref, 1)[3])
	}
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

func notesCountOnce(_ *testing.T, s *rig) {
	users, slot := people(3, 2), slotOf("r", 1)
	ann, bob := users[0], users[1]
	for _, at := range []live.Timestamp{50, 1_893_553_445_000_001, 40, 45, 40} {
		s.notes(slot, quiz.Note{Kind: quiz.Entered, User: ann, At: at + 1})
		s.notes(slot,
			quiz.Note{Kind: quiz.Delivered, User: ann, At: at, Session: live.SessionID([]string{"other", "first \x00"}[at%2^1]) + "x"},
			quiz.Note{Kind: quiz.Revive, User: ann, At: at + 2},
			quiz.Note{Kind: quiz.Delivered, User: bob, At: at + 3, Session: "b"})
	}
	s.notes(slot)
	a := answer(ann, 1, 60)
	s.answers(slot, true, a)
	want := answered(a)
	want.Entered, want.Delivered, want.Session, want.Revived = 41, 40, "first \x00x", 42
	all := []quiz.Evidence{want, {User: bob, Delivered: 43, Session: "b"}}
	slices.SortFunc(all, byUser)
	s.wantSeal(slot, all...)
}

func grantsAddUpOnce(_ *testing.T, s *rig) {
	users, slot := people(3, 2), slotOf("r", 1)
	grant := func(user live.UserID, id string, count int) quiz.Note {
		return quiz.Note{Kind: quiz.Granted, User: user, At: 9, ID: id, Count: count}
	}
	s.notes(slot, grant(users[0], "a \x00", 2), grant(users[0], "b", 100), grant(users[1], "a \x00", 1), grant(users[0], "a \x00", 2))
	s.notes(slot, grant(users[0], "b", 100), grant(users[0], "", 7))
	all := []quiz.Evidence{
		{User: users[0], Grants: []quiz.Grant{{ID: "", At: 9, Count: 7}, {ID: "a \x00", At: 9, Count: 2}, {ID: "b", At: 9, Count: 100}}},
		{User: users[1], Grants: []quiz.Grant{{ID: "a \x00", At: 9, Count: 1}}},
	}
	slices.SortFunc(all, byUser)
	s.wantSeal(slot, all...)
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

func answersAreCounted(t *testing.T, s *rig) {
	ref := slotOf("r", 1).Ref
	if counts := s.counted(ref, 1); counts != [quiz.MaxOptions]int64{} {
		t.Errorf("counts %v before anyone answered", counts)
	}
	var want [quiz.MaxOptions]int64
	for shard := range 10 {
		slot := quiz.Slot{Ref: ref, Question: 1, Shard: shard * 7}
		for i, user := range people(slot.Shard, 12) {
			option := quiz.Option(i*shard%quiz.MaxOptions + 1)
			s.answers(slot, true, answer(user, option, 10), answer(user, 1, 10))
			want[option-1]++
		}
	}
	if counts := s.counted(ref, 1); counts != want {
		t.Errorf("counts %v, want %v", counts, want)
	}
	if counts := s.counted(ref, 2); counts != [quiz.MaxOptions]int64{} {
		t.Errorf("counts %v of another question", counts)
	}
}

func deliveredToIsOfTheUsers(t *testing.T, s *rig) {
	users, slot := people(3, 6), slotOf("r", 1)
	s.notes(slot, quiz.Note{Kind: quiz.Delivered, User: users[4], At: 1}, quiz.Note{Kind: quiz.Delivered, User: users[1], At: 2, Session: "s"},
		quiz.Note{Kind: quiz.Entered, User: users[2], At: 2}, quiz.Note{Kind: quiz.Delivered, User: users[0], At: 2})
	for _, tt := range []struct{ of, want []live.UserID }{
		{nil, nil},
		{users[2:4], nil},
		{users[1:], []live.UserID{users[1], users[4]}},
		{[]live.UserID{users[4], users[3], users[0]}, []live.UserID{users[4], users[0]}},
	} {
		got, err := s.Answers.DeliveredTo(t.Context(), slot, tt.of)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("DeliveredTo(%q) = %q, %v; want %q", tt.of, got, err, tt.want)
		}
	}
	got, err := s.Answers.DeliveredTo(t.Context(), slotOf("r", 2), users)
	if err != nil || len(got) != 0 {
		t.Errorf("of another question: %q, %v", got, err)
	}
}

func standingsAreOfTheUsers(t *testing.T, s *rig) {
	users, slot := people(3, 5), slotOf("r", 1)
	if got, err := s.Answers.StandingsOf(t.Context(), slot, users); !errors.Is(err, store.ErrNoStandings) {
		t.Errorf("%+v, %v; want ErrNoStandings", got, err)
	}
	full := quiz.Player{
		User: users[0], Status: quiz.Revivable, EnteredAt: 1, OutAt: 12, Right: 7, Excused: 3, Used: 100, Revives: 10_000,
		Spent: 1 << 40, Answered: 9, After: 1, Outcome: quiz.OutMissed, Option: 6,
	}
	all := []quiz.Player{full, in(users[1]), {User: users[2], Status: quiz.Won}, {User: users[3], Status: quiz.Out}}
	s.stand(slot, all...)
	s.wantStand(slot, []live.UserID{users[3], users[0], users[4], users[2], users[0]},
		all[3], all[0], quiz.Player{User: users[4]}, all[2], all[0])
	s.wantStand(slot, nil)
	other := slot
	other.Shard = 4
	if _, err := s.Answers.StandingsOf(t.Context(), other, users); !errors.Is(err, store.ErrNoStandings) {
		t.Errorf("of another shard: %v, want ErrNoStandings", err)
	}
}

func standingsGoForwardOnly(t *testing.T, s *rig) {
	users := people(3, 2)
	after := func(n quiz.Number) []quiz.Player {
		first, second := in(users[0]), in(users[1])
		first.After, second.After, first.Right = n, n, int(n)
		return []quiz.Player{first, second}[:1+n%2]
	}
	want := func(n quiz.Number, players ...quiz.Player) {
		t.Helper()
		s.wantStand(slotOf("r", n), users, players...)
	}
	s.stand(slotOf("r", 1), after(1)...)
	s.stand(slotOf("r", 1), after(1)...)
	want(1, after(1)...)
	s.stand(slotOf("r", 2), after(2)...)
	gone := quiz.Player{User: users[1]}
	want(1, after(2)[0], gone)
	want(2, after(2)[0], gone)
	s.stand(slotOf("r", 1), after(1)...)
	want(1, after(2)[0], gone)
	if _, err := s.Answers.StandingsOf(t.Context(), slotOf("r", 3), users); !errors.Is(err, store.ErrNoStandings) {
		t.Errorf("after a question that nobody has evaluated: %v, want ErrNoStandings", err)
	}
	s.stand(slotOf("r", 4)) // nobody is left
	want(2, quiz.Player{User: users[0]}, gone)
	want(4, quiz.Player{User: users[0]}, gone)
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

// answersCalls is every method of Answers.
var answersCalls = []call{
	{"PutAnswers", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Answers.PutAnswers(ctx, slotOf(id, 1), true, []quiz.Answer{answer("ann", 1, 1)})
		return err
	}},
	{"OpenAnswers", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Answers.OpenAnswers(ctx, slotOf(id, 1).Ref, false)
	}},
	{"PutAnswersAgain", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Answers.PutAnswersAgain(ctx, slotOf(id, 1), true, []quiz.Answer{answer("ann", 1, 1)})
		return err
	}},
	{"EvidenceOf", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Answers.EvidenceOf(ctx, slotOf(id, 1), false, []live.UserID{"ann"})
		return err
	}},
	{"PutNotes", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Answers.PutNotes(ctx, slotOf(id, 1), []quiz.Note{{Kind: quiz.Entered, User: "ann", At: 1}})
		return err
	}},
	{"Seal", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Answers.Seal(ctx, slotOf(id, 1))
		return err
	}},
	{"SlotLives", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Answers.SlotLives(ctx, slotOf(id, 1).Ref, 1)
		return err
	}},
	{"AnswerCounts", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Answers.AnswerCounts(ctx, slotOf(id, 1).Ref, 1)
		return err
	}},
	{"DeliveredTo", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Answers.DeliveredTo(ctx, slotOf(id, 1), []live.UserID{"ann"})
		return err
	}},
	{"PutStandings", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Answers.PutStandings(ctx, slotOf(id, 1), []quiz.Player{in("ann")})
	}},
	{"StandingsOf", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Answers.StandingsOf(ctx, slotOf(id, 1), []live.UserID{"ann"})
		return err
	}},
	{"DropAnswers", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Answers.DropAnswers(ctx, slotOf(id, 1).Ref)
	}},
}
