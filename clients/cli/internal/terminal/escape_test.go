package terminal_test

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                      "",
		"hello, 世界 🎉":           "hello, 世界 🎉",
		"👩\u200d👩\u200d👧 مرحبا": "👩\u200d👩\u200d👧 مرحبا",
		"\x1b[2J\x1b]0;x\x07":   `\x1b[2J\x1b]0;x\x07`,
		"a\r\nb\tc\x00":         `a\r\nb\tc\x00`,
		"\x7f\u009b31m":         `\x7f\x9b31m`,
		"abc\u202egpj.exe":      `abc\u202egpj.exe`,
		"a\u2028b\u2066c":       `a\u2028b\u2066c`,
		"a\xffb\xc3":            `a\xffb\xc3`,
		"\ufffd":                "\ufffd",
	}
	for text, want := range tests {
		if got := terminal.Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestIDsThatDifferLookDifferent(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"": "", "ann": "ann", "user:7@example.com": "user:7@example.com", "世界🎉": "世界🎉",
		" ann": `" ann"`, "ann ": `"ann "`, "ann lee": `"ann lee"`, `"ann"`: `"\"ann\""`, `a\nb`: `"a\\nb"`, "a\nb": `"a\nb"`,
		"ann\u200b": `"ann\u200b"`, "\u202eann": `"\u202eann"`, "a\xffb": `"a\xffb"`, "a\u00a0b": `"a\u00a0b"`,
	} {
		if got := terminal.ID(id); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add("ann", " ann")
	f.Add("a\xff", `"a\xff"`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if (terminal.ID(a) == terminal.ID(b)) != (a == b) {
			t.Errorf("%q and %q are %s and %s", a, b, terminal.ID(a), terminal.ID(b))
		}
		if id := terminal.ID(a); terminal.Escape(id) != id {
			t.Errorf("%q reaches the terminal as %q", a, id)
		}
	})
}

func TestEscapeJSONKeepsTheMeaning(t *testing.T) {
	t.Parallel()
	text := "a\u009bb\u202ec\u2028 \ufffd 世界"
	line := []byte(`{"text":"` + text + `"}`)
	escaped := terminal.EscapeJSON(line)
	if want := `{"text":"a\u009bb\u202ec\u2028 ` + "\ufffd 世界" + `"}`; string(escaped) != want {
		t.Errorf("%s, want %s", escaped, want)
	}
	var got struct{ Text string }
	if err := json.Unmarshal(escaped, &got); err != nil || got.Text != text {
		t.Errorf("%q: %v", got.Text, err)
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("\x1b[2J")
	f.Add("\xff\u202e\u009b")
	f.Fuzz(func(t *testing.T, text string) {
		got := terminal.Escape(text)
		if !utf8.ValidString(got) {
			t.Errorf("%q: %q is no UTF-8", text, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q: %q has %U", text, got, r)
			}
		}
		if again := terminal.Escape(got); again != got {
			t.Errorf("%q: %q, and escaped again %q", text, got, again)
		}
	})
}
