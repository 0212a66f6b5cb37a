package wordfile_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/clients/cli/internal/wordfile"
	"github.com/ovation-live/ovation/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll reads a list through.
func readAll(t *testing.T, source io.Reader) (words []string, malformed []int) {
	t.Helper()
	reader := wordfile.NewReader(source)
	for {
		word, err := reader.Next()
		var wrong *wordfile.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return words, malformed
		case errors.As(err, &wrong):
			malformed = append(malformed, wrong.Line)
		case err != nil:
			t.Fatal(err)
		default:
			words = append(words, word)
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	list := "\ufeff# people\r\n\r\n  two words \t\r\n" + // 3
		"兼职\n13.\n#not this\nx#y\n" + // 7
		strings.Repeat("a", wordfile.MaxWord) + "\n" + strings.Repeat("a", wordfile.MaxWord+1) + "\n" + // 9
		"\xff\n!!!\n🖕\na\x00b\n" + // 13
		strings.Repeat("b", 200<<10) + "\nlast"
	for name, source := range map[string]io.Reader{
		"at once": strings.NewReader(list), "in bytes": iotest.OneByteReader(strings.NewReader(list)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words, malformed := readAll(t, source)
			want := []string{"two words", "兼职", "13.", "x#y", strings.Repeat("a", wordfile.MaxWord), "last"}
			if !slices.Equal(words, want) {
				t.Errorf("%q", words)
			}
			if !slices.Equal(malformed, []int{9, 10, 11, 12, 13, 14}) {
				t.Errorf("malformed: %v", malformed)
			}
		})
	}
}

func TestSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	reader := wordfile.NewReader(io.MultiReader(strings.NewReader("one\ntwo"), iotest.ErrReader(broken)))
	if word, err := reader.Next(); word != "one" || err != nil {
		t.Errorf("%q, %v", word, err)
	}
	if word, err := reader.Next(); !errors.Is(err, broken) {
		t.Errorf("%q, %v", word, err)
	}
}

// Lists as people keep them.
func TestRealLists(t *testing.T) {
	t.Parallel()
	for _, list := range testkit.Recordings(t, "words-*.txt") {
		raw, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		words, malformed := readAll(t, bytes.NewReader(raw))
		lines := 0
		for line := range strings.Lines(string(raw)) {
			if line := strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines++
			}
		}
		if len(words)+len(malformed) != lines || len(malformed) > lines/100 {
			t.Errorf("%s: %d words and lines %v that are none, of %d", list, len(words), malformed, lines)
		}
	}
}

// Whatever is in a file: every word that comes out of it is one, and reads back as it is.
func FuzzReader(f *testing.F) {
	f.Add([]byte("one\n#two\n\n  three four \r\n兼职"))
	f.Add([]byte("\ufeffa\n\xff\n!!!\n\u200b\n"))
	f.Add(bytes.Repeat([]byte("a"), 130))
	f.Fuzz(func(t *testing.T, data []byte) {
		words, malformed := readAll(t, bytes.NewReader(data))
		if lines := bytes.Count(data, []byte("\n")) + 1; len(words)+len(malformed) > lines {
			t.Errorf("%d words and %d faults in %d lines", len(words), len(malformed), lines)
		}
		for _, word := range words {
			if wordfile.Check(word) != nil || word != strings.TrimSpace(word) || word == "" || !utf8.ValidString(word) {
				t.Errorf("%q is no word", word)
			}
		}
		again, wrong := readAll(t, strings.NewReader("\n"+strings.Join(words, "\n")))
		if !slices.Equal(words, again) || len(wrong) > 0 {
			t.Errorf("%q, then %q and %v", words, again, wrong)
		}
	})
}
