package redis

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// someNote is a note as a server puts one.
var someNote = rapid.Custom(func(t *rapid.T) quiz.Note {
	n := quiz.Note{
		Kind: quiz.NoteKind(rapid.IntRange(int(quiz.Entered), int(quiz.Revive)).Draw(t, "kind")),
		User: live.UserID(someText.Draw(t, "user")), At: live.Timestamp(rapid.Int64Range(1, 1<<53).Draw(t, "at")),
	}
	switch n.Kind {
	case quiz.Delivered:
		n.Session = live.SessionID(someText.Draw(t, "session"))
	case quiz.Granted:
		n.ID, n.Count = someText.Draw(t, "id"), rapid.IntRange(1, 100).Draw(t, "count")
	case quiz.Entered, quiz.Revive:
	}
	return n
})

// evidenceIn is what a note says.
func evidenceIn(n quiz.Note) quiz.Evidence {
	e := quiz.Evidence{User: n.User}
	switch n.Kind {
	case quiz.Entered:
		e.Entered = n.At
	case quiz.Delivered:
		e.Delivered, e.Session = n.At, n.Session
	case quiz.Granted:
		e.Grants = []quiz.Grant{{ID: n.ID, At: n.At, Count: n.Count}}
	case quiz.Revive:
		e.Revived = n.At
	}
	return e
}

func TestNotesAreReadAsTheyWerePacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := someNote.Draw(t, "note")
		all := newCollection(0)
		for _, want := range []bool{true, false} {
			if fresh, err := all.note(noteName(n), packNote(n)); err != nil || fresh != want {
				t.Fatalf("new: %v, %v; want %v", fresh, err, want)
			}
		}
		if got, want := all.sorted(), []quiz.Evidence{evidenceIn(n)}; !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		other := someNote.Draw(t, "other")
		same := n.Kind == other.Kind && n.User == other.User && n.ID == other.ID
		if named := noteName(n) == noteName(other); named != same {
			t.Fatalf("%+v and %+v have one name: %v", n, other, named)
		}
	})
}

// No two shards share a key, whatever their room and quiz are called.
func TestShardsHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := &Store{config: Config{Prefix: "p:"}}
	id := rapid.StringMatching(`[a/%{}0-9F:]{0,4}`)
	type shard struct {
		quiz.Ref
		n int
	}
	draw := rapid.Custom(func(t *rapid.T) shard {
		ref := quiz.Ref{Room: live.RoomID(id.Draw(t, "room")), Quiz: quiz.ID(id.Draw(t, "quiz"))}
		return shard{ref, rapid.IntRange(0, quiz.Shards-1).Draw(t, "shard")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		if same := s.shardKeysOf(a.Ref, a.n) == s.shardKeysOf(b.Ref, b.n); same != (a == b) {
			t.Fatalf("%+v and %+v have the same keys: %v", a, b, same)
		}
	})
}

func TestMarksAreReadAsTheyWereTold(t *testing.T) {
	t.Parallel()
	body := []byte("Q\x00\x00\x00\x00\x00\x00\x01\x02q \x00")
	var p store.Publication
	want := &store.QuizMark{ID: "q \x00", Revision: 0x102}
	if err := decodeBody("r", body, &p); err != nil || !reflect.DeepEqual(p.Quiz, want) {
		t.Errorf("%+v, %v; want %+v", p.Quiz, err, want)
	}
	if err := decodeBody("r", body[:8], &p); err == nil {
		t.Error("half a revision is read")
	}
}

func FuzzCollection(f *testing.F) {
	for _, n := range []quiz.Note{
		{Kind: quiz.Entered, User: "ann", At: 1},
		{Kind: quiz.Delivered, User: "ann", At: 2, Session: "s"},
		{Kind: quiz.Granted, User: "ann", At: 3, ID: "g", Count: 4},
		{Kind: quiz.Revive, User: "ann", At: 5},
	} {
		f.Add(noteName(n), packNote(n))
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		all := newCollection(0)
		if fresh, err := all.note(name, value); err == nil && (len(all.list) != 1 || !fresh && instantOf(value) != 0) {
			t.Errorf("%d users in one note, new: %v", len(all.list), fresh)
		}
		all = newCollection(0)
		if fresh, err := all.answer(name, value); err == nil && (len(value) != 17 || !fresh) {
			t.Errorf("an answer of %d bytes, new: %v", len(value), fresh)
		}
	})
}

func FuzzReceipts(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4}, []byte("\x02\x00\x00\x00\x00\x00\x00\x00\x09"))
	f.Fuzz(func(t *testing.T, verdicts, repeated []byte) {
		receipts, err := receiptsOf(make([]quiz.Answer, 4), verdicts, repeated)
		if err == nil && (len(receipts) != 4 || len(repeated)%answerLength != 0) {
			t.Errorf("%+v from %q and %q", receipts, verdicts, repeated)
		}
	})
}
