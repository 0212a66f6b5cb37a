package words

import (
	"slices"
	"strings"

	"github.com/ovation-live/ovation/live"
)

// Mode says what becomes of the words that are on a list that is changed.
type Mode uint8

// The modes.
const (
	Add     Mode = iota // they stay; those named get the new action and match
	Replace             // they go
	Remove              // those named go
)

// Change changes a list. A word is the same as another if its text is, byte for byte;
// of words named more than once the last counts.
type Change struct {
	List  string
	Mode  Mode
	Words []Word
}

// Summary is a list without its words.
type Summary struct {
	Room     live.RoomID // empty: every room
	ID       string
	Words    int
	Revision int64 // counts its changes
	Changed  live.Timestamp
}

// Apply returns the words of a list after a change, in order of text and in a slice of
// their own. Those before it are in that order.
func (c Change) Apply(old []Word) []Word {
	named := distinct(c.Words)
	switch c.Mode {
	case Replace:
		return named
	case Remove:
		return slices.DeleteFunc(slices.Clone(old), func(w Word) bool {
			_, found := slices.BinarySearchFunc(named, w, ByText)
			return found
		})
	case Add:
	}
	return distinct(slices.Concat(old, named))
}

// distinct returns words in order of text, the last of those with the same.
func distinct(list []Word) []Word {
	list = slices.Clone(list)
	slices.Reverse(list)
	slices.SortStableFunc(list, ByText)
	return slices.CompactFunc(list, func(a, b Word) bool { return a.Text == b.Text })
}

// ByText orders words by their texts' bytes.
func ByText(a, b Word) int { return strings.Compare(a.Text, b.Text) }
