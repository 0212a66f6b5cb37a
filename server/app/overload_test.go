package app_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

// user returns the authorization of a viewer of any room.
func user(t *testing.T, name string) string {
	t.Helper()
	return "Bearer " + mint(t, token.Claims{User: live.UserID(name), Role: live.RoleViewer, Rooms: []live.RoomID{"*"}})
}

// nobodyIsExempt has limits of addresses hold for the test's own.
func nobodyIsExempt(c *config.Config) { c.LimitExempt = nil }

// until calls do until it says that it is done.
func until(t *testing.T, what string, do func() bool) {
	t.Helper()
	for begun := time.Now(); !do(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("not within a minute: " + what)
		}
	}
}

// refusedFor says whether an error is what a caller over a limit is told.
func refusedFor(t *testing.T, err error, limit string) bool {
	t.Helper()
	if err == nil {
		return false
	}
	d := detail(err)
	if connect.CodeOf(err) != connect.CodeResourceExhausted || d.GetReason() != ovationv1.ErrorReason_ERROR_REASON_LIMIT_EXCEEDED ||
		d.GetMetadata()["limit"] != limit || d.GetRetryAfter().AsDuration() <= 0 || d.GetRequestId() == "" {
		t.Fatalf("told %v, %v; want %s", err, d, limit)
	}
	return true
}

// begin opens a stream and returns what ends it, and its error if it does not begin.
func begin(t *testing.T, c clients, room string) (end func(), err error) {
	t.Helper()
	stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: room})
	if err != nil {
		return func() {}, err
	}
	if !stream.Receive() {
		defer stream.Close()
		return func() {}, stream.Err()
	}
	return func() { _ = stream.Close() }, nil
}

// A user who calls too often is told so, and when to come back; nobody else is.
func TestUsersAreHeldToRates(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserSendRate, c.UserReadRate, c.UserConnectRate = 2, 2, 2 })
	n.create(t, "r")
	backend := n.backend(t)
	t.Run("each", func(t *testing.T) { // returns when all are over
		everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
			c := n.clients(tr.client(t, user(t, t.Name())), opts...)
			another := n.clients(tr.client(t, user(t, t.Name()+"'s friend")), opts...)
			calls := map[string]func(clients) error{
				"user_send_rate": func(c clients) error {
					_, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "x"})
					return err
				},
				"user_read_rate": func(c clients) error {
					_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
					return err
				},
				"user_connect_rate": func(c clients) error {
					end, err := begin(t, c, "r")
					end()
					return err
				},
			}
			for limit, call := range calls {
				until(t, limit, func() bool { return refusedFor(t, call(c), limit) })
				for name, other := range map[string]clients{"another": another, "backend": backend} {
					if err := call(other); err != nil {
						t.Errorf("%s, %s: %v", limit, name, err)
					}
				}
			}
			if len(opts) > 0 || tr.name != h2c.name {
				return // to wait for it once is enough
			}
			for limit, call := range calls {
				until(t, limit+" recovers", func() bool { return !refusedFor(t, call(c), limit) })
			}
		})
	})
	metrics := do(t, http1.client(t, ""), "GET", n.internal+"/metrics", "").body
	if !contains(metrics, `ovation_limit_hit_total{limit="user_send_rate"}`) || contains(metrics, `limit="user_send_rate"} 0`) {
		t.Errorf("hits are not counted:\n%s", metrics)
	}
}

// A user holds so many streams, on all their devices; one that ends makes room.
func TestUsersHoldSoManyStreams(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserStreams, c.UserConnectRate = 2, 0 })
	n.create(t, "r")
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		c := n.clients(tr.client(t, user(t, t.Name())), opts...)
		var ends []func()
		for range 2 {
			end, err := begin(t, c, "r")
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, end)
		}
		if end, err := begin(t, c, "r"); !refusedFor(t, err, "user_streams") {
			end()
			t.Error("a third stream is open")
		}
		ends[0]()
		until(t, "a stream ends", func() bool {
			end, err := begin(t, c, "r")
			t.Cleanup(end)
			return !refusedFor(t, err, "user_streams")
		})
		ends[1]()
	})
}

