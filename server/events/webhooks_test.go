package events

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

func TestWebhookGetsEventsSigned(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	h := listen(t, nil)
	ids := s.record("r", 3)
	s.put(node, "hook", h)
	ids = append(ids, s.record("r", 2)...)
	s.delivered("hook")
	if got := h.ids(); !slices.Equal(got, ids) {
		t.Errorf("it got %q, want %q", got, ids)
	}
	for i, r := range h.requests() {
		mac := hmac.New(sha256.New, []byte("a secret of sixteen bytes"))
		fmt.Fprintf(mac, "%s.%s", r.timestamp, r.body)
		if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); r.signature != want {
			t.Errorf("signed %q, want %q", r.signature, want)
		}
		sent, err := strconv.ParseInt(r.timestamp, 10, 64)
		if err != nil || time.Since(time.Unix(sent, 0)) > time.Hour {
			t.Errorf("sent at %q", r.timestamp)
		}
		if !strings.Contains(r.body, `"`+ids[i]+`"`) || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s, %v", r.body, r.header)
		}
	}
}

// What fails is sent again, and what comes after it in its room waits; other rooms do not.
func TestWebhookThatFailsGetsItAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	var healed atomic.Bool
	h := listen(t, func(id string, w http.ResponseWriter, _ *http.Request) {
		if id == "e1" && !healed.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s.record("a", 2) // e1, e2
	s.put(node, "hook", h)
	s.record("b", 2) // e3, e4
	testkit.Eventually(t, "the other room goes on", func() bool { return has("e4", h.ids()) })
	testkit.Eventually(t, "the first is sent again", func() bool {
		return len(slices.DeleteFunc(h.ids(), func(id string) bool { return id != "e1" })) > 1
	})
	if c := s.consumer("hook"); has("e2", h.ids()) || c.Acknowledged != 0 {
		t.Errorf("it got %q, and is %+v", h.ids(), c)
	}
	healed.Store(true)
	s.delivered("hook")
	if got := h.ids(); !has("e2", got) || slices.Index(got, "e2") < slices.Index(got, "e1") {
		t.Errorf("it got %q", got)
	}
}

func TestWebhookThatNeverTakesIt(t *testing.T) {
	t.Parallel()
	reached := listen(t, nil)
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	for name, tt := range map[string]struct {
		does   func(w http.ResponseWriter, r *http.Request)
		status int
		said   string
	}{
		"it refuses": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, 418, "418"},
		"it hangs": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-block:
			}
		}, 0, "no answer within 100ms"},
		"it redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, reached.URL, http.StatusTemporaryRedirect)
		}, 307, "redirects are not followed"},
		"it breaks off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			node, _ := s.node("n")
			h := listen(t, func(id string, w http.ResponseWriter, r *http.Request) {
				if id == "e1" {
					tt.does(w, r)
				}
			})
			s.record("r", 2)
			s.put(node, "hook", h, func(w *store.Webhook) { w.GiveUpAfter, w.Timeout = 0, 100*time.Millisecond })
			s.delivered("hook")
			letters, _, err := node.DeadLetters(t.Context(), backend, "hook", 10, "")
			if err != nil || len(letters) != 1 || letters[0].Event.ID != "e1" || letters[0].LastStatus != tt.status ||
				letters[0].Attempts != 1 || !strings.Contains(letters[0].LastError, tt.said) {
				t.Fatalf("%+v, %v", letters, err)
			}
			if !has("e2", h.ids()) || len(reached.requests()) > 0 {
				t.Errorf("it got %q; another got %q", h.ids(), reached.ids())
			}
		})
	}
}

