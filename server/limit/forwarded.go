package limit

import (
	"net/netip"
	"strings"
)

// forwarded returns where a request came from that a proxy which is trusted handed on:
// the last address of X-Forwarded-For that is not a trusted proxy's. What stands
// before that anybody may have written. Where the header ends, or makes no sense,
// it is the last proxy that is known.
func forwarded(header []string, peer netip.Addr, trusted prefixes) netip.Addr {
	for i := len(header) - 1; i >= 0 && trusted.contain(peer); i-- {
		rest := header[i]
		for more := true; more && trusted.contain(peer); {
			var last string
			rest, last, more = cutLast(rest)
			from, ok := parseForwarded(last)
			if !ok {
				return peer
			}
			peer = from
		}
	}
	return peer
}

// cutLast cuts the last entry off a list.
func cutLast(list string) (rest, last string, more bool) {
	if i := strings.LastIndexByte(list, ','); i >= 0 {
		return list[:i], list[i+1:], true
	}
	return "", list, false
}

// parseForwarded reads an address, as proxies write it: some with a port, some with
// brackets.
func parseForwarded(entry string) (netip.Addr, bool) {
	entry = strings.TrimSpace(entry)
	if with, err := netip.ParseAddrPort(entry); err == nil {
		return plain(with.Addr()), true
	}
	if inner, ok := strings.CutPrefix(entry, "["); ok {
		entry = strings.TrimSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(entry)
	return plain(addr), err == nil
}

// plain returns an address as prefixes are compared with it.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// prefixes is a set of addresses.
type prefixes []netip.Prefix

// contain says whether an address is among them.
func (p prefixes) contain(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}
