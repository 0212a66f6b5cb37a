package live

import (
	"strings"
	"unicode"
)

// CleanText returns a text as a room takes it: without what no one can see and what
// would change how things around it look. Control characters but tab and line break are
// gone, and so are those that turn the direction of what follows (embeddings, overrides,
// isolates; marks stay). Line breaks of every kind are \n. It is never longer than it was.
func CleanText(text string) string { return clean(text, '\n', '\t') }

// CleanLine is CleanText for what stands in a line with other things, such as a name or
// a title: breaks and tabs are spaces.
func CleanLine(text string) string { return strings.TrimSpace(clean(text, ' ', ' ')) }

// clean cleans a text, with these for its breaks and tabs.
func clean(text string, line, tab rune) string {
	tidy := func(r rune) rune {
		switch {
		case r == '\t':
			return tab
		case breaks(r):
			return line
		case unicode.IsControl(r), turns(r):
			return -1
		default:
			return r
		}
	}
	if strings.ContainsRune(text, '\r') {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	return strings.Map(tidy, text)
}

// breaks says whether a character breaks a line.
func breaks(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return true
	default:
		return false
	}
}

// turns says whether a character turns the direction of what follows, until another ends
// it, and so maybe of what others have written.
func turns(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }
