// Package page turns the place where a page ends into an opaque token and back.
package page

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// DefaultSize is the size of a page when the caller does not say.
const DefaultSize = 100

// ErrToken says that a page token is not one that we handed out.
var ErrToken = errors.New("page: token is not valid")

// version begins every token, so that old ones can be told from new.
const version = '1'

// checkBytes is how many bytes of a token tell what it belongs to.
const checkBytes = 4

// List names what is listed: a call, and what it is about. A token of one list is
// none of another, which guards against mistakes, not against forgery: what a token
// stands for is only ever a place.
type List string

// Token returns the token of the page that begins after last; that of the first page
// is empty.
func (l List) Token(last string) string {
	raw := append([]byte{version}, l.check(last)...)
	return base64.RawURLEncoding.EncodeToString(append(raw, last...))
}

// After returns what a token stands for; "" for the first page. ErrToken.
func (l List) After(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < 1+checkBytes {
		return "", ErrToken
	}
	last := string(raw[1+checkBytes:])
	if l.Token(last) != token { // one place has one token, however else it might be spelt
		return "", ErrToken
	}
	return last, nil
}

// check ties a place to the list.
func (l List) check(last string) []byte {
	sum := sha256.Sum256([]byte(string(l) + "\x00" + last))
	return sum[:checkBytes]
}

// Size returns the size to use for what the caller asked.
func Size(asked uint32) int {
	if asked == 0 {
		return DefaultSize
	}
	return int(asked)
}

// Cut returns the first size of items, one more than which were fetched, and the token
// of the page after them.
func Cut[T any](l List, items []T, size int, last func(T) string) ([]T, string) {
	if len(items) <= size {
		return items, ""
	}
	return items[:size], l.Token(last(items[size-1]))
}
