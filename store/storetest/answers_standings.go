package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

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
