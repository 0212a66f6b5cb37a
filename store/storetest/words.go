package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/words"
	"github.com/ovation-live/ovation/store"
)

var wordsTests = []test{
	{"WordsAreLists", wordsAreLists},
	{"WordLimitChangesNothing", wordLimitChangesNothing},
	{"WordsRevisionTellsChanges", wordsRevisionTellsChanges},
	{"WordsStayInEndedRooms", wordsStayInEndedRooms},
	{"WordsAddedAtOnceAreAllThere", wordsAddedAtOnceAreAllThere},
}

func (s *rig) putWords(id live.RoomID, c words.Change) words.Summary {
	s.t.Helper()
	list, err := s.Words.PutWords(s.t.Context(), id, c)
	return must(s, "PutWords", list, err)
}

func (s *rig) allWords(id live.RoomID) ([]words.List, store.WordsRevision) {
	s.t.Helper()
	lists, revision, err := s.Words.AllWords(s.t.Context(), id)
	return must(s, "AllWords", lists, err), revision
}

// actingWords waits until the revision that a node asks for is that of a room's words.
func (s *rig) actingWords(id live.RoomID) (own, everywhere store.WordsRevision) {
	s.t.Helper()
	_, wantOwn := s.allWords(id)
	_, wantEverywhere := s.allWords("")
	s.eventually("the revision is that of the words", func() bool {
		var err error
		own, everywhere, err = s.Words.WordsRevision(s.t.Context(), id)
		must(s, "WordsRevision", own, err)
		return own == wantOwn && everywhere == wantEverywhere
	})
	return own, everywhere
}

// wordsOf returns words of texts.
func wordsOf(texts ...string) (list []words.Word) {
	for _, text := range texts {
		list = append(list, words.Word{Text: text, Action: words.Mask})
	}
	return list
}

// wordsModel is the lists of a room, as Change has them.
type wordsModel struct {
	s     *rig
	id    live.RoomID
	lists map[string]*words.List
	last  map[string]words.Summary
}

// change gives a change to both and compares what they answer.
func (m *wordsModel) change(c words.Change) {
	m.s.t.Helper()
	old, before := m.lists[c.List], m.last[c.List]
	if old == nil {
		old = &words.List{ID: c.List}
	}
	next := c.Apply(old.Words)
	got := m.s.putWords(m.id, c)
	want := words.Summary{
		Room: m.id, ID: c.List, Words: len(next), Revision: before.Revision, Changed: before.Changed,
	}
	if !slices.Equal(next, old.Words) {
		want.Revision++
		if got.Changed <= 0 || got.Changed < before.Changed {
			m.s.t.Fatalf("changed at %d, after %d", got.Changed, before.Changed)
		}
		want.Changed = got.Changed
	}
	if got != want {
		m.s.t.Fatalf("PutWords(%+v) = %+v, want %+v", c, got, want)
	}
	m.lists[c.List], m.last[c.List] = &words.List{ID: c.List, Words: next}, got
	if len(next) == 0 {
		delete(m.lists, c.List)
		delete(m.last, c.List)
	}
}

// agrees compares what both hold, whole and in pages.
func (m *wordsModel) agrees() {
	m.s.t.Helper()
	var ids []string
	for id := range m.lists {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	lists, revision := m.s.allWords(m.id)
	if len(lists) != len(ids) || (revision == 0) != (len(ids) == 0) {
		m.s.t.Fatalf("AllWords = %+v at %d, want lists %q", lists, revision, ids)
	}
	after := ""
	for i, id := range ids {
		if !reflect.DeepEqual(lists[i], *m.lists[id]) {
			m.s.t.Fatalf("AllWords has %+v, want %+v", lists[i], *m.lists[id])
		}
		page, err := m.s.Words.WordLists(m.s.t.Context(), m.id, after, 1)
		if err != nil || len(page) != 1 || page[0] != m.last[id] {
			m.s.t.Fatalf("WordLists after %q = %+v, %v; want %+v", after, page, err, m.last[id])
		}
		after = id
		m.agreesOn(id)
	}
	if page, err := m.s.Words.WordLists(m.s.t.Context(), m.id, after, 1); err != nil || after != "" && len(page) > 0 {
		m.s.t.Fatalf("WordLists after the last = %+v, %v", page, err)
	}
}

// agreesOn compares the words of a list, in pages of two.
func (m *wordsModel) agreesOn(list string) {
	m.s.t.Helper()
	after := ""
	for page := range slices.Chunk(m.lists[list].Words, 2) {
		got, err := m.s.Words.WordsOf(m.s.t.Context(), m.id, list, after, 2)
		if err != nil || !slices.Equal(got, page) {
			m.s.t.Fatalf("Words of %q after %q = %+v, %v; want %+v", list, after, got, err, page)
		}
		after = page[len(page)-1].Text
	}
	if got, err := m.s.Words.WordsOf(m.s.t.Context(), m.id, list, after, 2); err != nil || len(got) > 0 {
		m.s.t.Fatalf("Words of %q after the last = %+v, %v", list, got, err)
	}
}

func wordsAreLists(t *testing.T, s *rig) {
	word := rapid.Custom(func(t *rapid.T) words.Word {
		return words.Word{
			Text:   rapid.SampledFrom([]string{"a", "A", "b", "a b", "字", "ü\x00"}).Draw(t, "text"),
			Action: rapid.SampledFrom([]words.Action{words.Mask, words.Refuse}).Draw(t, "action"),
			Match:  rapid.SampledFrom([]words.Match{words.MatchDefault, words.Whole, words.Anywhere}).Draw(t, "match"),
		}
	})
	s.check(t, func(t *rapid.T, s *rig, id live.RoomID) {
		s.create(id)
		m := &wordsModel{s, id, make(map[string]*words.List), make(map[string]words.Summary)}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				m.change(words.Change{
					List:  rapid.SampledFrom([]string{"default", "ads", "Ads"}).Draw(t, "list"),
					Mode:  rapid.SampledFrom([]words.Mode{words.Add, words.Add, words.Replace, words.Remove}).Draw(t, "mode"),
					Words: rapid.SliceOfN(word, 0, 4).Draw(t, "words"),
				})
			},
			"": func(*rapid.T) { m.agrees() },
		})
	})
}