// Long polls are few at once, and refused ones do not count.
func TestUsersHoldSoManyPulls(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) { c.UserPulls, c.UserReadRate = 1, 0 })
	n.create(t, "r")
	c := n.clients(h2c.client(t, user(t, "u")))
	pull := func(wait string) answered {
		return do(t, h2c.client(t, user(t, "u")), "POST", n.url+"/ovation.v1.FeedService/Pull",
			`{"roomId":"r","cursor":{},"wait":"`+wait+`"}`, "Content-Type", "application/json")
	}
	over := make(chan answered, 1)
	go func() {
		got := pull("20s")
		for got.status == 429 { // what looks whether it counts counts too
			got = pull("20s")
		}
		over <- got
	}()
	until(t, "the long poll counts", func() bool {
		_, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
		return refusedFor(t, err, "user_pulls")
	})
	if _, err := n.backend(t).feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if got := <-over; got.status != 200 {
		t.Errorf("the long poll: %d %s", got.status, got.body)
	}
	until(t, "the long poll is over", func() bool {
		_, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"})
		return !refusedFor(t, err, "user_pulls")
	})
}

// Who guesses tokens is not listened to for a while. Those who were let in before, behind
// the same address, are.
func TestGuessingTokens(t *testing.T) {
	t.Parallel()
	n := start(t, nobodyIsExempt, func(c *config.Config) { c.AddressBadTokenRate = 1 })
	n.create(t, "r")
	get := func(c clients) error {
		_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
		return err
	}
	known := n.clients(h2c.client(t, user(t, "known")))
	if err := get(known); err != nil {
		t.Fatal(err)
	}
	t.Run("each", func(t *testing.T) { // returns when all are over
		everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
			guesser := n.clients(tr.client(t, "Bearer "+mint(t, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"r"}})+"x"), opts...)
			until(t, "guesses are refused", func() bool {
				err := get(guesser)
				return reason(err) != ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID && refusedFor(t, err, "address_bad_token_rate")
			})
			if err := get(known); err != nil {
				t.Errorf("who is known: %v", err)
			}
			stranger := n.clients(tr.client(t, ""), opts...)
			if got := reason(get(stranger)); got != ovationv1.ErrorReason_ERROR_REASON_TOKEN_MISSING {
				t.Errorf("who has no token is told %v", got)
			}
		})
	})
	newcomer := n.clients(h2c.client(t, user(t, "new")))
	until(t, "newcomers are let in again", func() bool { return !refusedFor(t, get(newcomer), "address_bad_token_rate") })
}

// forwardedFor says for whom a proxy calls.
type forwardedFor struct {
	next   http.RoundTripper
	client string
}

// RoundTrip implements http.RoundTripper.
func (f forwardedFor) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-Forwarded-For", "198.51.100.1, "+f.client)
	return f.next.RoundTrip(r)
}

// Behind a proxy each client's address counts, and a call is answered in its protocol,
// everything else with 503.
func TestRequestsOfOneAddress(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) {
		c.AddressRequestRate, c.AddressConnections = 1, 1
		c.TrustedProxies = []string{"127.0.0.0/8"}
	})
	n.create(t, "r")
	via := func(t *testing.T, tr transport, client string) *http.Client {
		t.Helper()
		h := tr.client(t, user(t, client))
		h.Transport = forwardedFor{h.Transport, client}
		return h
	}
	everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
		address := "2001:db8:0:" + strconv.FormatInt(int64(len(t.Name()))*1000+int64(t.Name()[len(t.Name())-1]), 16)
		c := n.clients(via(t, tr, address+"::1"), opts...)
		neighbour := n.clients(via(t, tr, address+":ffff::1"), opts...) // of the same network
		another := n.clients(via(t, tr, "2001:db8:ffff:"+strings.TrimPrefix(address, "2001:db8:0:")+"::1"), opts...)
		get := func(c clients) error {
			_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
			return err
		}
		until(t, "requests are refused", func() bool { return refusedFor(t, get(c), "address_request_rate") })
		until(t, "the whole network's are", func() bool { return refusedFor(t, get(neighbour), "address_request_rate") })
		until(t, "a stream is", func() bool {
			end, err := begin(t, c, "r")
			end()
			return refusedFor(t, err, "address_request_rate")
		})
		if err := get(another); err != nil {
			t.Errorf("another address: %v", err)
		}
		if len(opts) == 0 && tr.name == h2c.name { // to wait for it once is enough
			until(t, "it recovers", func() bool { return !refusedFor(t, get(c), "address_request_rate") })
		}
	})
	h := via(t, http1, "192.0.2.77")
	var got answered
	until(t, "the page is refused", func() bool {
		got = do(t, h, "GET", n.url+"/", "")
		return got.status != 200
	})
	after, err := strconv.Atoi(got.header.Get("Retry-After"))
	if got.status != 503 || err != nil || after < 1 || contains(got.header.Get("Content-Type"), "json") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}

