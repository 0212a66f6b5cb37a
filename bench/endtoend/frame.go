package main

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/ovation-live/ovation/bench/internal/load"
)

// The numbers of fields that are looked at: of SubscribeResponse, and of what it holds.
const (
	frameNotify, frameBatch                     = 2, 3
	frameKicked, frameRoomEnded, frameReconnect = 8, 9, 10
	notifyHeads, headsAttributes                = 1, 2
	inlineBatch, batchMessages, batchDropped    = 1, 1, 3
)

// readFrame reads a SubscribeResponse without decoding it: there are too many of them.
func readFrame(b []byte) (r load.Reading) {
	fields(b, func(frame protowire.Number, b []byte, _ uint64) {
		switch frame {
		case frameBatch:
			readBatch(b, &r)
		case frameNotify:
			r.News = true
			within(b, notifyHeads, func(n protowire.Number, _ []byte, value uint64) {
				if n == headsAttributes {
					r.Mark = int64(value) //nolint:gosec // a timestamp
				}
			})
		case frameKicked, frameRoomEnded, frameReconnect:
			r.Last = true
		default: // without news
		}
	})
	return r
}

// readBatch reads an InlineBatch.
func readBatch(b []byte, r *load.Reading) {
	within(b, inlineBatch, func(n protowire.Number, b []byte, _ uint64) {
		switch n {
		case batchMessages:
			r.News = true
			r.Messages++
		case batchDropped:
			fields(b, func(_ protowire.Number, _ []byte, count uint64) { r.Dropped += int64(count) }) //nolint:gosec // small
		default: // where the reader is
		}
	})
}

// within calls f with every field of the message in one field of b.
func within(b []byte, number protowire.Number, f func(n protowire.Number, b []byte, value uint64)) {
	fields(b, func(n protowire.Number, b []byte, _ uint64) {
		if n == number {
			fields(b, f)
		}
	})
}

// fields calls f with every field of a message: with bytes, or with a number. What is
// malformed ends it.
func fields(b []byte, f func(n protowire.Number, b []byte, value uint64)) {
	for len(b) > 0 {
		number, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return
		}
		b = b[size:]
		var contents []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			contents, size = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			value, size = protowire.ConsumeVarint(b)
		default:
			size = protowire.ConsumeFieldValue(number, kind, b)
		}
		if size < 0 {
			return
		}
		f(number, contents, value)
		b = b[size:]
	}
}
