package words_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ovation-live/ovation/live/words"
)

// filter returns a filter of words with default action and match.
func filter(texts ...string) *words.Filter {
	list := words.List{ID: "l"}
	for _, text := range texts {
		list.Words = append(list.Words, words.Word{Text: text})
	}
	return words.Compile([]words.List{list})
}

// judge returns what becomes of a text.
func judge(text string, filters ...*words.Filter) words.Verdict {
	var r words.Reader
	return r.Judge(text, filters...)
}

// stars says that a text is to be masked whole.
const stars = "*"

func TestWhatIsFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ word, text, want string }{
		// case, width, and what is not seen
		{"fuck", "what the FuCk!", "what the ****!"},
		{"fuck", "ｆｕｃｋ", stars},
		{"fuck", "f\u200bu\u00adc\ufe0fk", stars},
		{"fuck", "f\u0336u\u0336c\u0336k\u0336 it", "******** it"},
		{"fuck", "fúck", stars},
		{"fuck", "fu\u0301ck", stars},
		{"coño", "CON\u0303O", stars},
		{"coño", "cono", "cono"},
		{"scheiße", "SCHEISSE", stars},
		{"scheisse", "Scheiße", stars},
		{"ὀδός", "ὈΔΌΣ", stars},
		// repetition
		{"fuck", "fuuuuck ffffuuckkk", "******* **********"},
		{"good", "god", "god"},
		{"good", "goooood", stars},
		{"ass", "as", "as"},
		{"13", "113 133", "113 133"},
		{"妈的", "妈妈的", "妈**"},
		{"他妈的", "他妈妈的", "他妈妈的"},
		// spaces and punctuation
		{"fuck", "f u c k", stars},
		{"fuck", "oh f.u.c.k, no", "oh *******, no"},
		{"fuck", "f - u - c - k", stars},
		{"fuck", "f uu u c k", stars},
		{"fuck", "fu.ck f*uck (fu_ck)", "***** ***** (*****)"},
		{"ass", "was so", "was so"},
		{"ass", "a s", "a s"},
		{"ass", "a ss", "a ss"},
		{"ass", "a s s", stars},
		{"shit", "that's hit", "that's hit"},
		{"penis", "the pen is red", "the pen is red"},
		{"hell", "he'll he’ll", "he'll he’ll"},
		{"whore", "who're", "who're"},
		{"qq", "Q_Q q.q", "Q_Q q.q"},
		{"qq", "QQ qqq", "** ***"},
		{"13", "1.3 1-3", "1.3 1-3"},
		{"妓女", "妓 女", stars},
		{"操你妈", "大家操.你.妈咪", "大家*****咪"},
		// phrases
		{"blow job", "a BLOW-job", "a ********"},
		{"blow job", "blowjob", "blowjob"},
		{"blow job", "b l o w j o b", stars},
		{"s&m", "s & m", stars},
		{"s&m", "sm", "sm"},
		// words of their own
		{"QQ", "qqcity 加QQ号 QQ群", "qqcity 加**号 **群"},
		{"ass", "class assess ass", "class assess ***"},
		{"3P", "3pm 13p 3P", "3pm 13p **"},
		{"хуй", "ХУЙ хуйло", "*** хуйло"},
		{"兼职", "找兼职吗", "找**吗"},
		{"卖B", "他卖BB", "他***"},
		{"シ", "シ", stars},
		{"ばか", "はか", "はか"},
		{"は", "ば", "ば"},
		{"씨발", "씨발아", "**아"},
		{"시", "신", "신"},
		{"한", "\u1112\u1161\u11ab", stars},
		{"क", "की", "की"},
		// what matches needs no text
		{"fuck", "", ""},
		{"fuck", " .,!*'", " .,!*'"},
		{"fuck", "\xff\xfe fuck \x80", "\xff\xfe **** \x80"},
	} {
		want := tt.want
		if want == stars {
			want = strings.Repeat(stars, utf8.RuneCountInString(tt.text))
		}
		if got := judge(tt.text, filter(tt.word)); got.Text != want || got.Masked != (want != tt.text) || got.Refused {
			t.Errorf("%q in %q: %+v, want %q", tt.word, tt.text, got, want)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		word words.Word
		text string
		want string
	}{
		{words.Word{Text: "ass", Match: words.Anywhere}, "class", "cl***"},
		{words.Word{Text: "ass", Match: words.Whole}, "class", "class"},
		{words.Word{Text: "妓女", Match: words.Whole}, "是妓女吗", "是妓女吗"},
		{words.Word{Text: "妓女", Match: words.Whole}, "妓女3", "妓女3"},
		{words.Word{Text: "妓女", Match: words.Whole}, "妓女!", "**!"},
	} {
		f := words.Compile([]words.List{{ID: "l", Words: []words.Word{tt.word}}})
		if got := judge(tt.text, f); got.Text != tt.want {
			t.Errorf("%+v in %q: %q, want %q", tt.word, tt.text, got.Text, tt.want)
		}
	}
}

