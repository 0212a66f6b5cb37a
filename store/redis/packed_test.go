package redis

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

// someText is any bytes, as ids and keys may be.
var someText = rapid.Custom(func(t *rapid.T) string {
	return string(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes"))
})

// someChange is a change as a map makes one.
var someChange = rapid.Custom(func(t *rapid.T) attribute.Change {
	at := live.Timestamp(rapid.Int64Range(0, math.MaxInt64).Draw(t, "timestamp"))
	key := someText.Draw(t, "key")
	if rapid.Bool().Draw(t, "deleted") {
		return attribute.Change{Attribute: attribute.Attribute{Key: key, Timestamp: at}, Deleted: true}
	}
	a := attribute.Attribute{Key: key, Owner: live.UserID(someText.Draw(t, "owner")), Timestamp: at}
	if value := someText.Draw(t, "value"); value != "" {
		a.Value = []byte(value)
	}
	a.DeleteOnLeave = a.Owner != "" && rapid.Bool().Draw(t, "delete on leave")
	return attribute.Change{Attribute: a}
})

// entryOf packs a change as a script keeps it.
func entryOf(c attribute.Change) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.Attribute.Timestamp))
	return append(b, packChange(c)...)
}

// bodyOf packs changes as a script publishes them, without the first byte.
func bodyOf(c attribute.Changes) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(c.After))
	b = binary.BigEndian.AppendUint64(b, uint64(c.Timestamp))
	b = appendLength(b, len(c.List))
	for _, change := range c.List {
		entry := entryOf(change)
		b = append(appendLength(b, len(entry)), entry...)
	}
	return b
}

func TestChangesAreReadAsTheyWerePacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := attribute.Changes{After: 7, Timestamp: 9, List: rapid.SliceOfN(someChange, 1, 4).Draw(t, "changes")}
		body := bodyOf(want)
		got, err := decodeChanges(body)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Fatalf("%+v, %v; want %+v", got, err, want)
		}
		for i := range body { // nothing that is read is shared
			body[i] ^= 0xff
		}
		if !reflect.DeepEqual(*got, want) {
			t.Fatalf("changes are %+v once their bytes are others, want %+v", got, want)
		}
	})
}

func TestHalfOfWhatIsPackedIsMalformed(t *testing.T) {
	t.Parallel()
	changes := bodyOf(attribute.Changes{After: 7, Timestamp: 9, List: []attribute.Change{
		{Attribute: attribute.Attribute{Key: "key", Owner: "owner", Value: []byte("value")}},
	}})
	for n := range changes {
		if got, err := decodeChanges(changes[:n]); err == nil {
			t.Errorf("%d of %d bytes are %+v", n, len(changes), got)
		}
	}
	if got, err := decodeChanges(append(changes, 0)); err == nil {
		t.Errorf("with more than there is: %+v", got)
	}
	const fixed = 8 + 1 + 4 + 4
	for n := range fixed {
		if got, err := decodeDeparture("r", make([]byte, n)); err == nil {
			t.Errorf("a departure of %d bytes is %+v", n, got)
		}
	}
}

// FuzzChanges: whatever is published, changes are read or refused; what is read would be
// packed so.
func FuzzChanges(f *testing.F) {
	f.Add(bodyOf(attribute.Changes{After: 1, Timestamp: 2, List: []attribute.Change{
		{Attribute: attribute.Attribute{Key: "k", Owner: "o", Value: []byte("v"), Timestamp: 2, DeleteOnLeave: true}},
		{Attribute: attribute.Attribute{Key: "l", Timestamp: 2}, Deleted: true},
	}}))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeChanges(b)
		if err != nil {
			return
		}
		if again, err := decodeChanges(bodyOf(*got)); err != nil || again.After != got.After || len(again.List) != len(got.List) {
			t.Errorf("%+v is packed as what reads as %+v, %v", got, again, err)
		}
	})
}

// FuzzDeparture: whatever is published, a departure is read or refused, and no byte of its
// texts is lost.
func FuzzDeparture(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x07\x01\x00\x00\x00\x03\x00\x00\x00\x01annsmessage"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := decodeDeparture("r", b)
		if err == nil && (d.Room != "r" || len(d.User)+len(d.Session)+len(d.Message) != len(b)-17) {
			t.Errorf("%q is read as %+v", b, d)
		}
	})
}

// FuzzEnded: whatever is kept of a session, it is read or refused, and what is read is settled
// under the name that it is kept by.
func FuzzEnded(f *testing.F) {
	f.Add([]byte(packEnded(store.Ended{
		Session:  room.Session{ID: "s", User: "ann", Name: "Ann", Role: live.RoleHost, Joined: 1, Incarnation: 2},
		LastSeen: 3, At: 4, Gone: true, Left: true,
	})))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEnded("r", b)
		if err == nil && packEnded(e) != string(b) && b[8] <= howGone|howLeft {
			t.Errorf("%q is read as %+v, which is %q", b, e, packEnded(e))
		}
	})
}

func TestSessionsAreReadAsTheyWerePacked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := room.Session{
			ID: "s", User: live.UserID(someText.Draw(t, "user")), Name: someText.Draw(t, "name"),
			Role: live.Role(rapid.Byte().Draw(t, "role")), Joined: 2, Incarnation: 3,
		}
		b := binary.BigEndian.AppendUint64(nil, 1)
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, 2), 3)
		got, seen, err := decodeSession("s", append(b, packSession(want)...))
		if err != nil || got != want || seen != 1 {
			t.Fatalf("%+v at %d, %v; want %+v", got, seen, err, want)
		}
	})
}

// Members are summed up from sessions in any order within a user's.
func TestMembersOf(t *testing.T) {
	t.Parallel()
	got := membersOf([]room.Session{
		{ID: "b", User: "ann", Name: "later", Joined: 2},
		{ID: "z", User: "ann", Name: "second", Joined: 1},
		{ID: "a", User: "ann", Name: "first", Joined: 1, Role: live.RoleHost},
		{ID: "x", User: "bob", Name: "alone", Joined: 9},
	})
	want := []room.Member{
		{User: "ann", Name: "first", Role: live.RoleHost, Joined: 1, Sessions: 3},
		{User: "bob", Name: "alone", Joined: 9, Sessions: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// What is owed is owed by the earliest instant, and once.
func TestLooks(t *testing.T) {
	t.Parallel()
	var l looks
	if got := l.take(); len(got) != 0 {
		t.Errorf("nothing is owed, and there is %v", got)
	}
	l.owe("r", 5)
	l.owe("r", 3)
	l.owe("r", 4)
	l.owe("s", 9)
	if got, want := l.take(), map[live.RoomID]live.Timestamp{"r": 3, "s": 9}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := l.take(); len(got) != 0 {
		t.Errorf("taken again: %v", got)
	}
}

// Batches of one actor and another are remembered apart, whatever their names.
func TestRequestsAreApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := func(actor, id string) string {
			return requestOf(store.AttributeUpdate{Actor: attribute.Actor{User: live.UserID(actor)}, RequestID: id})
		}
		a, b := someText.Draw(t, "actor"), someText.Draw(t, "another")
		i, j := someText.Draw(t, "id"), someText.Draw(t, "another id")
		if i != "" && j != "" && (of(a, i) == of(b, j)) != (a == b && i == j) {
			t.Fatalf("%q of %q and %q of %q", i, a, j, b)
		}
		if of(a, "") != "" {
			t.Fatalf("what has no id is remembered")
		}
	})
}
