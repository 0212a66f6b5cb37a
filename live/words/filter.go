package words

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/armon/go-radix"
)

// Filter is lists of words, ready to be found. It is immutable, and may be used
// concurrently. A nil Filter finds nothing.
type Filter struct {
	whole    *radix.Tree // of *entry, by path
	anywhere *radix.Tree
	size     int
}

// entry is a word as it is read, and the next one that reads alike.
type entry struct {
	need  []need // nil: every letter once, unmarked
	how   how
	word  Word
	list  string
	whole bool
	short bool
	next  *entry
}

// need is what a word asks of one of its letters.
type need struct {
	count int32
	marks rune
}

// Compile returns a filter of lists. Words that cannot be found are left out.
func Compile(lists []List) *Filter {
	f := &Filter{whole: radix.New(), anywhere: radix.New()}
	var c compiler
	for _, list := range lists {
		for _, w := range list.Words {
			c.add(f, list.ID, w)
		}
	}
	return f
}

// Len returns how many words the filter finds.
func (f *Filter) Len() int {
	if f == nil {
		return 0
	}
	return f.size
}

// compiler keeps what is used for one word after the other.
type compiler struct {
	base    []letter
	reading reading
}

// add adds a word.
func (c *compiler) add(f *Filter, list string, w Word) {
	c.base = scan(w.Text, c.base)
	if len(c.base) == 0 {
		return
	}
	f.size++
	c.base[0].gap = 0
	tree, whole := f.anywhere, isWhole(w, c.base)
	if whole {
		tree = f.whole
	}
	e := entry{word: w, list: list, whole: whole}
	c.reading.read(c.base, plain)
	if slices.ContainsFunc(c.base, func(l letter) bool { return l.gap != 0 }) {
		e.how = plain | joined
		c.insert(tree, e)
		c.together()
		e.how = spelt
	} else {
		e.how = plain | joined | spelt
	}
	c.insert(tree, e)
}

// together reads a word as if nothing stood between its letters.
func (c *compiler) together() {
	c.reading.letters, c.reading.path = c.reading.letters[:0], c.reading.path[:0]
	for i, l := range c.base {
		if n := len(c.reading.letters); i > 0 && c.reading.letters[n-1].same(l) && !l.piece {
			c.reading.letters[n-1].take(l)
			continue
		}
		c.reading.push(l)
	}
}

// maxAlike is how many words that read alike are told from each other by how often
// their letters stand and how they are marked. Of a longer list of such words, which no
// language has, the further ones are found whatever they ask: each of them would have to
// be looked at wherever one of them may stand.
const maxAlike = 64

// insert puts a word into a tree as it was read.
func (c *compiler) insert(tree *radix.Tree, e entry) {
	e.short, e.need = isShort(c.reading.letters), needs(c.reading.letters)
	path := string(c.reading.path)
	if others, ok := tree.Get(path); ok {
		e.next = others.(*entry)
	}
	beside := 0
	for other := e.next; other != nil; other = other.next {
		if other.alike(e) {
			other.stricter(e)
			return
		}
		beside++
	}
	if beside >= maxAlike && e.need != nil {
		c.reading.relax()
		c.insert(tree, e)
		return
	}
	tree.Insert(path, &e)
}

// needs returns what a word of these letters asks of them.
func needs(letters []letter) []need {
	var all []need
	for i, l := range letters {
		if l.count > 1 || l.marks != 0 {
			all = append(all, make([]need, i+1-len(all))...)
			all[i] = need{l.count, l.marks}
		}
	}
	return all
}

// relax makes letters of a reading such as ask for nothing.
func (r *reading) relax() {
	for i := range r.letters {
		r.letters[i].count, r.letters[i].marks = 1, 0
	}
}

// alike says whether two words that read alike are found in the same texts.
func (e *entry) alike(other entry) bool {
	return e.how == other.how && e.whole == other.whole && slices.Equal(e.need, other.need)
}

// stricter makes a word refuse if one that is found in the same texts does.
func (e *entry) stricter(other entry) {
	if e.word.Action != Refuse && other.word.Action == Refuse {
		e.word, e.list = other.word, other.list
	}
}

// isWhole says whether a word is found only where nothing stands beside it.
func isWhole(w Word, letters []letter) bool {
	if w.Match != MatchDefault {
		return w.Match == Whole
	}
	return !slices.ContainsFunc(letters, func(l letter) bool { return l.class == unspaced })
}

// Verdict is what becomes of a text.
type Verdict struct {
	Text    string // as others may see it
	Masked  bool   // it is not as it was
	Refused bool   // nobody is to see it
	List    string // the list that a word that refused it is on
}

// Reader finds words in texts, one after the other. The zero value is ready to use. It
// is not safe for concurrent use.
type Reader struct {
	base    []letter
	reading reading
	found   []span
	refused *entry
}

// span is bytes of a text.
type span struct{ start, end int32 }

// maxRounds is how often words are looked for that masking others brought together. A
// text with more of them, one in the other, was made to keep us busy: it is masked whole.
const maxRounds = 8

