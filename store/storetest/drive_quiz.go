package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// newQuiz returns a quiz to create, with something in every field that a caller sets.
func newQuiz(id live.RoomID, name quiz.ID) quiz.Quiz {
	return quiz.Quiz{
		Ref: quiz.Ref{Room: id, Quiz: name}, Title: "A quiz \x00Ä", State: quiz.Draft, Creator: "host \x00",
		Rules: quiz.Rules{
			AnswerWindow: 10 * time.Second, StreamDelay: 3 * time.Second, TicketGrace: 2 * time.Second,
			Missed: quiz.ExcuseUndelivered, MaxExcuses: 100, ProofMargin: time.Second, EntryQuestions: 2,
			Revives: quiz.Revives{Mode: quiz.ReviveChosen, Initial: 1, MaxUsed: 2, OnLast: true, ChoiceWindow: 7 * time.Second},
			Pot:     1_000_000_000_000_000, Remainder: quiz.RemainderFastest, AutoReveal: true, AbandonAfter: time.Hour,
		},
		Rounds: []quiz.Round{
			{State: quiz.Draft, Question: quiz.Question{
				Text: "What \x00?", Options: []string{"a \x00", "日本"}, Correct: quiz.OptionsOf(2), Window: 5 * time.Second,
				Labels: map[string]string{"image \x00": "\x01 x"},
			}},
			{State: quiz.Draft, Question: quiz.Question{Text: "And?", Options: []string{"1", "2", "3", "4", "5", "6"}}, Last: true},
		},
	}
}

// addQuiz creates a quiz.
func (s *rig) addQuiz(q quiz.Quiz, request string, moves ...ledger.Transaction) quiz.Quiz {
	s.t.Helper()
	created, err := s.Quizzes.CreateQuiz(s.t.Context(), q, request, moved(moves...))
	return must(s, "CreateQuiz", created, err)
}

// moved is what moves coins, whatever is created.
func moved(all ...ledger.Transaction) store.QuizMoves {
	return func(quiz.Quiz) []ledger.Transaction { return all }
}

// draftQuiz creates a quiz in a room.
func (s *rig) draftQuiz(id live.RoomID, name quiz.ID) quiz.Quiz {
	s.t.Helper()
	return s.addQuiz(newQuiz(id, name), "")
}

func (s *rig) quiz(id live.RoomID, name quiz.ID) quiz.Quiz {
	s.t.Helper()
	q, err := s.Quizzes.Quiz(s.t.Context(), quiz.Ref{Room: id, Quiz: name})
	return must(s, "Quiz", q, err)
}

// wantQuiz compares a quiz with what is stored.
func (s *rig) wantQuiz(want quiz.Quiz) {
	s.t.Helper()
	if got := s.quiz(want.Room, want.Quiz); !sameQuiz(got, want) {
		s.t.Fatalf("Quiz = %+v\nwant %+v", got, want)
	}
}

// changeQuiz changes a quiz.
func (s *rig) changeQuiz(ref quiz.Ref, edit func(c *store.QuizChange, now live.Timestamp)) quiz.Quiz {
	s.t.Helper()
	q, err := s.tryChange(ref, edit)
	return must(s, "ChangeQuiz", q, err)
}

// tryChange is changeQuiz that may be refused.
func (s *rig) tryChange(ref quiz.Ref, edit func(c *store.QuizChange, now live.Timestamp)) (quiz.Quiz, error) {
	s.t.Helper()
	return s.Quizzes.ChangeQuiz(s.t.Context(), ref, func(q quiz.Quiz, now live.Timestamp) (store.QuizChange, error) {
		q.Rounds = slices.Clone(q.Rounds)
		c := store.QuizChange{Quiz: q}
		edit(&c, now)
		return c, nil
	})
}

// moveQuiz brings a quiz into a state.
func (s *rig) moveQuiz(ref quiz.Ref, state quiz.State) quiz.Quiz {
	s.t.Helper()
	return s.changeQuiz(ref, func(c *store.QuizChange, now live.Timestamp) {
		if c.Quiz.State = state; state.Over() {
			c.Quiz.EndedAt = now
		}
	})
}

// addTasks adds tasks of a quiz.
func (s *rig) addTasks(ref quiz.Ref, tasks ...quiz.Task) {
	s.t.Helper()
	s.changeQuiz(ref, func(c *store.QuizChange, _ live.Timestamp) { c.Tasks = tasks })
}

// taskOf returns a task of the first question.
func taskOf(ref quiz.Ref, stage quiz.Stage, shard int, due live.Timestamp) quiz.Task {
	return quiz.Task{Slot: quiz.Slot{Ref: ref, Question: 1, Shard: shard}, Stage: stage, Due: due}
}

// claim claims tasks for so long that it does not matter.
func (s *rig) claim(limit int) []quiz.Task {
	s.t.Helper()
	return s.claimFor("node", limit, time.Hour)
}

