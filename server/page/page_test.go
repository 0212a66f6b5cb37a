package page_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/server/page"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const rooms page.List = "rooms"

func TestTokensOfAnotherListAreNotOurs(t *testing.T) {
	t.Parallel()
	token := rooms.Token("r7")
	if last, err := rooms.After(token); err != nil || last != "r7" {
		t.Errorf("our own: %q, %v", last, err)
	}
	for _, other := range []page.List{"", "room", "roomsr", "members r7"} {
		if last, err := other.After(token); !errors.Is(err, page.ErrToken) {
			t.Errorf("%q took it for %q, %v", other, last, err)
		}
	}
}

func TestForeignContent(t *testing.T) {
	t.Parallel()
	good := rooms.Token("r7")
	for _, token := range []string{
		"r7", "1", "MXI3", " ", "=", good + "=", good + "A", good[1:], good[:len(good)-2], "X" + good[1:], "/+" + good,
		good + "\n", good[:4] + "\r\r\r\r" + good[4:],
		strings.Repeat("A", 1024),
	} {
		if last, err := rooms.After(token); !errors.Is(err, page.ErrToken) {
			t.Errorf("%q stands for %q, %v", token, last, err)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	all := []int{1, 2, 3}
	for size, want := range map[int]string{1: "1", 2: "2", 3: "", 4: ""} {
		got, next := page.Cut(rooms, all, size, strconv.Itoa)
		if len(got) != min(size, 3) {
			t.Errorf("%d items of %d", len(got), size)
		}
		if last, err := rooms.After(next); err != nil || last != want {
			t.Errorf("pages of %d: next after %q, %v", size, last, err)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for asked, want := range map[uint32]int{0: page.DefaultSize, 1: 1, 1000: 1000} {
		if got := page.Size(asked); got != want {
			t.Errorf("%d: %d", asked, got)
		}
	}
}

// FuzzAfter: a token is refused or is the very one that we hand out.
func FuzzAfter(f *testing.F) {
	f.Add("rooms", "")
	f.Add("rooms", rooms.Token("r7"))
	f.Add("rooms", rooms.Token(""))
	f.Add("", "MQ")
	f.Fuzz(func(t *testing.T, list, token string) {
		last, err := page.List(list).After(token)
		switch {
		case err != nil && !errors.Is(err, page.ErrToken):
			t.Fatal(err)
		case err == nil && token != "" && page.List(list).Token(last) != token:
			t.Fatalf("%q stands for %q, whose token is %q", token, last, page.List(list).Token(last))
		}
	})
}

// FuzzToken: every place comes back from its token.
func FuzzToken(f *testing.F) {
	f.Add("rooms", "r7")
	f.Add("members r", "\x00\xff ü")
	f.Fuzz(func(t *testing.T, list, last string) {
		token := page.List(list).Token(last)
		if got, err := page.List(list).After(token); err != nil || got != last {
			t.Fatalf("%q came back as %q, %v", last, got, err)
		}
	})
}