// Judge says what becomes of a text under filters. It allocates only where something
// is found.
func (r *Reader) Judge(text string, filters ...*Filter) Verdict {
	v := Verdict{Text: text}
	for round := 0; r.find(v.Text, filters); round++ {
		if r.refused != nil {
			return Verdict{Text: text, Refused: true, List: r.refused.list}
		}
		if round == maxRounds {
			r.found = append(r.found[:0], span{0, int32(len(text))}) //nolint:gosec // texts are short of 2 GiB
		}
		v.Text, v.Masked = mask(v.Text, r.found), true
	}
	return v
}

// find finds all words in a text and says whether there are any.
func (r *Reader) find(text string, filters []*Filter) bool {
	r.found, r.refused = r.found[:0], nil
	r.base = scan(text, r.base)
	var gaps gap
	some := false // punctuation alone stands between some letters
	for i, l := range r.base {
		if i > 0 {
			gaps |= l.gap
			some = some || l.gap == joiner
		}
	}
	r.findIn(plain, filters)
	if some {
		r.findIn(joined, filters)
	}
	if gaps != 0 {
		r.findIn(spelt, filters)
	}
	return len(r.found) > 0
}

// findIn finds the words in one reading of the text.
func (r *Reader) findIn(h how, filters []*Filter) {
	r.reading.read(r.base, h)
	// The trees read the path and keep nothing of it.
	path := unsafe.String(unsafe.SliceData(r.reading.path), len(r.reading.path)) //nolint:gosec // a view for this call
	for i := 0; i < len(path); i++ {
		n := r.reading.at[i]
		if n < 0 || i > 0 && r.reading.at[i-1] == n {
			continue
		}
		begins := r.begins(r.reading.letters[n])
		for _, f := range filters {
			if f == nil {
				continue
			}
			if begins {
				r.walk(f.whole, path, i)
			}
			r.walk(f.anywhere, path, i)
		}
	}
}

// walk finds the words of a tree that begin at a byte of the path.
func (r *Reader) walk(tree *radix.Tree, path string, i int) {
	tree.WalkPath(path[i:], func(key string, value any) bool {
		if key != "" {
			first, last := r.reading.at[i], r.reading.at[i+len(key)-1]
			letters := r.reading.letters[first : last+1]
			for e := value.(*entry); e != nil && r.refused == nil; e = e.next {
				if e.how&r.reading.how != 0 && e.meets(letters) && r.stands(e, letters) {
					r.take(e, letters)
				}
			}
		}
		return false
	})
}

// meets says whether letters have all that the word asks of them.
func (e *entry) meets(letters []letter) bool {
	for i, n := range e.need {
		if letters[i].count < n.count || n.marks != 0 && letters[i].marks != n.marks {
			return false
		}
	}
	return true
}

// stands says whether letters stand where the word is found.
func (r *Reader) stands(e *entry, letters []letter) bool {
	first, last := letters[0], letters[len(letters)-1]
	if after := int(last.last) + 1; after < len(r.base) && r.base[after].gap == 0 && r.base[after].piece {
		return false
	}
	if r.reading.how != plain && (!over(letters) || e.short) {
		return false
	}
	if r.reading.how == joined && !r.alone(first, last) {
		return false
	}
	return !e.whole || r.begins(first) && r.ends(last)
}

// over says whether something was passed over between letters.
func over(letters []letter) bool {
	for i, l := range letters {
		if l.inner || i > 0 && l.over {
			return true
		}
	}
	return false
}

// isShort says whether a word is too short to be looked for apart: Q_Q is a face.
func isShort(letters []letter) bool {
	n := int32(0)
	for _, l := range letters {
		if l.class == unspaced {
			return false
		}
		n += l.count
	}
	return n < 3 || len(letters) == 1
}

// alone says whether letters are all that stands between two spaces.
func (r *Reader) alone(first, last letter) bool {
	before, after := int(first.first), int(last.last)+1
	return (before == 0 || r.base[before].gap&space != 0) && (after == len(r.base) || r.base[after].gap&space != 0)
}

// begins says whether nothing stands right before a letter that it would continue.
func (r *Reader) begins(l letter) bool {
	at := int(l.first)
	return at == 0 || r.base[at].gap != 0 || divides(r.base[at-1], r.base[at])
}

// ends says whether nothing stands right after a letter that would continue it.
func (r *Reader) ends(l letter) bool {
	next := int(l.last) + 1
	return next == len(r.base) || r.base[next].gap != 0 || divides(r.base[next], r.base[next-1])
}

// divides says whether a letter beside the end of a word is no part of it.
func divides(beside, end letter) bool {
	return beside.class == unspaced && end.class != unspaced
}

// take notes that a word was found; of those that begin at one place the longest counts.
func (r *Reader) take(e *entry, letters []letter) {
	if e.word.Action == Refuse && r.refused == nil {
		r.refused = e
	}
	start, end := letters[0].start, letters[len(letters)-1].end
	if n := len(r.found); n > 0 && r.found[n-1].start == start {
		r.found[n-1].end = max(r.found[n-1].end, end)
		return
	}
	r.found = append(r.found, span{start, end})
}

// mask returns a text with asterisks for every character of the spans.
func mask(text string, spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return int(a.start - b.start) })
	var out strings.Builder
	out.Grow(len(text))
	done := 0
	for _, s := range spans {
		start, end := max(int(s.start), done), int(s.end)
		if start >= end {
			continue
		}
		out.WriteString(text[done:start])
		for range text[start:end] {
			out.WriteByte('*')
		}
		done = end
	}
	out.WriteString(text[done:])
	return out.String()
}