// hold opens connections and leaves them be; the function returned closes them.
func (n *node) hold(t *testing.T, connections int) (release func()) {
	t.Helper()
	var open []net.Conn
	release = func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}
	t.Cleanup(release)
	for range connections {
		conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		// Once it is answered it has been counted.
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
			t.Fatal(err)
		}
	}
	return release
}

// rest sends something over a connection of its own and returns what comes until the
// server closes it.
func (n *node) rest(t *testing.T, sent string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, sent); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Errorf("it is not closed: %v", err)
	}
	return string(b)
}

// A connection too many is told so, in every protocol, and closed; when there is room
// again the next is served.
func TestConnectionsTooMany(t *testing.T) {
	t.Parallel()
	for limit, edit := range map[string]func(*config.Config){
		"address_connections": func(c *config.Config) { c.AddressConnections, c.LimitExempt = 3, nil },
		"max_connections":     func(c *config.Config) { c.MaxConnections = 3 },
	} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			n := start(t, edit)
			release := n.hold(t, 3)
			t.Run("refused", func(t *testing.T) {
				everyWay(t, func(t *testing.T, tr transport, opts ...connect.ClientOption) {
					c := n.clients(tr.client(t, user(t, "u")), opts...)
					for range 2 { // over another connection each
						_, err := c.rooms.GetRoom(t.Context(), &ovationv1.GetRoomRequest{RoomId: "r"})
						if !refusedFor(t, err, limit) {
							t.Error("a call is taken")
						}
						if end, err := begin(t, c, "r"); !refusedFor(t, err, limit) {
							end()
							t.Error("a stream is open")
						}
					}
				})
			})
			got := do(t, http1.client(t, ""), "GET", n.url+"/healthz", "")
			if got.status != 503 || got.header.Get("Retry-After") == "" {
				t.Errorf("%d %v", got.status, got.header)
			}
			if got := n.rest(t, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); !contains(got, "503") {
				t.Errorf("an open connection: %q", got)
			}
			release()
			for _, tr := range []transport{http1, h2c} {
				until(t, "there is room", func() bool { return do(t, tr.client(t, ""), "GET", n.url+"/healthz", "").status == 200 })
			}
		})
	}
}

// Connections that come too fast are refused until the address has slowed down.
func TestConnectionsTooFast(t *testing.T) {
	t.Parallel()
	n := start(t, nobodyIsExempt, func(c *config.Config) { c.AddressConnectRate = 1 })
	ask := func() error {
		h := http1.client(t, user(t, "u"))
		defer h.CloseIdleConnections()
		_, err := n.clients(h).feed.SyncClock(t.Context(), &ovationv1.SyncClockRequest{})
		return err
	}
	until(t, "connections are refused", func() bool { return refusedFor(t, ask(), "address_connect_rate") })
	until(t, "connections are taken again", func() bool { return !refusedFor(t, ask(), "address_connect_rate") })
}

// The test's own address is exempt unless it is said otherwise.
func TestLoopbackIsExempt(t *testing.T) {
	t.Parallel()
	n := start(t, func(c *config.Config) {
		c.AddressConnections, c.AddressConnectRate, c.AddressRequestRate, c.AddressBadTokenRate = 1, 1, 1, 1
	})
	n.hold(t, 20)
	for range 20 {
		got := do(t, http1.client(t, "Bearer nonsense"), "POST", n.url+"/ovation.v1.FeedService/SyncClock", "{}", "Content-Type", "application/json")
		if got.status != 401 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

// A page whose name leads to this machine is not this machine.
func TestDevelopmentTokensAreForLocalhost(t *testing.T) {
	t.Parallel()
	n := start(t, development)
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:1": 200, "[::1]:8080": 200, "[::1]": 200,
		"evil.test": 403, "evil.test:8080": 403, "localhost.evil.test": 403, "192.0.2.1": 403, "[2001:db8::1]:80": 403,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+"/dev/token", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http1.client(t, "").Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", host, res.StatusCode, status)
		}
		_ = res.Body.Close()
	}
}
