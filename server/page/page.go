// Package page turns the place where a page ends into an opaque token and back.
package page

import (
	"encoding/base64"
	"errors"
)

// DefaultSize is the size of a page when the caller does not say.
const DefaultSize = 100

// ErrToken says that a page token is not one that we handed out.
var ErrToken = errors.New("page: token is not valid")

// version begins every token, so that old ones can be told from new.
const version = "1"

// Token returns the token of the page that begins after last; that of the first page
// is empty.
func Token(last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(version + last))
}

// After returns what a token stands for; "" for the first page. ErrToken.
func After(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < len(version) || string(raw[:len(version)]) != version {
		return "", ErrToken
	}
	return string(raw[len(version):]), nil
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
func Cut[T any](items []T, size int, last func(T) string) ([]T, string) {
	if len(items) <= size {
		return items, ""
	}
	return items[:size], Token(last(items[size-1]))
}