// fill puts a room's lists one short of what they may hold.
func (s *rig) fill(id live.RoomID) {
	s.t.Helper()
	const each = 5000
	for i := range store.MaxWords / each {
		list := make([]words.Word, each)
		for j := range list {
			list[j].Text = fmt.Sprint(i, ".", j)
		}
		if i == 0 {
			list = list[1:]
		}
		s.putWords(id, words.Change{List: fmt.Sprint("list", i%2), Words: list})
	}
}

func wordLimitChangesNothing(t *testing.T, s *rig) {
	s.create("r")
	for _, id := range []live.RoomID{"r", ""} {
		s.fill(id)
		before, revision := s.allWords(id)
		_, err := s.Words.PutWords(t.Context(), id, words.Change{List: "more", Words: wordsOf("x", "y")})
		limit := new(store.WordLimitError)
		if !errors.As(err, &limit) || limit.Max != store.MaxWords {
			t.Errorf("in %q: %v, want that there would be too many", id, err)
		}
		if now, at := s.allWords(id); at != revision || !reflect.DeepEqual(now, before) {
			t.Errorf("in %q: refused words changed the lists", id)
		}
		s.putWords(id, words.Change{List: "more", Words: wordsOf("x", "x")})
		s.putWords(id, words.Change{List: "more", Mode: words.Replace, Words: wordsOf("y")})
	}
}

func wordsRevisionTellsChanges(t *testing.T, s *rig) {
	s.create("r")
	s.create("other")
	if own, everywhere := s.actingWords("r"); own != 0 || everywhere != 0 {
		t.Errorf("without words the revisions are %d, %d", own, everywhere)
	}
	add := words.Change{List: "l", Words: wordsOf("a")}
	s.putWords("r", add)
	own, _ := s.actingWords("r")
	s.putWords("other", add)
	s.putWords("", add)
	again, everywhere := s.actingWords("r")
	if own == 0 || again != own || everywhere == 0 {
		t.Errorf("the revisions went from %d to %d, %d by words elsewhere", own, again, everywhere)
	}
	s.putWords("r", add)
	if same, _ := s.actingWords("r"); same != own {
		t.Errorf("what changes nothing made %d of %d", same, own)
	}
	add.Words[0].Action = words.Refuse
	s.putWords("r", add)
	if changed, _ := s.actingWords("r"); changed == own {
		t.Error("another action is no other revision")
	}
	s.putWords("r", words.Change{List: "l", Mode: words.Replace})
	if none, still := s.actingWords("r"); none != 0 || still != everywhere {
		t.Errorf("with no words of its own left: %d, %d", none, still)
	}
}

func wordsStayInEndedRooms(t *testing.T, s *rig) {
	s.create("r")
	s.putWords("r", words.Change{List: "l", Words: wordsOf("a")})
	s.end("r")
	if lists, _ := s.allWords("r"); len(lists) != 1 {
		t.Errorf("an ended room has lists %+v", lists)
	}
}

func wordsAddedAtOnceAreAllThere(t *testing.T, s *rig) {
	s.create("r")
	for _, id := range []live.RoomID{"r", ""} {
		parallel(crowd, func(n int) {
			s.putWords(id, words.Change{List: fmt.Sprint(n % 2), Words: wordsOf(fmt.Sprint(n), "all")})
		})
		lists, _ := s.allWords(id)
		if len(lists) != 2 || len(lists[0].Words) != crowd/2+1 || len(lists[1].Words) != crowd/2+1 {
			t.Errorf("in %q: %+v", id, lists)
		}
	}
}

// wordsCalls is every method of Words that takes a room's id.
var wordsCalls = []call{
	{"PutWords", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Words.PutWords(ctx, id, words.Change{List: "l", Words: wordsOf("new")})
		return err
	}},
	{"WordLists", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Words.WordLists(ctx, id, "", 10)
		return err
	}},
	{"WordsOf", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Words.WordsOf(ctx, id, "l", "", 10)
		return err
	}},
	{"AllWords", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Words.AllWords(ctx, id)
		return err
	}},
	{"WordsRevision", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Words.WordsRevision(ctx, id)
		return err
	}},
}
