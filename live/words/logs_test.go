package words_test

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ovation-live/ovation/live/words"
)

// counts is what a list finds in a log. A change of the rules shows in them.
type counts struct {
	texts     int // that a word is found in
	substring int // that a plain search for substrings would find one in
	inside    int // of those, where each of its words is part of another Latin word or number
	falsely   int // texts found of which a masked span has a letter or digit beside it that continues it
}

func TestRealLogs(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("OVATION_TEST_DATA")
	if folder == "" {
		t.Skip("OVATION_TEST_DATA names no folder of recorded logs")
	}
	data := os.DirFS(folder)
	for _, tt := range []struct {
		list, log string
		want      counts
	}{
		{"words-ldnoobw-en.txt", "twitch-asiagodtone-113759702.jsonl", counts{37, 49, 13, 0}},
		{"words-ldnoobw-en.txt", "twitch-forsen-irc.jsonl", counts{63, 129, 67, 0}},
		{"words-ldnoobw-en.txt", "twitch-arypie-1225373060.jsonl", counts{20, 71, 51, 0}},
		{"words-ldnoobw-en.txt", "irc-qtox-2016H2.jsonl", counts{160, 695, 537, 0}},
		{"words-ldnoobw-zh.txt", "twitch-asiagodtone-113759702.jsonl", counts{2601, 2427, 1, 0}},
		{"words-ldnoobw-zh.txt", "irc-qtox-2016H2.jsonl", counts{13, 0, 0, 0}},
		{"words-konsheng-ads-zh.txt", "twitch-asiagodtone-113759702.jsonl", counts{313, 344, 55, 0}},
		{"words-konsheng-ads-zh.txt", "irc-qtox-2016H2.jsonl", counts{26, 3033, 3007, 0}},
	} {
		t.Run(tt.list+" in "+tt.log, func(t *testing.T) {
			t.Parallel()
			list := readList(t, data, tt.list)
			got := count(list, readTexts(t, data, tt.log))
			t.Logf("%+v", got)
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// readList reads a list, a word a line.
func readList(t *testing.T, data fs.FS, name string) (list []string) {
	t.Helper()
	raw, err := fs.ReadFile(data, name)
	if err != nil {
		t.Skipf("no real lists: %v (OVATION_TEST_DATA names their folder)", err)
	}
	for line := range strings.Lines(string(raw)) {
		if word := strings.TrimSpace(line); word != "" {
			list = append(list, word)
		}
	}
	return list
}

// readTexts reads the texts of a log.
func readTexts(t *testing.T, data fs.FS, name string) (texts []string) {
	t.Helper()
	file, err := data.Open(name)
	if err != nil {
		t.Skipf("no real logs: %v (OVATION_TEST_DATA names their folder)", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var line struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, line.Text)
	}
	return texts
}

// count filters texts by a list, and by substrings.
func count(list, texts []string) (c counts) {
	f, spaced := filter(list...), make([]string, 0, len(list))
	for _, w := range list {
		spaced = append(spaced, strings.ToLower(w))
	}
	var r words.Reader
	for _, text := range texts {
		v := r.Judge(text, f)
		if v.Masked {
			c.texts++
			if continued(text, v.Text) {
				c.falsely++
			}
		}
		if found, inside := substrings(spaced, strings.ToLower(text)); found {
			c.substring++
			if inside {
				c.inside++
			}
		}
	}
	return c
}

// isLatin says whether a character continues a Latin word or a number.
func isLatin(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }

// continued says whether a masked span that begins or ends with a Latin letter or a
// digit has another beside it.
func continued(before, after string) bool {
	b, a := []rune(before), []rune(after)
	masked := func(i int) bool { return i >= 0 && i < len(a) && a[i] == '*' && b[i] != '*' }
	for i := range b {
		for _, beside := range []int{i - 1, i + 1} {
			if masked(i) && beside >= 0 && beside < len(b) && !masked(beside) && isLatin(b[i]) && isLatin(b[beside]) {
				return true
			}
		}
	}
	return false
}

// substrings says whether words are in a text at all, and whether every one of them is
// part of another Latin word or number there.
func substrings(list []string, text string) (found, inside bool) {
	inside = true
	for _, w := range list {
		for at := 0; ; at++ {
			i := strings.Index(text[at:], w)
			if i < 0 {
				break
			}
			found, at = true, at+i
			inside = inside && partOf(text, at, at+len(w))
		}
	}
	return found, found && inside
}

// partOf says whether bytes of a text are part of a longer Latin word or number.
func partOf(text string, start, end int) bool {
	first, _ := utf8.DecodeRuneInString(text[start:])
	last, _ := utf8.DecodeLastRuneInString(text[:end])
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return isLatin(first) && isLatin(before) || isLatin(last) && isLatin(after)
}
