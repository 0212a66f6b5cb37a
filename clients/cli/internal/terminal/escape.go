// Package terminal keeps strangers' texts from taking over the terminal that they
// are printed on.
package terminal

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes a text fit for one line of a terminal: what would move the cursor,
// change colours, break the line or turn its direction is written out as \n, \x1b or
// \u202e instead. All else, of any script, stays as it is.
func Escape(text string) string {
	if !strings.ContainsFunc(text, needsEscape) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case needsEscape(r):
			b.WriteString(written(r))
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

// ID makes an id of strangers' fit for a line of columns, so that two that differ look different:
// one with spaces, quotes or what cannot be seen stands in quotes, as " ann" or "ann\u200b".
func ID(id string) string {
	if strings.ContainsFunc(id, isOdd) || !utf8.ValidString(id) {
		return strconv.Quote(id)
	}
	return id
}

// isOdd says whether an id with a rune is easily taken for another.
func isOdd(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == '"' || r == '\\' }

// needsEscape says whether a rune must not reach the terminal. Broken UTF-8, which
// reads as U+FFFD, is looked at closer by Escape.
func needsEscape(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// written is the rune as people write it.
func written(r rune) string {
	switch {
	case r == utf8.RuneError:
		return string(r)
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// EscapeJSON does for a line of JSON what Escape does for a text, and leaves its
// meaning as it is: outside of strings JSON is plain ASCII, and within them \u009b is
// what it stands for.
func EscapeJSON(line []byte) []byte {
	if !bytes.ContainsFunc(line, needsEscape) {
		return line
	}
	var escaped bytes.Buffer
	for _, r := range string(line) {
		if needsEscape(r) && r != utf8.RuneError {
			fmt.Fprintf(&escaped, `\u%04x`, r)
			continue
		}
		escaped.WriteRune(r)
	}
	return escaped.Bytes()
}
