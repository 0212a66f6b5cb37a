package attribute_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/ovation-live/ovation/live/attribute"
)

// sameError says whether got is want: the sentinel, or the typed error with the
// same fields.
func sameError(got, want error) bool {
	if want == nil || errors.Is(got, want) {
		return errors.Is(got, want)
	}
	return reflect.DeepEqual(got, want)
}

func TestErrorsSpeak(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{&attribute.ConflictError{Key: "seat", Timestamp: 2}, `attribute "seat" is at timestamp 2`},
		{&attribute.OwnedError{Key: "seat", Owner: "alice"}, `attribute "seat" is owned by "alice"`},
		{&attribute.OwnedError{Key: "title"}, `attribute "title" is the room's own`},
		{&attribute.LimitError{Key: "a", Limit: attribute.LimitKeys, Max: 3}, `attribute "a" exceeds max_attributes of 3`},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
