package postgres

import "strings"

// packer and unpacker keep U+0000 as U+0001 U+0001, and U+0001 itself as U+0001 U+0002:
// all other text is kept as it is, and what is packed has the order of what it was.
var (
	packer   = strings.NewReplacer("\x00", "\x01\x01", "\x01", "\x01\x02")
	unpacker = strings.NewReplacer("\x01\x01", "\x00", "\x01\x02", "\x01")
)

// pack returns a text as it is kept.
func pack[T ~string](s T) string { return packer.Replace(string(s)) }

// unpack returns the text that was packed.
func unpack[T ~string](s string) T {
	if strings.IndexByte(s, '\x01') < 0 {
		return T(s) // as nearly all is
	}
	return T(unpacker.Replace(s))
}

// packAll returns texts as they are kept.
func packAll[T ~string](all []T) []string {
	packed := make([]string, len(all))
	for i, s := range all {
		packed[i] = pack(s)
	}
	return packed
}
