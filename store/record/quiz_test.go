package record_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store/record"
)

// theQuiz has another value in every field.
var theQuiz = quiz.Quiz{
	Ref: quiz.Ref{Room: "r", Quiz: "q"}, Title: "Who knows", State: quiz.Finished,
	Rules: quiz.Rules{
		AnswerWindow: 1 * time.Second, StreamDelay: 2 * time.Second, TicketGrace: 3 * time.Second,
		Missed: quiz.EliminateMissed, MaxExcuses: 4, ProofMargin: 5 * time.Second, EntryQuestions: 6,
		Revives: quiz.Revives{Mode: quiz.ReviveChosen, Initial: 7, MaxUsed: 8, OnLast: true, ChoiceWindow: 9 * time.Second},
		Pot:     10, Remainder: quiz.RemainderReturn, AutoReveal: true, AbandonAfter: 11 * time.Second,
	},
	Rounds: []quiz.Round{{
		Question: quiz.Question{
			Text: "What?", Options: []string{"a", "b"}, Correct: quiz.OptionsOf(2), Window: 12 * time.Second,
			Labels: map[string]string{"c": "d"},
		},
		State: quiz.Revealed, Last: true, AskedAt: 13, Media: 14, DisplayBy: 15, ClosesAt: 16, ClosedAt: 17,
		RevealedAt: 18, RevealedMedia: 19,
		Tally: quiz.Tally{
			Answers: [quiz.MaxOptions]int64{20, 21, 22, 23, 24, 25}, Missed: 26, Excused: 27, Revived: 28,
			Eliminated: 29, Remaining: 30, Entered: 31, Final: true, Evaluated: true,
		},
	}},
	Current: 32, Players: 33, Remaining: 34,
	Result: quiz.Result{
		Winners: 35, Pot: 36, Share: 37, WithExtra: 38, Returned: 39, PaidAt: 40,
		LastExtra: quiz.Rank{User: "ann", Answered: 41, Spent: 42},
	},
	Reason: "It rained", Creator: "host", CreatedAt: 43, TouchedAt: 44, EndedAt: 45, EndedMedia: 46, Finishing: true, Revision: 47,
}

// wantFull checks that no field is left empty, in structs and lists of them.
func wantFull(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			wantFull(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			wantFull(t, name+"[]", v.Index(i))
		}
	default:
	}
	if v.IsZero() {
		t.Errorf("the test leaves %s empty", name)
	}
}

// Nothing may be added to a quiz that its records do not hold.
func TestQuizIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	wantFull(t, "Quiz", reflect.ValueOf(theQuiz))
	for _, want := range []quiz.Quiz{theQuiz, {}, {Rounds: []quiz.Round{{}}}} {
		b, err := record.MarshalQuiz(want)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := record.UnmarshalQuiz(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v\nwant %+v", got, err, want)
		}
	}
}

func FuzzQuiz(f *testing.F) {
	b, err := record.MarshalQuiz(theQuiz)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := record.UnmarshalQuiz(b)
		if err != nil {
			return
		}
		again, err := record.MarshalQuiz(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := record.UnmarshalQuiz(again); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, %v, want %+v", second, err, first)
		}
	})
}

// text draws any bytes, as ids may be.
var text = rapid.Custom(func(t *rapid.T) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "bytes"))
})

// onePlayer draws something in any field.
var onePlayer = rapid.Custom(func(t *rapid.T) quiz.Player {
	small := func(name string) int { return rapid.IntRange(0, 200).Draw(t, name) }
	large := func(name string) int64 { return rapid.Int64().Draw(t, name) }
	return quiz.Player{
		User: live.UserID(text.Draw(t, "user")), Status: quiz.Status(rapid.Byte().Draw(t, "status")),
		EnteredAt: quiz.Number(small("entered")), OutAt: quiz.Number(small("out")), Right: small("right"), Excused: small("excused"),
		Used: small("used"), Revives: int(large("revives")), Spent: large("spent"), Answered: small("answered"),
		Until: live.Timestamp(large("until")), After: quiz.Number(small("after")), Outcome: quiz.Outcome(rapid.Byte().Draw(t, "outcome")),
		Option: quiz.Option(rapid.Byte().Draw(t, "option")), Prize: large("prize"),
	}
})

// oneEvidence draws something in any field.
var oneEvidence = rapid.Custom(func(t *rapid.T) quiz.Evidence {
	instant := func(name string) live.Timestamp {
		return live.Timestamp(rapid.OneOf(rapid.Just[int64](0), rapid.Int64()).Draw(t, name))
	}
	e := quiz.Evidence{
		User: live.UserID(text.Draw(t, "user")), Entered: instant("entered"), Delivered: instant("delivered"),
		Session: live.SessionID(text.Draw(t, "session")), Option: quiz.Option(rapid.Byte().Draw(t, "option")),
		Received: instant("received"), Stored: instant("stored"), Revived: instant("revived"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "grants") {
		e.Grants = append(e.Grants, quiz.Grant{ID: text.Draw(t, "grant"), At: instant("at"), Count: rapid.Int().Draw(t, "count")})
	}
	return e
})

func TestPlayersAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(onePlayer, 0, 5).Draw(t, "players")
		got, err := record.Players(record.AppendPlayers(nil, want))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, want)
		}
		for _, p := range want {
			b := record.AppendPlayer(nil, p)
			if b[0] != byte(p.Status) {
				t.Fatalf("%+v begins with %d", p, b[0])
			}
			p.User = ""
			if got, err := record.Player(b); err != nil || got != p {
				t.Fatalf("%+v, %v\nwant %+v", got, err, p)
			}
		}
	})
}

func TestEvidenceIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(oneEvidence, 0, 5).Draw(t, "evidence")
		b := record.AppendEvidence(nil, want)
		got, err := record.Evidence(b)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, want)
		}
		if _, err := record.Evidence(b[:len(b)-1]); err == nil {
			t.Fatal("without its last byte it is read all the same")
		}
		if _, err := record.Evidence(append(b, 0)); err == nil {
			t.Fatal("with another byte it is read all the same")
		}
	})
}

func FuzzPlayers(f *testing.F) {
	f.Add(record.AppendPlayers(nil, []quiz.Player{{User: "ann", Status: quiz.Playing, Spent: 1 << 40}, {User: "bob"}}))
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := record.Players(b)
		if err != nil {
			return
		}
		if second, err := record.Players(record.AppendPlayers(nil, first)); err != nil || !slices.Equal(first, second) {
			t.Errorf("%+v, %v, want %+v", second, err, first)
		}
	})
}

func FuzzEvidence(f *testing.F) {
	f.Add(record.AppendEvidence(nil, []quiz.Evidence{
		{User: "ann", Entered: 1, Delivered: 2, Session: "s", Option: 3, Received: 4, Stored: 5, Revived: 6},
		{User: "bob", Grants: []quiz.Grant{{ID: "g", At: 7, Count: 8}}},
	}))
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := record.Evidence(b)
		if err != nil {
			return
		}
		if second, err := record.Evidence(record.AppendEvidence(nil, first)); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v, %v, want %+v", second, err, first)
		}
	})
}
