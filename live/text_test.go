package live_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ovation-live/ovation/live"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, text, line string }{
		"nothing":            {"", "", ""},
		"as it should be":    {"Grüße, 世界! 👩‍👩‍👧 e\u0301", "Grüße, 世界! 👩‍👩‍👧 e\u0301", "Grüße, 世界! 👩‍👩‍👧 e\u0301"},
		"lines and tabs":     {"a\n\tb", "a\n\tb", "a  b"},
		"Windows' lines":     {"a\r\nb\rc", "a\nb\nc", "a b c"},
		"other lines":        {"a\u2028b\u2029c\u0085d\ve\ff", "a\nb\nc\nd\ne\nf", "a b c d e f"},
		"C0":                 {"a\x00\x07\x08\x1b[31mb\x7f", "a[31mb", "a[31mb"},
		"C1":                 {"a\u0080\u009b31mb\u009f", "a31mb", "a31mb"},
		"overrides":          {"user\u202etxt.exe", "usertxt.exe", "usertxt.exe"},
		"embeddings":         {"\u202aa\u202bb\u202cc\u202d", "abc", "abc"},
		"isolates":           {"\u2066a\u2067b\u2068c\u2069", "abc", "abc"},
		"marks of direction": {"שלום\u200f, \u200ehi\u061c", "שלום\u200f, \u200ehi\u061c", "שלום\u200f, \u200ehi\u061c"},
		"spaces around":      {" a ", " a ", "a"},
		"nothing to see":     {"\x00\u202e", "", ""},
	} {
		if got := live.CleanText(tt.in); got != tt.text {
			t.Errorf("%s: text %q, want %q", name, got, tt.text)
		}
		if got := live.CleanLine(tt.in); got != tt.line {
			t.Errorf("%s: line %q, want %q", name, got, tt.line)
		}
	}
}

// FuzzClean: what is clean has nothing that must not be there, stays as it is, and is
// not longer than it was.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "hello", "a\r\n\tb", "\x1b[31m\u202e\u2066", "\xff\xfe", "\r\r\n\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		text, line := live.CleanText(in), live.CleanLine(in)
		for _, r := range text {
			if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) && !mark(r) {
				t.Fatalf("%q has %U", text, r)
			}
		}
		if strings.ContainsFunc(line, unicode.IsControl) || strings.TrimSpace(line) != line {
			t.Fatalf("line %q", line)
		}
		if live.CleanText(text) != text || live.CleanLine(line) != line {
			t.Fatalf("%q and %q are not clean yet", text, line)
		}
		if utf8.ValidString(in) && (!utf8.ValidString(text) || len(text) > len(in) || len(line) > len(in)) {
			t.Fatalf("%q of %q", text, in)
		}
	})
}

// mark says whether a character says a direction and turns none.
func mark(r rune) bool { return r == '\u200e' || r == '\u200f' || r == '\u061c' }
