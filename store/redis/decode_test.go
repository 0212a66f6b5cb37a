package redis

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/record"
)

// failer is a test, or one check of a property.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// encodeEntry writes an entry as lua/log.lua does.
func encodeEntry(t failer, m *feed.Message) []byte {
	t.Helper()
	content, kept, err := record.AppendContent(nil, m.Content)
	if err != nil {
		t.Fatal(err)
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(m.Timestamp))
	b = binary.BigEndian.AppendUint64(b, m.Sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Recalls))
	if m.Recalled {
		b, content = append(b, 1), content[:kept]
	} else {
		b = append(b, 0)
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(kept)), content...)
}

// encodePublications writes bodies as lua/lib.lua's publish does.
func encodePublications(epoch live.Epoch, first uint64, bodies ...[]byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{byte(len(epoch))}, first)
	b = binary.BigEndian.AppendUint32(b, uint32(len(bodies)))
	b = append(b, epoch...)
	for _, body := range bodies {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(body))), body...)
	}
	return b
}

// messageBody is the body of a message's publication.
func messageBody(t failer, m *feed.Message) []byte {
	t.Helper()
	return append([]byte{bodyMessage, byte(m.Bucket)}, encodeEntry(t, m)...)
}

// anyMessage draws an entry.
var anyMessage = rapid.Custom(func(t *rapid.T) *feed.Message {
	m := &feed.Message{
		Timestamp: live.Timestamp(rapid.Int64Range(1, 1<<53).Draw(t, "timestamp")),
		Sequence:  rapid.Uint64Range(1, 1<<53).Draw(t, "sequence"),
		Bucket:    feed.Bucket(rapid.IntRange(0, feed.Buckets-1).Draw(t, "bucket")),
		Recalls:   live.Timestamp(rapid.Int64Range(0, 1<<53).Draw(t, "recalls")),
		Recalled:  rapid.Bool().Draw(t, "recalled"),
	}
	m.Kind = feed.Kind(rapid.IntRange(1, 7).Draw(t, "kind"))
	m.Sender = live.UserID(rapid.String().Draw(t, "sender"))
	if !m.Recalled {
		m.Text = rapid.String().Draw(t, "text")
	}
	return m
})

func TestEntriesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := anyMessage.Draw(t, "message")
		got, err := decodeEntry(want.Bucket, encodeEntry(t, want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestPublicationsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		messages := rapid.SliceOfN(anyMessage, 1, 5).Draw(t, "messages")
		first := rapid.Uint64Range(1, 1<<53).Draw(t, "first")
		var bodies [][]byte
		for _, m := range messages {
			bodies = append(bodies, messageBody(t, m))
		}
		got, err := decodePublications("r", encodePublications("epoch", first, bodies...))
		if err != nil || len(got) != len(messages) {
			t.Fatalf("%d of %d, %v", len(got), len(messages), err)
		}
		for i, p := range got {
			want := store.Publication{Epoch: "epoch", Sequence: first + uint64(i), Message: messages[i]}
			if !reflect.DeepEqual(p, want) {
				t.Fatalf("%d: %+v, want %+v", i, p, want)
			}
		}
	})
}

func TestPublicationThatCannotBeReadIsLostAlone(t *testing.T) {
	t.Parallel()
	message := &feed.Message{Timestamp: 5, Sequence: 1, Content: feed.Content{Kind: feed.KindText, Text: "hello"}}
	r := room.Room{ID: "r", Revision: 2}
	encoded, err := record.MarshalRoom(r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodePublications("r", encodePublications("epoch", 7,
		messageBody(t, message), []byte("?later"), []byte{}, []byte{bodyMessage, 9}, append([]byte{bodyRoom}, encoded...)))
	if err == nil || len(got) != 5 {
		t.Fatalf("%+v, %v; want five and an error", got, err)
	}
	for i, p := range got {
		lost := i > 0 && i < 4
		if p.Epoch != "epoch" || p.Sequence != uint64(7+i) || empty(p) != lost {
			t.Errorf("%d: %+v", i, p)
		}
	}
	if !reflect.DeepEqual(got[0].Message, message) || got[4].Room == nil || got[4].Room.Revision != 2 {
		t.Errorf("what can be read is %+v and %+v", got[0].Message, got[4].Room)
	}
}

func TestAncestryIsReadAsFarAsItIsKnown(t *testing.T) {
	t.Parallel()
	var b []byte
	var want feed.Ancestry
	for i := range feed.Ancestors + 2 {
		epoch := live.Epoch(fmt.Sprint("epoch ", i))
		b = append(append(b, byte(len(epoch))), epoch...)
		c := feed.Cursor{Epoch: epoch}
		for bucket := range c.At {
			c.At[bucket] = feed.Place{Timestamp: live.Timestamp(100*i + bucket), Sequence: uint64(bucket)}
			b = binary.BigEndian.AppendUint64(b, uint64(c.At[bucket].Timestamp))
			b = binary.BigEndian.AppendUint64(b, c.At[bucket].Sequence)
		}
		if i < len(want) {
			want[i] = c
		}
	}
	if got, err := decodeAncestry(b); err != nil || got != want {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	if got, err := decodeAncestry(nil); err != nil || got != (feed.Ancestry{}) {
		t.Errorf("of no lives: %+v, %v", got, err)
	}
}

// TestKeysAreThoseOfTheScripts: lua/lib.lua and this package name the same keys.
func TestKeysAreThoseOfTheScripts(t *testing.T) {
	t.Parallel()
	_, tables, _ := strings.Cut(source("lib"), "local present = {")
	tables, _, _ = strings.Cut(tables, "-- int is")
	var named []string
	for _, name := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(tables, -1) {
		named = append(named, name[1])
	}
	want := slices.Clone(kept)
	slices.Sort(want)
	if slices.Sort(named); !slices.Equal(named, want) {
		t.Errorf("scripts keep %q\nthis package names %q", named, want)
	}
}

// FuzzDecode: whatever comes, it is read or refused.
func FuzzDecode(f *testing.F) {
	message := &feed.Message{Timestamp: 5, Sequence: 1, Content: feed.Content{Kind: feed.KindText, Text: "hello"}}
	f.Add(encodePublications("epoch", 7, messageBody(f, message)))
	f.Add(encodePublications("epoch", 7, []byte{}, []byte{bodyRoom}, []byte{bodyAttributes}, []byte{bodyDeparture}))
	f.Add(encodeEntry(f, message))
	f.Add(make([]byte, receiptLength))
	f.Add(append([]byte{3, 'a', 'b', 'c'}, make([]byte, placesLength)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := decodePublications("r", b)
		for i, p := range all {
			if p.Sequence != all[0].Sequence+uint64(i) || empty(p) && err == nil {
				t.Errorf("%d of %d: %+v without an error", i, len(all), p)
			}
		}
		if m, err := decodeEntry(feed.High, b); err == nil && (m == nil || m.Bucket != feed.High) {
			t.Errorf("an entry of HIGH is %+v", m)
		}
		if receipt, err := decodeReceipt("epoch", b); err == nil && receipt.Epoch != "epoch" {
			t.Errorf("a receipt of epoch is %+v", receipt)
		}
		_, _ = decodePlaces(b)
		_, _ = decodeAncestry(b)
	})
}