func (s *rig) claimFor(node store.NodeID, limit int, lease time.Duration) []quiz.Task {
	s.t.Helper()
	tasks, err := s.Quizzes.ClaimQuizTasks(s.t.Context(), node, limit, lease)
	return must(s, "ClaimQuizTasks", tasks, err)
}

// wantClaim claims what there is, and compares.
func (s *rig) wantClaim(want ...quiz.Task) {
	s.t.Helper()
	if got := s.claim(1000); !slices.Equal(got, want) {
		s.t.Fatalf("ClaimQuizTasks = %+v\nwant %+v", got, want)
	}
}

func (s *rig) complete(t quiz.Task, part quiz.Part) quiz.Part {
	s.t.Helper()
	kept, err := s.Quizzes.CompleteQuizTask(s.t.Context(), t, part)
	return must(s, "CompleteQuizTask", kept, err)
}

func (s *rig) dropTask(t quiz.Task) {
	s.t.Helper()
	if err := s.Quizzes.DropQuizTask(s.t.Context(), t); err != nil {
		s.t.Fatalf("DropQuizTask: %v", err)
	}
}

// tally returns what the shards that are done with a stage of the first question add up to.
func (s *rig) tally(ref quiz.Ref, stage quiz.Stage) (quiz.Tally, int) {
	s.t.Helper()
	sum, shards, err := s.Quizzes.QuizTally(s.t.Context(), ref, 1, stage)
	return must(s, "QuizTally", sum, err), shards
}

// people returns users of a shard.
func people(shard, n int) []live.UserID {
	all := make([]live.UserID, 0, n)
	for i := 0; len(all) < n; i++ {
		if user := live.UserID(fmt.Sprint("日 \x00", i)); quiz.ShardOf(user) == shard {
			all = append(all, user)
		}
	}
	return all
}

// slotOf returns a slot of shard 3 of a quiz.
func slotOf(id live.RoomID, n quiz.Number) quiz.Slot {
	return quiz.Slot{Ref: quiz.Ref{Room: id, Quiz: "q"}, Question: n, Shard: 3}
}

// answers puts answers into a slot.
func (s *rig) answers(slot quiz.Slot, entry bool, list ...quiz.Answer) []quiz.Receipt {
	s.t.Helper()
	life, receipts, err := s.Answers.PutAnswers(s.t.Context(), slot, entry, list)
	if must(s, "PutAnswers", receipts, err); life == "" || len(receipts) != len(list) {
		s.t.Fatalf("PutAnswers of %d = %q, %+v", len(list), life, receipts)
	}
	return receipts
}

// wantAnswers puts answers and compares what becomes of them.
func (s *rig) wantAnswers(slot quiz.Slot, entry bool, list []quiz.Answer, want ...quiz.Receipt) {
	s.t.Helper()
	if got := s.answers(slot, entry, list...); !slices.Equal(got, want) {
		s.t.Fatalf("PutAnswers(%+v) = %+v\nwant %+v", list, got, want)
	}
}

// wantAgain puts answers again and compares what becomes of them.
func (s *rig) wantAgain(slot quiz.Slot, entry bool, list []quiz.Answer, want ...quiz.Receipt) {
	s.t.Helper()
	life, got, err := s.Answers.PutAnswersAgain(s.t.Context(), slot, entry, list)
	if must(s, "PutAnswersAgain", got, err); life == "" || !slices.Equal(got, want) {
		s.t.Fatalf("PutAnswersAgain(%+v) = %q, %+v\nwant %+v", list, life, got, want)
	}
}

// wantEvidence compares what a slot has of users, but for when answers were stored, and
// whether that is all.
func (s *rig) wantEvidence(slot quiz.Slot, whole bool, users []live.UserID, want ...quiz.Evidence) {
	s.t.Helper()
	life, got, err := s.Answers.EvidenceOf(s.t.Context(), slot, false, users)
	must(s, "EvidenceOf", got, err)
	for i := range got {
		got[i].Stored = 0
	}
	if (life != "") != whole || !slices.EqualFunc(got, want, sameEvidence) {
		s.t.Fatalf("EvidenceOf = %q, %+v\nwant %+v", life, got, want)
	}
}

// answer returns an answer.
func answer(user live.UserID, option quiz.Option, received live.Timestamp) quiz.Answer {
	return quiz.Answer{User: user, Option: option, Received: received}
}

// taken and repeated are receipts of an answer that counts.
func taken(a quiz.Answer) quiz.Receipt {
	return quiz.Receipt{Verdict: quiz.Taken, Option: a.Option, Received: a.Received}
}

func repeated(a quiz.Answer) quiz.Receipt {
	return quiz.Receipt{Verdict: quiz.Repeated, Option: a.Option, Received: a.Received}
}

// notes puts notes into a slot that takes them.
func (s *rig) notes(slot quiz.Slot, notes ...quiz.Note) {
	s.t.Helper()
	life, sealed, err := s.Answers.PutNotes(s.t.Context(), slot, notes)
	if must(s, "PutNotes", life, err); sealed || life == "" {
		s.t.Fatalf("PutNotes = %q, sealed: %v", life, sealed)
	}
}

