package main

import "fmt"

// frame is a message whose bytes are shared.
type frame []byte

// empty is a message that says nothing.
type empty struct{}

// codec copies shared bytes into connect's buffer.
type codec struct{}

// Name implements connect.Codec.
func (codec) Name() string { return "proto" }

// Marshal implements connect.Codec. What it returns is never shared.
func (c codec) Marshal(message any) ([]byte, error) { return c.MarshalAppend(nil, message) }

// MarshalAppend appends a message to dst.
func (codec) MarshalAppend(dst []byte, message any) ([]byte, error) {
	switch m := message.(type) {
	case *frame:
		return append(dst, *m...), nil
	case *empty:
		return dst, nil
	default:
		return nil, fmt.Errorf("cannot encode a %T", message)
	}
}

// Unmarshal implements connect.Codec: every request is empty.
func (codec) Unmarshal([]byte, any) error { return nil }
