package postgres_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/postgres"
	"github.com/ovation-live/ovation/store/storetest"
)

// wordsOf returns words of texts.
func wordsOf(texts ...string) (list []words.Word) {
	for _, text := range texts {
		list = append(list, words.Word{Text: text, Action: words.Mask})
	}
	return list
}

// putWords changes a list.
func putWords(tb testing.TB, s *postgres.Store, id live.RoomID, c words.Change) words.Summary {
	tb.Helper()
	list, err := s.PutWords(tb.Context(), id, c)
	if err != nil {
		tb.Fatalf("PutWords(%q): %v", c.List, err)
	}
	return list
}

// wordsModel is a store, and the lists of a room as Change has them.
type wordsModel struct {
	*rapid.T
	store     *postgres.Store
	id        live.RoomID
	lists     map[string][]words.Word
	last      map[string]words.Summary
	revisions map[store.WordsRevision]bool
}

// change gives a change to both and compares what they answer.
func (m *wordsModel) change(t *testing.T, c words.Change) {
	before, next := m.lists[c.List], c.Apply(m.lists[c.List])
	revision := m.revision(t)
	got, err := m.store.PutWords(t.Context(), m.id, c)
	want := words.Summary{
		Room: m.id, ID: c.List, Words: len(next), Revision: m.last[c.List].Revision, Changed: m.last[c.List].Changed,
	}
	if changed := !slices.Equal(next, before); changed {
		want.Revision++
		if want.Changed = max(got.Changed, want.Changed, 1); err != nil {
			m.Fatal(err)
		}
		if now := m.revision(t); now == revision || m.revisions[now] && now != 0 {
			m.Fatalf("revision %d after %d", now, revision)
		}
	} else if m.revision(t) != revision {
		m.Fatal("what changes nothing has another revision")
	}
	if got != want || err != nil {
		m.Fatalf("PutWords(%+v) = %+v, %v\nwant %+v", c, got, err, want)
	}
	m.revisions[m.revision(t)] = true
	m.lists[c.List], m.last[c.List] = next, got
	if len(next) == 0 {
		delete(m.lists, c.List)
		delete(m.last, c.List)
	}
}

func (m *wordsModel) revision(t *testing.T) store.WordsRevision {
	revision, err := m.store.WordsRevision(t.Context(), m.id)
	if err != nil {
		m.Fatal(err)
	}
	return revision
}

// agree compares what both hold, whole and in pages.
func (m *wordsModel) agree(t *testing.T) {
	lists, revision, err := m.store.AllWords(t.Context(), m.id)
	if err != nil || revision != m.revision(t) || len(lists) != len(m.lists) || (revision == 0) != (len(lists) == 0) {
		m.Fatalf("AllWords = %+v at %d, %v", lists, revision, err)
	}
	after := ""
	for _, list := range lists {
		page, err := m.store.WordLists(t.Context(), m.id, after, 1)
		if err != nil || len(page) != 1 || page[0] != m.last[list.ID] || !slices.Equal(list.Words, m.lists[list.ID]) {
			m.Fatalf("WordLists after %q = %+v, %v; AllWords has %+v, want %+v", after, page, err, list, m.lists[list.ID])
		}
		after = list.ID
		word := ""
		for part := range slices.Chunk(list.Words, 2) {
			got, err := m.store.WordsOf(t.Context(), m.id, list.ID, word, 2)
			if err != nil || !slices.Equal(got, part) {
				m.Fatalf("WordsOf(%q) after %q = %+v, %v; want %+v", list.ID, word, got, err, part)
			}
			word = part[len(part)-1].Text
		}
		if got, err := m.store.WordsOf(t.Context(), m.id, list.ID, word, 2); err != nil || len(got) > 0 {
			m.Fatalf("after the last: %+v, %v", got, err)
		}
	}
}

func TestWordsAreLists(t *testing.T) {
	t.Parallel()
	s := open(t)
	word := rapid.Custom(func(t *rapid.T) words.Word {
		return words.Word{
			Text:   rapid.SampledFrom([]string{"a", "A", "b", "a b", "字", "ü\x00", "ü\x01", "ü"}).Draw(t, "text"),
			Action: rapid.SampledFrom([]words.Action{words.ActionDefault, words.Mask, words.Refuse}).Draw(t, "action"),
			Match:  rapid.SampledFrom([]words.Match{words.MatchDefault, words.Whole, words.Anywhere}).Draw(t, "match"),
		}
	})
	n := 0
	storetest.Check(t, 20, func(rt *rapid.T) {
		n++
		m := &wordsModel{
			store: s, id: live.RoomID(fmt.Sprint("r", n)), lists: make(map[string][]words.Word),
			last: make(map[string]words.Summary), revisions: make(map[store.WordsRevision]bool),
		}
		create(t, s, m.id)
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(rt *rapid.T) {
				m.T = rt
				m.change(t, words.Change{
					List:  rapid.SampledFrom([]string{"default", "ads \x00", "Ads"}).Draw(rt, "list"),
					Mode:  rapid.SampledFrom([]words.Mode{words.Add, words.Add, words.Replace, words.Remove}).Draw(rt, "mode"),
					Words: rapid.SliceOfN(word, 0, 4).Draw(rt, "words"),
				})
			},
		})
		m.T = rt
		m.agree(t)
	})
}

