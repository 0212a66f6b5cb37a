package store

import (
	"encoding/hex"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
)

// batches are each unlike all others.
func batches() map[string][]attribute.Update {
	at := func(t live.Timestamp) *live.Timestamp { return &t }
	return map[string][]attribute.Update{
		"nothing":          nil,
		"a key":            {{Key: "k"}},
		"another key":      {{Key: "l"}},
		"a longer key":     {{Key: "kk"}},
		"a value":          {{Key: "k", Value: []byte("k")}},
		"a key twice":      {{Key: "k"}, {Key: "k"}},
		"two keys":         {{Key: "k"}, {Key: "l"}},
		"in another order": {{Key: "l"}, {Key: "k"}},
		"a binary value":   {{Key: "k", Value: []byte{0}}},
		"key or value":     {{Key: "k\x00", Value: nil}},
		"a deletion":       {{Key: "k", Delete: true}},
		"owned":            {{Key: "k", Own: true}},
		"until they leave": {{Key: "k", DeleteOnLeave: true}},
		"both":             {{Key: "k", Own: true, DeleteOnLeave: true}},
		"if absent":        {{Key: "k", IfTimestamp: at(0)}},
		"if at 1":          {{Key: "k", IfTimestamp: at(1)}},
		"if at 300":        {{Key: "k", IfTimestamp: at(300)}},
	}
}

func TestDigestsTellBatchesApart(t *testing.T) {
	t.Parallel()
	seen := make(map[Digest]string)
	for name, updates := range batches() {
		digest := AttributeUpdate{Updates: updates}.Digest()
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s are one", name, other)
		}
		seen[digest] = name
		again := AttributeUpdate{Actor: attribute.Actor{User: "u"}, Revision: 7, Updates: updates, RequestID: "q"}
		if again.Digest() != digest {
			t.Errorf("%s: the digest is of more than the updates", name)
		}
	}
	none := AttributeUpdate{Updates: []attribute.Update{{Key: "k", Value: []byte{}}}}
	if seen[none.Digest()] != "a key" {
		t.Error("an empty value is not as good as none")
	}
}

// Stores keep digests: a build must know those of the one before.
func TestDigestNeverChanges(t *testing.T) {
	t.Parallel()
	at := live.Timestamp(1_893_553_445_000_001)
	u := AttributeUpdate{Updates: []attribute.Update{
		{Key: "seat/1", Value: []byte("ann"), Own: true, DeleteOnLeave: true, IfTimestamp: &at},
		{Key: "seat/2", Delete: true},
	}}
	const want = "76c0d72e55da73e0f2d8aeb328a9d5839f4ce4f104cee326325e430e914b122e"
	digest := u.Digest()
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
