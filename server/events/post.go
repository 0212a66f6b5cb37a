package events

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ovation-live/ovation/internal/retryafter"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// The headers of a webhook's requests.
const (
	idHeader        = "Ovation-Event-Id"
	timestampHeader = "Ovation-Timestamp"
	signatureHeader = "Ovation-Signature"
)

const (
	// dialWithin is how long connecting may take, and a handshake of TLS.
	dialWithin = 10 * time.Second
	// drainBytes is how much of an answer is read, so that its connection can be used again.
	drainBytes = 16 << 10
	// headerBytes is how large its head may be.
	headerBytes = 64 << 10
	// idleConns is how many connections to one host are kept.
	idleConns = inFlight
	// saidBytes is how much is kept of what went wrong.
	saidBytes = 256
)

// Addresses says where webhooks may be. Nothing that is of one machine or link alone, where
// clouds tell secrets, is ever among it, but for this machine itself.
type Addresses uint8

// Where webhooks may be.
const (
	AnyButLocal Addresses = iota // the Internet, private networks, and this machine
	PublicOnly                   // the Internet
)

// metadata is where clouds tell machines their secrets, and which is not link-local.
var metadata = netip.MustParseAddr("fd00:ec2::254")

// reserved is what is not the Internet, beside what netip knows.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // an IPv4 address, by a gateway
	netip.MustParsePrefix("2002::/16"),
}

// check returns why nothing is sent to an address, if so.
func (a Addresses) check(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	switch {
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), ip == metadata, ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("is at %v, where nothing is sent", ip)
	case a == AnyButLocal:
		return nil
	case ip.IsPrivate(), ip.IsLoopback():
		return fmt.Errorf("is at %v, which is private: the server has --webhook-addresses public", ip)
	}
	for _, prefix := range reserved {
		if prefix.Contains(ip) {
			return fmt.Errorf("is at %v, which is not public: the server has --webhook-addresses public", ip)
		}
	}
	return nil
}

// control looks at every address that is connected to, whatever name it had.
func (a Addresses) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return a.check(at.Addr())
}

// poster sends events to webhooks.
type poster struct {
	client *http.Client
	now    func() time.Time
}

// newPoster returns a poster to addresses. It asks no proxy, and follows no redirects: either
// might lead elsewhere.
func newPoster(a Addresses) *poster {
	dialer := &net.Dialer{Timeout: dialWithin, Control: a.control}
	return &poster{
		client: &http.Client{
			Transport: &http.Transport{
				DialContext: dialer.DialContext, TLSHandshakeTimeout: dialWithin, ForceAttemptHTTP2: true,
				MaxIdleConnsPerHost: idleConns, IdleConnTimeout: time.Minute,
				MaxResponseHeaderBytes: headerBytes, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		now: time.Now,
	}
}

// close closes connections that are not in use.
func (p *poster) close() { p.client.CloseIdleConnections() }

// answer is what came of sending an event.
type answer struct {
	taken      bool
	status     int    // 0: there was no answer
	said       string // why it was not taken
	retryAfter time.Duration
}

// send sends an event once.
func (p *poster) send(ctx context.Context, w store.Webhook, e store.Event) answer {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	req, err := p.request(ctx, w, e)
	if err != nil {
		return answer{said: said(err.Error())}
	}
	res, err := p.client.Do(req)
	if err != nil {
		return answer{said: reason(ctx, err, w.Timeout)}
	}
	defer res.Body.Close()                                           //nolint:errcheck // what it says does not matter
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, drainBytes)) // nor does that
	a := answer{taken: res.StatusCode/100 == 2, status: res.StatusCode}
	switch {
	case a.taken:
		return a
	case res.StatusCode/100 == 3:
		a.said = said("it answered " + res.Status + ": redirects are not followed")
	default:
		a.said = said("it answered " + res.Status)
	}
	after, _ := retryafter.In(res.Header, p.now())
	a.retryAfter = min(after, maxPause)
	return a
}

// request returns the request that carries an event.
func (p *poster) request(ctx context.Context, w store.Webhook, e store.Event) (*http.Request, error) {
	body, err := wire.EventJSON(e, Cursor(e.Position))
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	timestamp := strconv.FormatInt(p.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Ovation")
	req.Header.Set(idHeader, e.ID)
	req.Header.Set(timestampHeader, timestamp)
	req.Header.Set(signatureHeader, Sign(w.Secret, timestamp, body))
	return req, nil
}

// Sign returns the signature of a body that is sent at a time.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// reason says why there was no answer.
func reason(ctx context.Context, err error, within time.Duration) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %v", within)
	}
	if asked, is := errors.AsType[*url.Error](err); is { // it names the address, which may have a secret in it
		err = asked.Err
	}
	return said(err.Error())
}

// said returns a text for people, cut where it is long.
func said(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	if len(text) > saidBytes {
		text = strings.ToValidUTF8(text[:saidBytes], "")
	}
	return text
}
