package limit

import (
	"net/netip"
	"strings"
	"testing"
)

var proxies = prefixes{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.1/32"),
}

func TestForwarded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		peer, header, want string // header: lines, by |
	}{
		"nobody's word":           {"192.0.2.1", "203.0.113.9", "192.0.2.1"},
		"no header":               {"10.0.0.1", "", "10.0.0.1"},
		"one proxy":               {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
		"what the client made up": {"10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		"two proxies":             {"10.0.0.1", "1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"},
		"two headers":             {"10.0.0.1", "1.1.1.1|203.0.113.9|10.9.9.9", "203.0.113.9"},
		"proxies all the way":     {"10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"},
		"a port":                  {"10.0.0.1", "203.0.113.9:4711", "203.0.113.9"},
		"IPv6":                    {"10.0.0.1", "2001:dead::1", "2001:dead::1"},
		"IPv6 in brackets":        {"10.0.0.1", "[2001:dead::1]", "2001:dead::1"},
		"IPv6 and a port":         {"2001:db8::1", "[2001:dead::1]:80", "2001:dead::1"},
		"mapped":                  {"10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"},
		"a zone":                  {"10.0.0.1", "fe80::1%eth0", "fe80::1"},
		"nonsense":                {"10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"},
		"nonsense further on":     {"10.0.0.1", "unknown, 10.0.0.2", "10.0.0.2"},
		"nothing":                 {"10.0.0.1", "203.0.113.9,", "10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var header []string
			if tt.header != "" {
				header = strings.Split(tt.header, "|")
			}
			if got := forwarded(header, netip.MustParseAddr(tt.peer), proxies); got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Whatever the header says: only a trusted proxy is believed, and nothing that stands
// left of the first address that is not one.
func FuzzForwarded(f *testing.F) {
	f.Add("203.0.113.9", "1.1.1.1, 203.0.113.9")
	f.Add("[::1]:80, 10.0.0.2", "")
	f.Add(",,%", "::ffff:10.0.0.1")
	f.Fuzz(func(t *testing.T, first, second string) {
		stranger, proxy := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.0.1")
		header := []string{first, second}
		if got := forwarded(header, stranger, proxies); got != stranger {
			t.Errorf("a stranger is believed: %v", got)
		}
		got := forwarded(header, proxy, proxies)
		if !got.IsValid() || got != plain(got) {
			t.Errorf("%q: %v", header, got)
		}
		if last := forwarded(append(header, "198.51.100.7"), proxy, proxies); last.String() != "198.51.100.7" {
			t.Errorf("%q before the client's address makes it %v", header, last)
		}
	})
}