func TestWordsInEveryMode(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *postgres.Store) {
		create(t, s, "r")
		for _, id := range []live.RoomID{"r", ""} {
			putWords(t, s, id, words.Change{List: "l", Words: wordsOf("a", "b'\\", "c\x00")})
			putWords(t, s, id, words.Change{List: "l", Mode: words.Remove, Words: wordsOf("a", "absent")})
			putWords(t, s, id, words.Change{List: "k", Mode: words.Replace, Words: wordsOf("x")})
			lists, revision, err := s.AllWords(t.Context(), id)
			want := []words.List{{ID: "k", Words: wordsOf("x")}, {ID: "l", Words: wordsOf("b'\\", "c\x00")}}
			if err != nil || revision == 0 || !reflect.DeepEqual(lists, want) {
				t.Errorf("in %q: %+v at %d, %v; want %+v", id, lists, revision, err, want)
			}
		}
		if _, err := s.EndRoom(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		_, err := s.PutWords(t.Context(), "r", words.Change{List: "l", Words: wordsOf("d")})
		if !errors.Is(err, store.ErrRoomEnded) {
			t.Errorf("in a room that has ended: %v", err)
		}
		if lists, _, err := s.AllWords(t.Context(), "r"); err != nil || len(lists) != 2 {
			t.Errorf("%+v, %v; want that they can be read", lists, err)
		}
	})
}

func TestWordsWhereNoRoomIs(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, call := range map[string]func() error{
		"PutWords": func() error {
			_, err := s.PutWords(t.Context(), "absent", words.Change{List: "l", Words: wordsOf("a")})
			return err
		},
		"WordLists":     func() error { _, err := s.WordLists(t.Context(), "absent", "", 1); return err },
		"WordsOf":       func() error { _, err := s.WordsOf(t.Context(), "absent", "l", "", 1); return err },
		"AllWords":      func() error { _, _, err := s.AllWords(t.Context(), "absent"); return err },
		"WordsRevision": func() error { _, err := s.WordsRevision(t.Context(), "absent"); return err },
	} {
		if err := call(); !errors.Is(err, store.ErrRoomNotFound) {
			t.Errorf("%s: %v, want ErrRoomNotFound", name, err)
		}
	}
}

// many returns n words, the first of which is number from.
func many(from, n int) []words.Word {
	list := make([]words.Word, n)
	for i := range list {
		list[i].Text = fmt.Sprintf("word %06d", from+i)
	}
	return list
}

func TestWordLimitChangesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	create(t, s, "r")
	putWords(t, s, "r", words.Change{List: "l", Words: many(0, store.MaxWords-1)})
	before, revision, err := s.AllWords(t.Context(), "r")
	if err != nil || len(before[0].Words) != store.MaxWords-1 {
		t.Fatal(err)
	}
	var limit *store.WordLimitError
	_, err = s.PutWords(t.Context(), "r", words.Change{List: "more", Words: wordsOf("x", "y")})
	if !errors.As(err, &limit) || limit.Max != store.MaxWords {
		t.Errorf("too many: %v", err)
	}
	if now, at, err := s.AllWords(t.Context(), "r"); err != nil || at != revision || !reflect.DeepEqual(now, before) {
		t.Errorf("refused words changed the lists: %d, %v", at, err)
	}
	putWords(t, s, "r", words.Change{List: "more", Words: wordsOf("x", "x")})
	putWords(t, s, "r", words.Change{List: "more", Mode: words.Replace, Words: wordsOf("y")})
	putWords(t, s, "r", words.Change{List: "l", Mode: words.Replace})
	if lists, _, err := s.AllWords(t.Context(), "r"); err != nil || len(lists) != 1 {
		t.Errorf("%d lists, %v", len(lists), err)
	}
}

func TestWordsAddedAtOnceAreAllThere(t *testing.T) {
	t.Parallel()
	c := config(t)
	stores := []*postgres.Store{openWith(t, c), connect(t, c)}
	create(t, stores[0], "r")
	parallel(crowd, func(n int) {
		putWords(t, stores[n%2], "r", words.Change{List: fmt.Sprint(n % 3), Words: wordsOf(fmt.Sprint(n), "all")})
	})
	lists, _, err := stores[0].AllWords(t.Context(), "r")
	if err != nil || len(lists) != 3 {
		t.Fatalf("%+v, %v", lists, err)
	}
	for _, list := range lists {
		if len(list.Words) != crowd/3+1 {
			t.Errorf("%+v", list)
		}
	}
}

// A change of a few words reads those words, however many there are in the list.
func TestWordsThatAreNamedAreLookedUp(t *testing.T) {
	t.Parallel()
	c := empty(t)
	s := openWith(t, c)
	create(t, s, "r")
	texts := make([]string, 20_000)
	for i := range texts {
		texts[i] = fmt.Sprint("word ", i)
	}
	putWords(t, s, "r", words.Change{List: "l", Words: wordsOf(texts...)})
	putWords(t, s, "r", words.Change{List: "l", Words: wordsOf(append(texts[:10:10], "another")...)})
	putWords(t, s, "r", words.Change{List: "l", Mode: words.Remove, Words: wordsOf(texts[:10]...)})
	s.Close() // connections that end tell what they have counted
	counted := func(column string) string {
		return services.Query(t, c.URL, "SELECT "+column+
			" FROM pg_stat_user_tables WHERE relname = 'words' AND schemaname = '"+c.Schema+"'")
	}
	eventually(t, "it is counted what was changed", func() bool { return counted("n_tup_ins || '-' || n_tup_del") == "20001-10" })
	read, err := strconv.Atoi(counted("seq_tup_read + idx_tup_fetch"))
	if err != nil || read > 1000 {
		t.Errorf("%d words were read, %v; want about as many as were named", read, err)
	}
}
