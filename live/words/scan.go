package words

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class says how a letter stands beside others.
type class uint8

const (
	spaced   class = iota // of a script that puts spaces between words
	digit                 // a digit
	unspaced              // an ideograph, or of another script without spaces
)

// gap is what stands before a letter, of all kinds that do.
type gap uint8

const (
	joiner     gap = 1 << iota // punctuation and symbols
	apostrophe                 // what stands inside words of prose
	space                      // white space
)

// mixed is the marks of letters in a row that are not marked alike.
const mixed = -1

// letter is a letter, as often as it stands in a row, in the text that it is of.
type letter struct {
	r          rune  // decomposed and folded
	marks      rune  // what it is marked with, 0: nothing
	count      int32 // in a row
	start, end int32 // bytes of the text, from the first to after the last
	gap        gap   // before it
	class      class
	piece      bool // part of the character before it
	over       bool // a reading passed over what stands before it,
	inner      bool // and over what stands between those in a row
	first      int32
	last       int32 // the text's letters that one of a reading is made of
}

// scanner collects the letters of a text.
type scanner struct {
	letters []letter
	gap     gap
	marked  bool // the latest letter stands right before: a mark would be its own
}

// scan returns the letters of a text, in buf where they fit.
func scan(text string, buf []letter) []letter {
	s := scanner{letters: buf[:0]}
	for at := 0; at < len(text); {
		r, size := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[at:])
		}
		s.add(text[at:at+size], r, at, at+size)
		at += size
	}
	s.settle()
	return s.letters
}

// add takes in one character, that stands from start to end.
func (s *scanner) add(char string, r rune, start, end int) {
	switch {
	case r < utf8.RuneSelf, isApostrophe(r):
		s.addFolded(r, start, end)
	case r >= 0xAC00 && r <= 0xD7A3: // a Hangul syllable, of two or three letters
		s.addFolded(0x1100+(r-0xAC00)/588, start, end)
		s.addFolded(0x1161+(r-0xAC00)%588/28, start, end)
		if tail := (r - 0xAC00) % 28; tail > 0 {
			s.addFolded(0x11A7+tail, start, end)
		}
	case r >= 0x4E00 && r <= 0x9FFF:
		s.letter(r, unspaced, false, start, end)
	default:
		parts := norm.NFKD.PropertiesString(char).Decomposition()
		if parts == nil {
			s.addFolded(r, start, end)
		}
		for len(parts) > 0 {
			part, size := utf8.DecodeRune(parts)
			s.addFolded(part, start, end)
			parts = parts[size:]
		}
	}
}

// addFolded takes in one character that cannot be decomposed.
func (s *scanner) addFolded(r rune, start, end int) {
	if r < utf8.RuneSelf {
		s.addASCII(r, start, end)
		return
	}
	switch {
	case r == 'ß' || r == 'ẞ':
		s.letter('s', spaced, false, start, end)
		s.letter('s', spaced, false, start, end)
	case isInvisible(r):
		s.extend(end)
	case unicode.IsMark(r) && unicode.In(r, decorating...) && r != 0x3099 && r != 0x309A:
		s.mark(r, end)
	case isApostrophe(r):
		s.separate(apostrophe)
	case unicode.IsLetter(r) || unicode.IsMark(r):
		s.letter(unicode.ToLower(unicode.ToUpper(r)), classOf(r), isPiece(r), start, end)
	case unicode.IsNumber(r):
		s.letter(r, digit, false, start, end)
	case unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
		s.separate(space)
	default:
		s.separate(joiner)
	}
}

// addASCII is addFolded for the characters that most texts are of.
func (s *scanner) addASCII(r rune, start, end int) {
	switch {
	case r >= 'a' && r <= 'z':
		s.letter(r, spaced, false, start, end)
	case r >= 'A' && r <= 'Z':
		s.letter(r+'a'-'A', spaced, false, start, end)
	case r >= '0' && r <= '9':
		s.letter(r, digit, false, start, end)
	case r == ' ' || r >= '\t' && r <= '\r':
		s.separate(space)
	case r == '\'' || r == '`':
		s.separate(apostrophe)
	case r < ' ' || r == 0x7F:
		s.extend(end)
	default:
		s.separate(joiner)
	}
}

// letter takes in a letter or digit.
func (s *scanner) letter(r rune, c class, piece bool, start, end int) {
	s.settle()
	n := int32(len(s.letters)) //nolint:gosec // texts are short of 2 GiB
	s.letters = append(s.letters, letter{
		r: r, count: 1, start: int32(start), end: int32(end), //nolint:gosec // as above
		gap: s.gap, class: c, piece: piece, first: n, last: n,
	})
	s.gap, s.marked = 0, true
}

// settle makes one of the two latest letters if they are the same one in a row.
func (s *scanner) settle() {
	n := len(s.letters)
	if n < 2 {
		return
	}
	a, b := &s.letters[n-2], s.letters[n-1]
	if !a.same(b) || b.gap != 0 || b.piece {
		return
	}
	a.take(b)
	s.letters = s.letters[:n-1]
}

// same says whether two letters in a row are one that is repeated.
func (l *letter) same(next letter) bool {
	return l.r == next.r && l.class == spaced && next.class == spaced
}

// take makes the next letter in a row part of this one.
func (l *letter) take(next letter) {
	if l.marks != next.marks {
		l.marks = mixed
	}
	l.count += next.count
	l.end = next.end
}

// mark marks the latest letter.
func (s *scanner) mark(r rune, end int) {
	if s.marked {
		l := &s.letters[len(s.letters)-1]
		l.marks = (l.marks*31 + r) & 0x7FFFFFFF
	}
	s.extend(end)
}

// extend makes the latest letter reach to the end of what is not seen, or only with it.
func (s *scanner) extend(end int) {
	if s.marked {
		s.letters[len(s.letters)-1].end = int32(end) //nolint:gosec // as above
	}
}

// separate takes in what stands between words.
func (s *scanner) separate(g gap) {
	s.gap |= g
	s.marked = false
}

// decorating is the scripts whose marks say nothing that a reader could not do without.
// (Those of India's scripts are vowels.)
var decorating = []*unicode.RangeTable{
	unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Arabic, unicode.Hebrew, unicode.Syriac,
}

// withoutSpaces is the scripts that put none between words, or add to a word what is
// not of it.
var withoutSpaces = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// classOf returns the class of a letter or a mark.
func classOf(r rune) class {
	const sound, voiced, half = 'ー', 0x3099, 0x309A // of both kana
	if r >= 0x0E00 && (r == sound || r == voiced || r == half || unicode.In(r, withoutSpaces...)) {
		return unspaced
	}
	return spaced
}

// isPiece says whether a letter or mark is part of the character before it.
func isPiece(r rune) bool { return unicode.IsMark(r) || r >= 0x1160 && r <= 0x11FF }

// isInvisible says whether a character is not seen.
func isInvisible(r rune) bool {
	const tatweel = 0x0640 // lengthens Arabic letters
	return r == tatweel || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector)
}

// isApostrophe says whether a character stands inside words of prose.
func isApostrophe(r rune) bool {
	switch r {
	case '\'', '`', '´', '‘', '’', 'ʼ', '＇', '′':
		return true
	}
	return false
}
