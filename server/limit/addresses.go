package limit

import (
	"context"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

// AddressLimits is what an address may do; 0 is no limit. Rates are a second, and in
// bursts of five seconds' worth.
type AddressLimits struct {
	Connections int // at once
	Connects    int // connections a second
	Requests    int // a second
	BadTokens   int // a second
	// Total is how many connections are taken from all addresses together, exempt
	// ones too.
	Total int
	// Exempt are not limited, Total apart.
	Exempt []netip.Prefix
	// Proxies are believed who they hand on requests for. Their connections are not
	// limited, Total apart.
	Proxies []netip.Prefix
}

// Addresses holds addresses to their limits; an IPv6 network of 64 bits counts as one
// address. It may be used concurrently. Nil limits nobody.
type Addresses struct {
	limits  AddressLimits
	table   *table[netip.Addr]
	open    atomic.Int64 // connections that were let in
	refused atomic.Int64 // connections that were not, and are still told so
	metrics *Metrics
}

// NewAddresses returns limits of addresses.
func NewAddresses(l AddressLimits, m *Metrics) *Addresses {
	return &Addresses{limits: l, table: newTable[netip.Addr](tableKeys), metrics: m}
}

// The buckets of an address, and what it holds.
const (
	connectBucket = iota
	requestBucket
	badTokenBucket
)

const connectionCount = 0

// networkBits is how much of an IPv6 address says whose it is: a household has at least
// 64 bits to itself.
const networkBits = 64

// limited returns what an address counts as; false if it is not limited.
func (a *Addresses) limited(addr netip.Addr) (netip.Addr, bool) {
	if a == nil || !addr.IsValid() || prefixes(a.limits.Exempt).contain(addr) {
		return addr, false
	}
	if addr.Is6() {
		network, err := addr.Prefix(networkBits)
		if err == nil {
			addr = network.Addr()
		}
	}
	return addr, true
}

// take takes one from a bucket of an address.
func (a *Addresses) take(addr netip.Addr, bucket, rate int, name Name) error {
	key, limited := a.limited(addr)
	if !limited {
		return nil
	}
	if wait := a.table.take(key, bucket, paceOf(rate)); wait > 0 {
		return a.exceeded(name, wait)
	}
	return nil
}

func (a *Addresses) exceeded(name Name, wait time.Duration) error {
	return a.metrics.exceeded(name, spread(wait, addressSpread))
}

// Request lets an address make a request, or returns an ExceededError. The request that
// it returns has a context that ClientOf knows: of one that a trusted proxy hands on,
// whose it is.
func (a *Addresses) Request(r *http.Request) (*http.Request, error) {
	if a == nil {
		return r, nil
	}
	peer := ClientOf(r.Context())
	client := peer
	if prefixes(a.limits.Proxies).contain(peer) {
		client = forwarded(r.Header.Values("X-Forwarded-For"), peer, a.limits.Proxies)
	}
	if err := a.request(client); err != nil {
		return nil, err
	}
	if client != peer {
		r = r.WithContext(context.WithValue(r.Context(), clientKey{}, client))
	}
	return r, nil
}

// request is Request for one from a known address.
func (a *Addresses) request(client netip.Addr) error {
	return a.take(client, requestBucket, a.limits.Requests, AddressRequestRate)
}

// Guess returns an ExceededError if so many bad tokens came from an address that
// another is not even looked at.
func (a *Addresses) Guess(addr netip.Addr) error {
	key, limited := a.limited(addr)
	if !limited {
		return nil
	}
	if wait := a.table.wait(key, badTokenBucket, paceOf(a.limits.BadTokens)); wait > 0 {
		return a.exceeded(AddressBadTokenRate, wait)
	}
	return nil
}

// Guessed notes that a bad token came from an address.
func (a *Addresses) Guessed(addr netip.Addr) {
	if key, limited := a.limited(addr); limited {
		a.table.take(key, badTokenBucket, paceOf(a.limits.BadTokens))
	}
}

type clientKey struct{}

// ClientOf returns the address that a request's context belongs to; the zero Addr,
// which nothing limits, if it is not known.
func ClientOf(ctx context.Context) netip.Addr {
	if client, ok := ctx.Value(clientKey{}).(netip.Addr); ok {
		return client
	}
	if c := connOf(ctx); c != nil {
		return c.peer
	}
	return netip.Addr{}
}
