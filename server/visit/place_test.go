package visit

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/page"
)

// The place of any visit is read as it was written, and fits into a page token.
func TestPlacesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	text := func(most int) *rapid.Generator[string] {
		return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, most), func(b []byte) string { return string(b) })
	}
	rapid.Check(t, func(t *rapid.T) {
		v := visit.Visit{
			Room: live.RoomID(text(maxRoom).Draw(t, "room")), User: live.UserID(text(maxUser).Draw(t, "user")),
			Key: visit.Key{
				Session: live.SessionID(text(maxSession).Draw(t, "session")), Version: visit.Version(rapid.Int64().Draw(t, "version")),
			},
			Entered: live.Timestamp(rapid.Int64Min(1).Draw(t, "entered")),
		}
		place := placeAfter(v)
		got, err := placeOf(place)
		if err != nil || *got != v {
			t.Fatalf("%+v, %v; want %+v", got, err, v)
		}
		if n := len(page.List("l").Token(place)); n > 1024 {
			t.Fatalf("a token of %d bytes", n)
		}
	})
}

// Of a visit without enter the place is when it ended.
func TestPlaceOfAVisitWithoutEnter(t *testing.T) {
	t.Parallel()
	v := visit.Visit{User: "ann", Exited: 7}
	if got, err := placeOf(placeAfter(v)); err != nil || got.Began() != 7 || got.Compare(v) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("")
	f.Add(placeAfter(visit.Visit{Room: "r", User: "u", Key: visit.Key{Session: "s", Version: 3}, Entered: 5}))
	f.Add(strings.Repeat("\xff", 30))
	f.Fuzz(func(t *testing.T, text string) {
		v, err := placeOf(text)
		if err == nil && v != nil && placeAfter(*v) != text {
			t.Errorf("%q is read as %+v", text, *v)
		}
	})
}
