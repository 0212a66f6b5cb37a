package account_test

import (
	"bufio"
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protodelim"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// record is batches as they come, one after the other.
func record(f *testing.F, batches ...*ovationv1.Batch) []byte {
	f.Helper()
	var b bytes.Buffer
	for _, batch := range batches {
		if _, err := protodelim.MarshalTo(&b, batch); err != nil {
			f.Fatal(err)
		}
	}
	return b.Bytes()
}

// Whatever a server sends, in whatever order: every message is entered once.
func FuzzTake(f *testing.F) {
	f.Add(record(f, &ovationv1.Batch{Messages: messages(low, 9, 10), Cursor: at("a", 0, 5, 10)},
		&ovationv1.Batch{Messages: messages(low, 12, 11, 12), Cursor: at("a", 0, 5, 14), Dropped: &ovationv1.Dropped{Low: 2}}))
	f.Add(record(f, &ovationv1.Batch{Messages: messages(high, 0), Cursor: at("a", 0, 5, 10)},
		&ovationv1.Batch{Resync: true, Messages: messages(high, 1<<63, 0, 1), Cursor: at("b", 0, 1, 0)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, source := &account.Account{}, bufio.NewReader(bytes.NewReader(data))
		entered := uint64(0)
		for begun := false; ; begun = true {
			batch := &ovationv1.Batch{}
			if protodelim.UnmarshalFrom(source, batch) != nil {
				break
			}
			if !begun || batch.GetResync() {
				a.Begin(batch.GetMessages(), batch.GetCursor())
			}
			a.Take(batch.GetMessages(), account.Dropped{batch.GetDropped().GetWhitelist(), batch.GetDropped().GetHigh(), batch.GetDropped().GetLow()}, batch.GetCursor())
			for _, message := range batch.GetMessages() {
				if b := message.GetBucket(); b >= 1 && b <= account.Buckets {
					entered++
				}
			}
			a.Behind(batch.GetCursor())
		}
		if c := a.Counts(); c.History+c.Delivered+c.Duplicates+c.Disorder != entered {
			t.Errorf("%d messages, %+v", entered, c)
		}
	})
}
