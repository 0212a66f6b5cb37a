package wire

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/words"
)

// WordsChange converts a change of a list.
func WordsChange(r *ovationv1.PutWordsRequest) words.Change {
	c := words.Change{List: r.GetListId(), Words: make([]words.Word, len(r.GetWords()))}
	switch r.GetMode() {
	case ovationv1.PutWordsMode_PUT_WORDS_MODE_REPLACE:
		c.Mode = words.Replace
	case ovationv1.PutWordsMode_PUT_WORDS_MODE_REMOVE:
		c.Mode = words.Remove
	case ovationv1.PutWordsMode_PUT_WORDS_MODE_UNSPECIFIED, ovationv1.PutWordsMode_PUT_WORDS_MODE_ADD:
		c.Mode = words.Add
	}
	for i, w := range r.GetWords() {
		c.Words[i] = words.Word{
			Text:   w.GetText(),
			Action: max(words.Action(w.GetAction()), words.Mask), //nolint:gosec // validated: defined only
			Match:  words.Match(w.GetMatch()),                    //nolint:gosec // validated: defined only
		}
	}
	return c
}

// Words converts words.
func Words(list []words.Word) []*ovationv1.Word {
	out := make([]*ovationv1.Word, len(list))
	for i, w := range list {
		out[i] = &ovationv1.Word{
			Text: w.Text, Action: ovationv1.WordAction(w.Action), Match: ovationv1.WordMatch(w.Match),
		}
	}
	return out
}

// WordList converts a list.
func WordList(l words.Summary) *ovationv1.WordList {
	return &ovationv1.WordList{
		RoomId: string(l.Room), ListId: l.ID, Words: int64(l.Words), Revision: l.Revision, ChangedAt: int64(l.Changed),
	}
}

// WordLists converts lists.
func WordLists(lists []words.Summary) []*ovationv1.WordList {
	out := make([]*ovationv1.WordList, len(lists))
	for i, l := range lists {
		out[i] = WordList(l)
	}
	return out
}
