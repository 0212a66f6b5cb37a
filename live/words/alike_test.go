package words

import (
	"strings"
	"testing"
)

// readingAlike returns so many words of four letters, each as often as in no other.
func readingAlike(n int) []Word {
	var list []Word
	for a := 1; a < 60; a++ {
		for b := 1; b < 60; b++ {
			c := 1 + (a*b)%4
			list = append(list, Word{Text: strings.Repeat("a", a) + strings.Repeat("b", b) + strings.Repeat("c", c) + "d"})
			if len(list) == n {
				return list
			}
		}
	}
	return list
}

// However many words read alike, few are looked at wherever one may stand, and each is
// still found.
func TestWordsThatReadAlikeAreBounded(t *testing.T) {
	t.Parallel()
	list := readingAlike(3000)
	f := Compile([]List{{ID: "l", Words: list}})
	if f.Len() != len(list) {
		t.Errorf("%d words, want %d", f.Len(), len(list))
	}
	chain := 0
	value, _ := f.whole.Get("abcd")
	for e := value.(*entry); e != nil; e = e.next {
		chain++
	}
	if chain > maxAlike+1 {
		t.Errorf("%d words to look at", chain)
	}
	var r Reader
	for _, w := range list {
		if v := r.Judge(w.Text, f); v.Text != strings.Repeat("*", len(w.Text)) {
			t.Fatalf("%s: %s", w.Text, v.Text)
		}
	}
}

// Few that read alike are told from each other; a word beyond them that refuses does.
func TestWhatWordsThatReadAlikeAsk(t *testing.T) {
	t.Parallel()
	list := []Word{{Text: "aabcd"}, {Text: "abbcd", Action: Refuse}}
	var r Reader
	if v := r.Judge("abcd", Compile([]List{{ID: "l", Words: list}})); v.Masked || v.Refused {
		t.Errorf("found in what has too few of a letter: %+v", v)
	}
	list = append(readingAlike(maxAlike), Word{Text: "aaaaabbbbbcccccddddd", Action: Refuse})
	if v := r.Judge("abcd", Compile([]List{{ID: "l", Words: list}})); !v.Refused {
		t.Errorf("one too many is not found: %+v", v)
	}
}

// What is found in a text is bounded by the text, not by how many words find it.
func TestWhatIsFoundIsBounded(t *testing.T) {
	t.Parallel()
	var list []Word
	for n := 1; n < 60; n++ {
		list = append(list, Word{Text: strings.Repeat("ab", n), Match: Anywhere}, Word{Text: strings.Repeat("ab", n) + "b", Match: Anywhere})
	}
	f := Compile([]List{{ID: "l", Words: list}})
	text := strings.Repeat("ab", 500)
	var r Reader
	if !r.find(text, []*Filter{f}) || len(r.found) > len(text) {
		t.Errorf("%d found", len(r.found))
	}
	if v := r.Judge(text, f); v.Text != strings.Repeat("*", len(text)) {
		t.Errorf("%q", v.Text)
	}
}
