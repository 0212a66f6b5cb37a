package words

import "unicode/utf8"

// how is a way to read a text, by what between its letters is passed over.
type how uint8

const (
	plain  how = 1 << iota // nothing
	joined                 // punctuation inside words
	spelt                  // everything, of letters that all stand apart
)

// between stands for what is between letters and not passed over; nothing matches
// across apart.
const (
	between = ' '
	apart   = '\n'
)

// reading is a text as read in one way.
type reading struct {
	how     how
	letters []letter
	path    []byte  // the letters in UTF-8, and what is between them
	at      []int32 // for each byte of path the letter that it is of, -1: none
}

// read reads the letters of a text in one way.
func (r *reading) read(base []letter, h how) {
	r.how, r.letters, r.path, r.at = h, r.letters[:0], r.path[:0], r.at[:0]
	for i, l := range base {
		over := i > 0 && l.gap != 0 && r.passes(base, i)
		if n := len(r.letters); over && n > 0 && r.letters[n-1].same(l) && !l.piece {
			r.letters[n-1].takeOver(l, h)
			continue
		}
		if h == spelt {
			l.count = min(l.count, 1) // every one of them is to stand apart
		}
		if i > 0 && !over {
			r.divide(l.gap)
		}
		l.over = over
		r.push(l)
	}
}

// passes says whether what stands before a letter is passed over. Between digits it
// never is: 1.3 is another number than 13.
func (r *reading) passes(base []letter, i int) bool {
	if base[i].class == digit && base[i-1].class == digit {
		return false
	}
	if r.how == joined {
		return base[i].gap == joiner
	}
	return r.how == spelt
}

// takeOver makes a letter that stands apart part of the one like it before.
func (l *letter) takeOver(next letter, h how) {
	if h == spelt {
		next.count = 1
	}
	l.take(next)
	l.last, l.inner = next.last, true
}

// divide puts what is between two letters into the path.
func (r *reading) divide(g gap) {
	switch {
	case r.how == spelt: // what is spelt out ends and begins here
		r.path, r.at = append(r.path, apart), append(r.at, -1)
	case g != 0:
		r.path, r.at = append(r.path, between), append(r.at, -1)
	}
}

// push puts a letter into the reading.
func (r *reading) push(l letter) {
	n := int32(len(r.letters)) //nolint:gosec // texts are short of 2 GiB
	r.letters = append(r.letters, l)
	r.path = utf8.AppendRune(r.path, l.r)
	for len(r.at) < len(r.path) {
		r.at = append(r.at, n)
	}
}
