package storetest

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
)

// answersModel is what a store should have of one slot, and of standings before it.
type answersModel struct {
	s      *rig
	slot   quiz.Slot
	users  []live.UserID
	stands map[live.UserID]quiz.Player
	facts  map[live.UserID]quiz.Evidence
	sealed bool
}

// user draws one of the users.
func (m *answersModel) user(t *rapid.T) live.UserID {
	return rapid.SampledFrom(m.users).Draw(t, "user")
}

// merge merges a fact.
func (m *answersModel) merge(e quiz.Evidence) { m.facts[e.User] = quiz.Merge(m.facts[e.User], e) }

// plays says whether a user may answer.
func (m *answersModel) plays(user live.UserID, entry bool) bool {
	switch m.stands[user].Status {
	case quiz.Playing:
		return true
	case quiz.Revivable:
		return m.facts[user].Revived != 0
	case quiz.Spectator:
		return entry
	default:
		return false
	}
}

// answer answers in both.
func (m *answersModel) answer(t *rapid.T) { m.put(t, false) }

// again answers again in both.
func (m *answersModel) again(t *rapid.T) { m.put(t, true) }

// put answers in both, perhaps again.
func (m *answersModel) put(t *rapid.T, again bool) {
	entry := rapid.Bool().Draw(t, "entry")
	list := make([]quiz.Answer, rapid.IntRange(0, 5).Draw(t, "answers"))
	want := make([]quiz.Receipt, len(list))
	for i := range list {
		option := quiz.Option(rapid.IntRange(1, quiz.MaxOptions).Draw(t, "option")) //nolint:gosec // at most 6
		a := answer(m.user(t), option, live.Timestamp(rapid.OneOf(rapid.Int64Range(1, 3), rapid.Int64Range(1, 1<<50)).Draw(t, "received")))
		first := m.facts[a.User]
		list[i] = a
		switch {
		case again && !m.sealed && first.Option != 0 && a.Before(first.Received, first.Option):
			want[i] = taken(a)
			m.merge(answered(a))
		case first.Option != 0:
			want[i] = repeated(quiz.Answer{Option: first.Option, Received: first.Received})
		case m.sealed:
			want[i] = tooLate
		case !m.plays(a.User, entry):
			want[i] = notPlaying
		default:
			want[i] = taken(a)
			m.merge(answered(a))
		}
	}
	if again {
		m.s.wantAgain(m.slot, entry, list, want...)
	} else {
		m.s.wantAnswers(m.slot, entry, list, want...)
	}
}

// note notes in both.
func (m *answersModel) note(t *rapid.T) {
	notes := make([]quiz.Note, rapid.IntRange(0, 4).Draw(t, "notes"))
	var facts []quiz.Evidence
	for i := range notes {
		n := quiz.Note{
			Kind: rapid.SampledFrom([]quiz.NoteKind{quiz.Entered, quiz.Delivered, quiz.Granted, quiz.Revive}).Draw(t, "kind"),
			User: m.user(t), At: live.Timestamp(rapid.Int64Range(1, 1000).Draw(t, "at")),
		}
		e := quiz.Evidence{User: n.User}
		switch n.Kind {
		case quiz.Entered:
			e.Entered = n.At
		case quiz.Delivered:
			n.Session = live.SessionID("session of " + n.User)
			e.Delivered, e.Session = n.At, n.Session
		case quiz.Revive:
			e.Revived = n.At
		case quiz.Granted: // a request is the same whenever it is made
			n.ID, n.At = rapid.SampledFrom([]string{"a", "b \x00"}).Draw(t, "id"), 7
			n.Count = len(n.ID)
			e.Grants = []quiz.Grant{{ID: n.ID, At: n.At, Count: n.Count}}
		}
		notes[i], facts = n, append(facts, e)
	}
	life, sealed, err := m.s.Answers.PutNotes(t.Context(), m.slot, notes)
	if err != nil || life == "" || sealed != m.sealed {
		t.Fatalf("PutNotes = %q, sealed: %v, %v; want sealed: %v", life, sealed, err, m.sealed)
	}
	if !sealed {
		for _, e := range facts {
			m.merge(e)
		}
	}
}

// seal seals both.
func (m *answersModel) seal(t *rapid.T) {
	if !m.sealed && rapid.IntRange(0, 5).Draw(t, "not yet") > 0 {
		return
	}
	m.sealed = true
	var want []quiz.Evidence
	for _, user := range slices.Sorted(maps.Keys(m.facts)) {
		want = append(want, m.facts[user])
	}
	m.s.wantSeal(m.slot, want...)
}

// agree compares what can be asked at any time.
func (m *answersModel) agree(t *rapid.T) {
	var counts [quiz.MaxOptions]int64
	var delivered []live.UserID
	held := make([]quiz.Evidence, len(m.users))
	for i, user := range m.users {
		e := m.facts[user]
		held[i] = e
		held[i].User, held[i].Grants = user, nil
		if e.Option != 0 {
			counts[e.Option-1]++
		}
		if e.Delivered != 0 {
			delivered = append(delivered, user)
		}
	}
	if got := m.s.counted(m.slot.Ref, m.slot.Question); got != counts {
		t.Fatalf("counts %v, want %v", got, counts)
	}
	m.s.wantEvidence(m.slot, true, m.users, held...)
	got, err := m.s.Answers.DeliveredTo(t.Context(), m.slot, m.users)
	if err != nil || !slices.Equal(got, delivered) {
		t.Fatalf("DeliveredTo = %q, %v; want %q", got, err, delivered)
	}
}

func answersAreAModel(t *testing.T, s *rig) {
	users := people(3, 8)
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		m := &answersModel{
			s: s, slot: slotOf(id, quiz.Number(rapid.IntRange(1, 3).Draw(t, "question"))), users: users,
			stands: make(map[live.UserID]quiz.Player), facts: make(map[live.UserID]quiz.Evidence),
		}
		if err := s.Answers.OpenAnswers(t.Context(), m.slot.Ref, true); err != nil {
			t.Fatal(err)
		}
		if m.slot.Question > 1 {
			before := slotOf(id, m.slot.Question-1)
			for i, user := range users[:6] {
				m.stands[user] = quiz.Player{User: user, Status: []quiz.Status{quiz.Playing, quiz.Revivable, quiz.Out}[i%3]}
			}
			s.stand(before, slices.Collect(maps.Values(m.stands))...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"answer": m.answer, "submit": m.answer, "again": m.again, "note": m.note, "seal": m.seal, "": m.agree,
		})
	})
}