// All lists act together, and the strictest action counts.
func TestListsTogether(t *testing.T) {
	t.Parallel()
	mild := words.List{ID: "mild", Words: []words.Word{{Text: "bad", Action: words.Mask}, {Text: "worse"}}}
	strict := words.List{ID: "strict", Words: []words.Word{{Text: "BAD", Action: words.Refuse}}}
	one, both := words.Compile([]words.List{mild}), words.Compile([]words.List{mild, strict})
	for _, filters := range [][]*words.Filter{{both}, {one, words.Compile([]words.List{strict})}, {nil, both}} {
		if got := judge("worse bad", filters...); !got.Refused || got.List != "strict" || got.Masked || got.Text != "worse bad" {
			t.Errorf("%+v", got)
		}
		if got := judge("worse", filters...); got.Refused || got.Text != "*****" {
			t.Errorf("%+v", got)
		}
	}
	again := words.List{ID: "again", Words: []words.Word{{Text: "w!"}, {Text: "W", Action: words.Refuse}, {Text: "w"}}}
	if got := judge("w", words.Compile([]words.List{mild, again})); !got.Refused || got.List != "again" {
		t.Errorf("spelt in several ways: %+v", got)
	}
	if got := judge("a big black cock", filter("big black", "black cock")); got.Text != "a **************" {
		t.Errorf("words that overlap: %q", got.Text)
	}
}

// What masking brings together is masked too, and a text made of nothing else whole.
func TestMaskingEnds(t *testing.T) {
	t.Parallel()
	nested := "hi" + strings.Repeat(" a b", 1000) + strings.Repeat(" c d", 1000)
	if got := judge(nested, filter("abcd")); got.Text != strings.Repeat("*", len(nested)) {
		t.Errorf("%.40q", got.Text)
	}
	if got := judge("a f u c k s s", filter("fuck", "ass")); got.Text != strings.Repeat("*", 13) {
		t.Errorf("%q", got.Text)
	}
}

func TestUnusable(t *testing.T) {
	t.Parallel()
	if err := words.Check([]words.Word{{Text: "a"}, {Text: "1"}, {Text: "字"}, {Text: "..x"}}); err != nil {
		t.Error(err)
	}
	for _, text := range []string{"", "...", "🖕", "\u200b", " ", "\u0301"} {
		unusable := new(words.UnusableError)
		if err := words.Check([]words.Word{{Text: "a"}, {Text: text}}); !errors.As(err, &unusable) || unusable.Index != 1 {
			t.Errorf("%q: %v", text, err)
		}
		if f := filter(text); f.Len() != 0 || judge("a "+text, f).Masked {
			t.Errorf("%q is found", text)
		}
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	w := func(text string, a words.Action) words.Word { return words.Word{Text: text, Action: a} }
	old := []words.Word{w("a", words.Mask), w("c", words.Mask)}
	for _, tt := range []struct {
		c    words.Change
		want []words.Word
	}{
		{words.Change{Words: []words.Word{w("b", 1), w("a", 2), w("b", 2)}}, []words.Word{w("a", 2), w("b", 2), w("c", 1)}},
		{words.Change{Mode: words.Replace, Words: []words.Word{w("b", 1)}}, []words.Word{w("b", 1)}},
		{words.Change{Mode: words.Replace}, nil},
		{words.Change{Mode: words.Remove, Words: []words.Word{w("c", 2), w("d", 1), w("A", 1)}}, old[:1]},
	} {
		if got := tt.c.Apply(old); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %+v, want %+v", tt.c, got, tt.want)
		}
	}
}
