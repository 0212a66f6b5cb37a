// Package wordfile reads lists of forbidden words: one word or phrase a line.
//
//	# What begins with a number sign is for people.
//	casino bonus
//	2g1c
package wordfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// MaxWord is the longest word, in bytes.
const MaxWord = 128

// maxLine is the longest line that is looked at, in bytes.
const maxLine = 64 << 10

// What a line can be instead of a word.
var (
	errTooLong  = fmt.Errorf("longer than %d bytes", MaxWord)
	errNotText  = errors.New("not UTF-8 text")
	errControl  = errors.New("a control character is in it")
	errNoLetter = errors.New("no letter, digit or ideograph is in it: nothing could be found by it")
)

// MalformedError is a line that is no word. The reader has moved past it: read on.
type MalformedError struct {
	// Line is its number, from 1.
	Line int
	// Err says what is wrong with it.
	Err error
}

func (e *MalformedError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong.
func (e *MalformedError) Unwrap() error { return e.Err }

// Check says why a text is no word, nil if it is one.
func Check(word string) error {
	switch {
	case len(word) > MaxWord:
		return errTooLong
	case !utf8.ValidString(word):
		return errNotText
	}
	found := false
	for _, r := range word {
		if unicode.IsControl(r) {
			return errControl
		}
		found = found || unicode.IsLetter(r) || unicode.IsNumber(r)
	}
	if !found {
		return errNoLetter
	}
	return nil
}

// Reader reads the words of a list, one after the other. It is not safe for concurrent
// use.
type Reader struct {
	source *bufio.Reader
	line   int
}

// NewReader returns a reader of a list.
func NewReader(source io.Reader) *Reader {
	return &Reader{source: bufio.NewReaderSize(source, maxLine)}
}

// Next returns the next word, without the space around it. Blank lines and those that
// begin with # are passed over. At the end it returns io.EOF, for a line that is no word
// a *MalformedError, for a source that cannot be read its error.
func (r *Reader) Next() (string, error) {
	for {
		line, err := r.readLine()
		if errors.Is(err, errTooLong) {
			return "", &MalformedError{Line: r.line, Err: err}
		}
		if err != nil {
			return "", err
		}
		if r.line == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		word := string(line)
		if err := Check(word); err != nil {
			return "", &MalformedError{Line: r.line, Err: err}
		}
		return word, nil
	}
}

// readLine returns the next line; the bytes are good until the next call.
func (r *Reader) readLine() ([]byte, error) {
	line, err := r.source.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return nil, err
	}
	r.line++
	for errors.Is(err, bufio.ErrBufferFull) { // to its end, which nobody looks at
		if _, err = r.source.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return nil, errTooLong
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return line, nil // the last line need not end
}