// seal seals a slot and returns what is in it.
func (s *rig) seal(slot quiz.Slot) []quiz.Evidence {
	s.t.Helper()
	life, evidence, err := s.Answers.Seal(s.t.Context(), slot)
	if must(s, "Seal", evidence, err); life == "" {
		s.t.Fatalf("Seal: a slot without a life")
	}
	for i := range evidence {
		slices.SortFunc(evidence[i].Grants, byGrant)
	}
	return evidence
}

// wantSeal seals a slot and compares what is in it, but for when answers were stored.
func (s *rig) wantSeal(slot quiz.Slot, want ...quiz.Evidence) {
	s.t.Helper()
	got := s.seal(slot)
	for i := range got {
		if (got[i].Stored > 0) != (got[i].Option != 0) {
			s.t.Fatalf("Seal = %+v: stored at %d", got[i], got[i].Stored)
		}
		got[i].Stored = 0
	}
	if !slices.EqualFunc(got, want, sameEvidence) {
		s.t.Fatalf("Seal = %+v\nwant %+v", got, want)
	}
}

// stand puts standings after a slot's question.
func (s *rig) stand(slot quiz.Slot, players ...quiz.Player) {
	s.t.Helper()
	if err := s.Answers.PutStandings(s.t.Context(), slot, players); err != nil {
		s.t.Fatalf("PutStandings: %v", err)
	}
}

// wantStand compares where users stand.
func (s *rig) wantStand(slot quiz.Slot, users []live.UserID, want ...quiz.Player) {
	s.t.Helper()
	got, err := s.Answers.StandingsOf(s.t.Context(), slot, users)
	must(s, "StandingsOf", got, err)
	for i := range got {
		if got[i].Status == quiz.Spectator {
			got[i].After = 0 // nobody needs it
		}
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("StandingsOf = %+v\nwant %+v", got, want)
	}
}

// in returns a player who is in.
func in(user live.UserID) quiz.Player {
	return quiz.Player{User: user, Status: quiz.Playing, EnteredAt: 1}
}

// counted returns how many answers were taken.
func (s *rig) counted(ref quiz.Ref, n quiz.Number) [quiz.MaxOptions]int64 {
	s.t.Helper()
	counts, err := s.Answers.AnswerCounts(s.t.Context(), ref, n)
	return must(s, "AnswerCounts", counts, err)
}

func (s *rig) lives(ref quiz.Ref, n quiz.Number) [quiz.Shards]store.SlotLife {
	s.t.Helper()
	lives, err := s.Answers.SlotLives(s.t.Context(), ref, n)
	return must(s, "SlotLives", lives, err)
}

// move returns a transaction that moves coins.
func move(id string, from, to ledger.Account, coins int64) ledger.Transaction {
	t := ledger.Transaction{
		ID: id, Kind: ledger.Gift, Room: "r \x00", Reference: "rose \x00", RequestID: "request \x00" + id, Gifts: 3,
		Postings: []ledger.Posting{{Account: from, Amount: -coins}, {Account: to, Amount: coins}},
	}
	slices.SortFunc(t.Postings, byAccount)
	return t
}

// purse returns a user's account.
func purse(user string) ledger.Account { return ledger.Account{Kind: ledger.User, Owner: user} }

// outside is where coins come from.
var outside = ledger.Account{Kind: ledger.External}

// fund gives coins to a user.
func (s *rig) fund(user string, coins int64) {
	s.t.Helper()
	s.post(move("fund "+user, outside, purse(user), coins))
}

func (s *rig) post(all ...ledger.Transaction) {
	s.t.Helper()
	if err := s.Ledger.Post(s.t.Context(), all); err != nil {
		s.t.Fatalf("Post: %v", err)
	}
}

func (s *rig) balances(accounts ...ledger.Account) store.LedgerBalances {
	s.t.Helper()
	got, err := s.Ledger.Balances(s.t.Context(), accounts)
	return must(s, "Balances", got, err)
}

// wantBalance compares what is on an account.
func (s *rig) wantBalance(a ledger.Account, want int64) {
	s.t.Helper()
	if got := s.balances(a).Amounts; len(got) != 1 || got[0] != want {
		s.t.Fatalf("on %+v are %d, want %d", a, got, want)
	}
}

// written returns an account's transactions.
func (s *rig) written(q store.LedgerQuery) []ledger.Transaction {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 1000
	}
	all, err := s.Ledger.Transactions(s.t.Context(), q)
	return must(s, "Transactions", all, err)
}

// accounts lists accounts, and checks that they are of all that was written.
func (s *rig) accounts(q store.AccountQuery) []store.AccountBalance {
	s.t.Helper()
	all, asOf, err := s.Ledger.Accounts(s.t.Context(), q)
	must(s, "Accounts", all, err)
	if want := s.balances().AsOf; asOf != want {
		s.t.Fatalf("Accounts as of %d, want %d", asOf, want)
	}
	return all
}
