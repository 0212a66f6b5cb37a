package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lestrrat-go/httpcc"
)

const (
	// maxBytes bounds what is read of a key set.
	maxBytes = 1 << 20
	// maxRedirects is how often an address may send us on.
	maxRedirects = 5
	// filePeriod is how often a file is read: it may be a link that another takes the
	// place of, of which no file system tells.
	filePeriod = 5 * time.Second
)

// document is a key set as it was read.
type document struct {
	body  []byte
	fresh time.Duration // how long it is good for; 0: it does not say
}

// Source is where a key set is read from. Make one with ParseSource.
type Source struct {
	path    string
	address *url.URL // nil: a file
}

// ParseSource reads a file's path, or an address: https, or http of this machine.
func ParseSource(text string) (Source, error) {
	if !strings.Contains(text, "://") {
		return Source{path: text}, nil
	}
	address, err := url.Parse(text)
	if err != nil {
		return Source{}, fmt.Errorf("%q is no address: %w", text, err)
	}
	if address.Scheme == "file" {
		return Source{}, fmt.Errorf("%q is a file: name its path alone", text)
	}
	if address.User != nil {
		return Source{}, fmt.Errorf("%q carries a user: a key set is public", address.Redacted())
	}
	return Source{address: address}, checkAddress(address)
}

// Check reads the keys once if they are in a file, and says if none can be used. Of an
// address it says nothing.
func (s Source) Check() error {
	if s.address != nil {
		return nil
	}
	d, err := s.read(context.Background(), nil)
	if err == nil {
		_, _, err = Parse(d.body)
	}
	return err
}

// String returns the path or address.
func (s Source) String() string {
	if s.address != nil {
		return s.address.String()
	}
	return s.path
}

// checkAddress checks that nobody on the way can put other keys in place of those at the
// address.
func checkAddress(address *url.URL) error {
	switch {
	case address.Hostname() == "":
		return fmt.Errorf("%q names no host", address)
	case address.Scheme == "https", address.Scheme == "http" && loopback(address.Hostname()):
		return nil
	default:
		return fmt.Errorf("%q is neither https nor http of this machine, so anyone on the way could replace the keys", address)
	}
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// period returns how long to wait for the next reading, at most and at least.
func (s Source) period(most time.Duration, d document) time.Duration {
	if s.address == nil {
		return min(most, filePeriod)
	}
	if d.fresh == 0 {
		return most
	}
	return min(most, max(d.fresh, leastPeriod))
}

// read reads the key set.
func (s Source) read(ctx context.Context, client *http.Client) (document, error) {
	if s.address != nil {
		return s.get(ctx, client)
	}
	f, err := os.Open(s.path)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = f.Close() }() // it was only read
	body, err := readAll(f)
	return document{body: body}, err
}

// get reads the key set from its address.
func (s Source) get(ctx context.Context, client *http.Client) (document, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address.String(), http.NoBody)
	if err != nil {
		return document{}, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json;q=0.9, */*;q=0.5")
	res, err := client.Do(req)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode != http.StatusOK {
		return document{}, fmt.Errorf("it answers %s", res.Status)
	}
	body, err := readAll(res.Body)
	return document{body, freshness(res.Header)}, err
}

// readAll reads to the end, if that is not too far.
func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err == nil && len(body) > maxBytes {
		return nil, fmt.Errorf("it is larger than %d bytes", maxBytes)
	}
	return body, err
}

// freshness returns how long an answer is good for, 0 if it does not say.
func freshness(h http.Header) time.Duration {
	control, err := httpcc.ParseResponse(h.Get("Cache-Control"))
	if err != nil {
		return 0
	}
	age, ok := control.MaxAge()
	if !ok || age > uint64((24*time.Hour)/time.Second) {
		return 0
	}
	return time.Duration(age) * time.Second
}

// newClient returns a client that goes only where a key set may come from, and keeps no
// connections in between.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: readTimeout}).DialContext,
			TLSHandshakeTimeout: readTimeout,
			DisableKeepAlives:   true,
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return errors.New("it sends us on too often")
			}
			return checkAddress(req.URL)
		},
	}
}
