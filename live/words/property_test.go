package words_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live/words"
)

// pattern returns what a word of small Latin letters looks like; the first group is it.
func pattern(word string) *regexp.Regexp {
	var together strings.Builder
	for i := 0; i < len(word); {
		n := len(word[i:]) - len(strings.TrimLeft(word[i:], word[i:i+1]))
		fmt.Fprintf(&together, "%s{%d,}", word[i:i+1], n)
		i += n
	}
	return regexp.MustCompile(`(?:^|[^a-z])(` + together.String() + `)(?:$|[^a-z])`)
}

// maskAll masks what a pattern's group matches, wherever it begins.
func maskAll(pattern *regexp.Regexp, text string, masked []byte) {
	for at := range len(text) {
		m := pattern.FindStringSubmatchIndex(text[at:])
		if m == nil {
			return
		}
		for i := at + m[2]; i < at+m[3]; i++ {
			masked[i] = '*'
		}
	}
}

// Words that stand together are found as regular expressions find them.
func TestPlainWordsAreFoundAsByAnOracle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`[abc]{1,4}`), 1, 4).Draw(t, "words")
		text := strings.Join(rapid.SliceOfN(rapid.StringMatching(`[abc]{1,6}d?`), 0, 6).Draw(t, "text"), "0")
		text = strings.ReplaceAll(text, "0", "d d ") // what stands apart spells nothing
		masked := []byte(text)
		for _, w := range list {
			maskAll(pattern(w), text, masked)
		}
		if got := judge(text, filter(list...)); got.Text != string(masked) {
			t.Fatalf("%q in %q: %q, want %q", list, text, got.Text, masked)
		}
	})
}

// However a word is disguised it is found, and nothing else is touched.
func TestDisguisesAreSeenThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-m]{2,7}[n-z]`).Draw(t, "word")
		between := rapid.SampledFrom([]string{"", "", " ", ".", "-", " * ", "\u200b", "\u00ad", "'"}).Draw(t, "between")
		var b strings.Builder
		for i, r := range word {
			if i > 0 {
				b.WriteString(between)
			}
			switch rapid.IntRange(0, 4).Draw(t, "disguise") {
			case 0:
				r += 'A' - 'a'
			case 1:
				r += 'ａ' - 'a'
			case 2:
				b.WriteRune(r)
			case 3:
				b.WriteRune(r)
				r = 0x0336
			}
			b.WriteRune(r)
		}
		disguised := b.String()
		got := judge("0 "+disguised+" 0", filter(word))
		if want := "0 " + strings.Repeat("*", utf8.RuneCountInString(disguised)) + " 0"; got.Text != want {
			t.Fatalf("%q as %q: %q", word, disguised, got.Text)
		}
	})
}

// checkVerdict checks what holds for every text under every list.
func checkVerdict(t interface{ Fatalf(string, ...any) }, f *words.Filter, text string) {
	got := judge(text, f)
	if got.Refused {
		return
	}
	if utf8.RuneCountInString(got.Text) != utf8.RuneCountInString(text) || got.Masked != (got.Text != text) && !strings.Contains(text, "*") {
		t.Fatalf("%q became %+v", text, got)
	}
	before, after := []rune(text), []rune(got.Text)
	for i := range after {
		if after[i] != before[i] && after[i] != '*' {
			t.Fatalf("%q became %q", text, got.Text)
		}
	}
	if again := judge(got.Text, f); again.Masked || again.Refused {
		t.Fatalf("%q became %q and then %+v", text, got.Text, again)
	}
}

func TestMaskedTextsStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.StringOf(rapid.RuneFrom([]rune("aabbB. '*á\u0301ａ\u200b13字女はば\u3099씨ß")))
		checkVerdict(t, filter(rapid.SliceOfN(some, 1, 5).Draw(t, "words")...), some.Draw(t, "text"))
	})
}

func FuzzJudge(f *testing.F) {
	f.Add("fuck", "f.u.c.k you")
	f.Add("妈的", "他妈 的\u0301")
	f.Add("ß", "\xffSs")
	f.Fuzz(func(t *testing.T, word, text string) {
		checkVerdict(t, filter(word, "a"), text)
		if utf8.ValidString(word) {
			list := []words.Word{{Text: word, Match: words.Whole}}
			if err := words.Check(list); err == nil && !judge(word, words.Compile([]words.List{{Words: list}})).Masked {
				t.Fatalf("%q is not found in itself", word)
			}
		}
	})
}

func TestNothingIsAllocatedWhereNothingIsFound(t *testing.T) { //nolint:paralleltest // it counts allocations
	f, text := manyWords(1000), longText()
	var r words.Reader
	r.Judge(text, f)
	if n := testing.AllocsPerRun(100, func() { r.Judge(text, f, nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// manyWords returns a filter of n words, Latin and Chinese.
func manyWords(n int) *words.Filter {
	r := rand.New(rand.NewPCG(1, 2))
	list := make([]words.Word, n)
	for i := range list {
		var b strings.Builder
		for range 3 + r.IntN(6) {
			if i%3 == 0 {
				b.WriteRune(rune(0x4E00 + r.IntN(3000)))
			} else {
				b.WriteRune(rune('a' + min(r.IntN(26), r.IntN(26))))
			}
		}
		list[i].Text = b.String() + "qz"
	}
	return words.Compile([]words.List{{ID: "l", Words: list}})
}

// longText returns 500 characters in which no word is.
func longText() string {
	return strings.Repeat("Some prose, as people write it: 也写中文。 ", 13)
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		manyWords(100_000)
	}
}

func BenchmarkJudge(b *testing.B) {
	f, text := manyWords(100_000), longText()
	var r words.Reader
	b.ReportAllocs()
	for b.Loop() {
		r.Judge(text, f)
	}
}
