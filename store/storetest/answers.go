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
