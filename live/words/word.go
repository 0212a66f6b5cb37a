package words

import "fmt"

// Action is what happens to a text that a word is found in.
type Action uint8

// The actions. Their numbers are those of the contract, and may be kept by a store.
const (
	ActionDefault Action = iota // Mask
	Mask                        // the word's characters become asterisks
	Refuse                      // the text is refused
)

// Match says where a word is found.
type Match uint8

// The matches. Their numbers are those of the contract, and may be kept by a store.
const (
	MatchDefault Match = iota // Whole for letters of scripts with spaces between words, and digits
	Whole                     // with no letter or digit beside it
	Anywhere                  // inside other words too
)

// Word is a forbidden word or phrase.
type Word struct {
	Text   string
	Action Action
	Match  Match
}

// List is words under a name. The words are shared and must not be changed.
type List struct {
	ID    string
	Words []Word
}

// UnusableError says that a word has neither letter nor digit, and so cannot be found.
type UnusableError struct{ Index int }

// Error implements error.
func (e *UnusableError) Error() string {
	return fmt.Sprintf("words[%d].text has no letter, digit or ideograph: leave it out", e.Index)
}

// Check returns nil if each of the words can be found, or *UnusableError of the first
// that cannot.
func Check(list []Word) error {
	for i, w := range list {
		if len(scan(w.Text, nil)) == 0 {
			return &UnusableError{i}
		}
	}
	return nil
}