// Of a webhook that takes nothing of a room the latest dead letters are kept, and those that go
// are counted.
func TestDeadLettersAreBounded(t *testing.T) {
	t.Parallel()
	s := setup(t)
	metrics := NewMetrics(nil)
	node, _ := s.node("n", func(c *Config) { c.DeadLetters, c.Metrics = 3, metrics })
	h := listen(t, func(_ string, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	ids := s.record("r", 5)
	s.put(node, "hook", h, func(w *store.Webhook) { w.GiveUpAfter = 0 })
	s.delivered("hook")
	node.dropLetters(t.Context())
	letters, _, err := node.DeadLetters(t.Context(), backend, "hook", 10, "")
	if err != nil || len(letters) != 3 || letters[0].Event.ID != ids[2] {
		t.Errorf("%+v, %v", letters, err)
	}
	if n := testutil.ToFloat64(metrics.lettersDropped); n != 2 {
		t.Errorf("%v were counted", n)
	}
}

func TestDeadLettersAreSentAgain(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	var healed atomic.Bool
	h := listen(t, func(_ string, w http.ResponseWriter, _ *http.Request) {
		if !healed.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	ids := s.record("r", 3)
	s.put(node, "hook", h, func(w *store.Webhook) { w.GiveUpAfter = 0 })
	s.delivered("hook")
	var letters []store.DeadLetter
	for token, more := "", true; more; more = token != "" {
		page, next, err := node.DeadLetters(t.Context(), backend, "", 2, token)
		if err != nil {
			t.Fatal(err)
		}
		letters, token = append(letters, page...), next
	}
	if len(letters) != 3 {
		t.Fatalf("dead letters %+v", letters)
	}
	healed.Store(true)
	again := []string{LetterID(letters[0].ID), LetterID(letters[2].ID), "x", "-1"}
	if n, err := node.Retry(t.Context(), backend, again); n != 2 || err != nil {
		t.Errorf("Retry = %d, %v", n, err)
	}
	s.delivered("hook")
	got := h.ids()[3:]
	slices.Sort(got)
	if !slices.Equal(got, []string{ids[0], ids[2]}) {
		t.Errorf("again came %q", got)
	}
}

// A node that is killed leaves what was on its way to another, which sends it again by the
// same id.
func TestWebhookOfANodeThatIsKilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	h := listen(t, nil)
	whole := s.set
	dying := &mortal{Webhooks: whole.Webhooks}
	s.set.Webhooks, s.set.Consumers = dying, mortalConsumers{whole.Consumers, dying}
	first, stop := s.node("first")
	s.put(first, "hook", h)
	ids := s.record("r", 1)
	testkit.Eventually(t, "the first is sent", func() bool { return len(h.ids()) > 0 })
	s.set = whole
	s.delivered("hook")
	dying.dead.Store(true) // whatever it sends from now on is not settled
	ids = append(ids, s.record("r", 1)...)
	testkit.Eventually(t, "the second is sent", func() bool { return len(h.ids()) > 1 })
	stop()
	second, _ := s.node("second")
	s.ahead.Add(webhookLease.Microseconds()) // the lease of the first is over
	second.awake()
	s.delivered("hook")
	if got := h.ids(); !slices.Equal(got, append(ids, ids[1])) {
		t.Errorf("it got %q, want %q and the last again", got, ids)
	}
}

// mortal is the store as a node has it that may lose it.
type mortal struct {
	store.Webhooks
	dead atomic.Bool
}

func (m *mortal) SettleDeliveries(ctx context.Context, done store.Settlement) error {
	if m.dead.Load() {
		return store.ErrUnavailable
	}
	return m.Webhooks.SettleDeliveries(ctx, done)
}

// mortalConsumers is the same for consumers: a node that is killed does not give them back.
type mortalConsumers struct {
	store.Consumers
	of *mortal
}

func (m mortalConsumers) CloseConsumer(ctx context.Context, name, owner string) error {
	if m.of.dead.Load() {
		return store.ErrUnavailable
	}
	return m.Consumers.CloseConsumer(ctx, name, owner)
}

func TestWebhookRests(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	h := listen(t, nil)
	s.put(node, "hook", h, func(w *store.Webhook) { w.Paused = true })
	other := listen(t, nil)
	s.put(node, "other", other)
	ids := s.record("r", 1)
	s.delivered("other")
	if got := h.ids(); len(got) > 0 {
		t.Errorf("it rests, and got %q", got)
	}
	s.put(node, "hook", h, func(w *store.Webhook) { w.Secret = "" }) // it is kept
	s.delivered("hook")
	if got := h.ids(); !slices.Equal(got, ids) {
		t.Errorf("it got %q, want %q", got, ids)
	}
}

// Whoever puts back what is shown does not lose the password, and cannot lead it elsewhere.
func TestPasswordOfAnAddressIsHiddenAndStays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n")
	const address, shown = "https://u:p%40ss@hook.example/x?y", "https://u:xxxxx@hook.example/x?y"
	w := store.Webhook{URL: address, Secret: "s", Paused: true}
	put := func(to string) error {
		w.URL = to
		_, err := node.Put(t.Context(), backend, "hook", w, store.StartLatest)
		return err
	}
	var wrong *FieldError
	if err := put(shown); !errors.As(err, &wrong) || wrong.Field != "webhook.url" {
		t.Errorf("a hidden password that stands for none: %v", err)
	}
	if err := errors.Join(put(address), put(shown)); err != nil {
		t.Fatal(err)
	}
	if err := put("https://u:xxxxx@another.example/x?y"); !errors.As(err, &wrong) {
		t.Errorf("a hidden password of another address: %v", err)
	}
	if got := s.consumer("hook").Webhook.URL; got != address || Shown(got) != shown {
		t.Errorf("it is at %q, shown as %q", got, Shown(got))
	}
	for _, plain := range []string{"https://hook.example/x", "https://u@hook.example", "%"} {
		if got := Shown(plain); got != plain {
			t.Errorf("%q is shown as %q", plain, got)
		}
	}
}

func TestWebhooksAreRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	node, _ := s.node("n", func(c *Config) { c.Addresses = PublicOnly })
	for name, tt := range map[string]struct{ url, secret, field string }{
		"no secret":        {"https://example.com", "", "webhook.secret"},
		"another scheme":   {"ftp://example.com", "s", "webhook.url"},
		"no host":          {"http://:80/", "s", "webhook.url"},
		"a fragment":       {"http://example.com/#a", "s", "webhook.url"},
		"a private host":   {"http://10.0.0.1/", "s", "webhook.url"},
		"this machine":     {"http://[::1]:8080/", "s", "webhook.url"},
		"where clouds are": {"http://169.254.169.254/latest", "s", "webhook.url"},
	} {
		_, err := node.Put(t.Context(), backend, "h", store.Webhook{URL: tt.url, Secret: tt.secret}, store.StartLatest)
		var wrong *FieldError
		if !errors.As(err, &wrong) || wrong.Field != tt.field {
			t.Errorf("%s: %v, want that %s is wrong", name, err, tt.field)
		}
	}
	viewer := backend
	viewer.Role = live.RoleHost
	if _, err := node.Put(t.Context(), viewer, "h", store.Webhook{URL: "http://a", Secret: "s"}, 0); err == nil {
		t.Error("a host has put a webhook")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	var asks atomic.Value
	h := listen(t, func(_ string, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", asks.Load().(string)) //nolint:forcetypeassert // it is one
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	p := newPoster(AnyButLocal)
	t.Cleanup(p.close)
	p.now = func() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "301": maxPause, "4294967295": maxPause, "-1": 0, "1.5": 0, "soon": 0,
		"Sun, 22 Nov 2026 01:00:42 GMT":  42 * time.Second,
		"Sunday, 22-Nov-26 01:00:42 GMT": 42 * time.Second,
		"Sun Nov 22 01:00:42 2026":       42 * time.Second,
		"Sun, 22 Nov 2026 00:59:59 GMT":  0,
		"Mon, 23 Nov 2026 01:00:00 GMT":  maxPause,
	} {
		asks.Store(value)
		a := p.send(t.Context(), store.Webhook{URL: h.URL, Timeout: 10 * time.Second}, store.Event{Kind: store.RoomEnded})
		if a.taken || a.status != http.StatusServiceUnavailable || a.retryAfter != want {
			t.Errorf("%q: %+v, want %v", value, a, want)
		}
	}
}

// What a name resolves to is looked at when it is connected to.
func TestAddressesAreLookedAtWhenConnecting(t *testing.T) {
	t.Parallel()
	h := listen(t, nil)
	url := strings.Replace(h.URL, "127.0.0.1", "localhost", 1)
	event := store.Event{ID: "e", Kind: store.RoomEnded}
	webhook := store.Webhook{URL: url, Secret: "s", Timeout: 10 * time.Second}
	for addresses, want := range map[Addresses]bool{AnyButLocal: true, PublicOnly: false} {
		p := newPoster(addresses)
		a := p.send(t.Context(), webhook, event)
		p.close()
		if a.taken != want || !want && !strings.Contains(a.said, "--webhook-addresses") {
			t.Errorf("%v: %+v", addresses, a)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]bool{ // AnyButLocal, PublicOnly
		"8.8.8.8": {true, true}, "2001:4860:4860::8888": {true, true},
		"10.1.2.3": {true, false}, "192.168.0.1": {true, false}, "172.16.9.9": {true, false}, "fd12::1": {true, false},
		"127.0.0.1": {true, false}, "::1": {true, false}, "::ffff:10.0.0.1": {true, false}, "100.64.1.1": {true, false},
		"64:ff9b::a00:1": {true, false}, "240.0.0.1": {true, false},
		"169.254.169.254": {}, "::ffff:169.254.169.254": {}, "fe80::1%eth0": {}, "fd00:ec2::254": {},
		"0.0.0.0": {}, "::": {}, "224.0.0.1": {}, "ff02::1": {}, "255.255.255.255": {},
	} {
		for i, a := range []Addresses{AnyButLocal, PublicOnly} {
			if err := a.check(netip.MustParseAddr(address)); (err == nil) != want[i] {
				t.Errorf("%s, %d: %v", address, a, err)
			}
		}
	}
}

func FuzzWebhookURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/a?b", "http://[fe80::1%25eth0]:80", "http://127.1", "//", "http://a#b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := PublicOnly.checkURL(text); err == nil {
			if _, err := http.NewRequestWithContext(t.Context(), http.MethodPost, text, http.NoBody); err != nil {
				t.Errorf("%q is no address that can be sent to: %v", text, err)
			}
		}
	})
}
