package chatlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that a Reader takes, in bytes.
const MaxLine = 1 << 20

// MalformedError is a line that is no entry. The reader has moved past it: read on.
type MalformedError struct {
	// Line is its number, from 1.
	Line int
	// Err says what is wrong with it.
	Err error
}

func (e *MalformedError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// errTooLong is a line of more than MaxLine bytes.
var errTooLong = fmt.Errorf("longer than %d bytes", MaxLine)

// Reader reads the entries of a log, one after the other. It is not safe for
// concurrent use.
type Reader struct {
	source *bufio.Reader
	line   int
	buffer []byte
}

// NewReader returns a reader of a log.
func NewReader(source io.Reader) *Reader {
	return &Reader{source: bufio.NewReaderSize(source, 64<<10)}
}

// Lines is how many lines have been read, blank ones too.
func (r *Reader) Lines() int { return r.line }

// Next returns the next entry. Blank lines are passed over. At the end it returns
// io.EOF, for a line that is no entry a *MalformedError, for a source that cannot
// be read its error.
func (r *Reader) Next() (Entry, error) {
	for {
		data, err := r.readLine()
		switch {
		case errors.Is(err, errTooLong):
			return Entry{}, &MalformedError{Line: r.line, Err: err}
		case err != nil:
			return Entry{}, err
		case blank(data):
			continue
		}
		entry, err := Parse(data)
		if err != nil {
			return Entry{}, &MalformedError{Line: r.line, Err: err}
		}
		entry.Line = r.line
		return entry, nil
	}
}

// readLine returns the next line; the bytes are good until the next call.
func (r *Reader) readLine() ([]byte, error) {
	r.buffer = r.buffer[:0]
	tooLong := false
	for {
		part, err := r.source.ReadSlice('\n')
		tooLong = tooLong || len(r.buffer)+len(part) > MaxLine
		if !tooLong {
			r.buffer = append(r.buffer, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && (len(r.buffer) > 0 || tooLong) {
			err = nil // the last line need not end
		}
		if err != nil {
			return nil, err
		}
		r.line++
		if tooLong {
			return nil, errTooLong
		}
		return r.buffer, nil
	}
}
