package keyset_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/keyset"
)

// opened is a key set, and what was logged of it.
type opened struct {
	*keyset.Keys
	logs *testkit.Output
}

// open opens a key set.
func open(t *testing.T, source string, edit func(*keyset.Config)) opened {
	t.Helper()
	o, err := tryOpen(t, source, edit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func tryOpen(t *testing.T, source string, edit func(*keyset.Config)) (opened, error) {
	t.Helper()
	s, err := keyset.ParseSource(source)
	if err != nil {
		t.Fatal(err)
	}
	logs := new(testkit.Output)
	c := keyset.Config{Source: s, Refresh: time.Hour, Logger: slog.New(slog.NewTextHandler(logs, nil))}
	if edit != nil {
		edit(&c)
	}
	keys, err := keyset.Open(t.Context(), c)
	return opened{keys, logs}, err
}

// until waits until the set has these keys.
func (o opened) until(t *testing.T, ids ...string) {
	t.Helper()
	for range 3000 {
		if slices.Equal(o.Current().IDs(), ids) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it has %v, want %v; logged\n%s", o.Current().IDs(), ids, o.logs)
}

func (o opened) logged(text string) int { return strings.Count(o.logs.String(), text) }

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file that is written anew, taken away, broken and mended.
func TestFile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		write(t, path, named(t, "a"))
		o := open(t, path, nil)
		is := func(generation uint64, ids ...string) {
			t.Helper()
			time.Sleep(6 * time.Second) // the bubble's
			synctest.Wait()
			if set := o.Current(); !slices.Equal(set.IDs(), ids) || set.Generation() != generation {
				t.Errorf("generation %d has %v, want %d with %v", set.Generation(), set.IDs(), generation, ids)
			}
		}
		is(1, "a")
		write(t, path, named(t, "a", "b"))
		is(2, "a", "b")
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		is(2, "a", "b")
		is(2, "a", "b")
		write(t, path, []byte("half of a s"))
		is(2, "a", "b")
		if o.logged("the last one that was good is kept") != 1 || o.logged("can be read again") != 0 {
			t.Errorf("logged\n%s", o.logs)
		}
		write(t, path, named(t, "b"))
		is(3, "b")
		if o.logged("can be read again") != 1 {
			t.Errorf("logged\n%s", o.logs)
		}
	})
}

// Secrets that are mounted are links, and a change puts another in their place.
func TestFileBehindLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	point := func(at string) {
		t.Helper()
		next := filepath.Join(dir, "next")
		if err := os.Symlink(at, next); err != nil {
			t.Skip("no links here:", err)
		}
		if err := os.Rename(next, filepath.Join(dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, id, "keys.json"), named(t, id))
	}
	point("a")
	o := open(t, filepath.Join(dir, "data", "keys.json"), func(c *keyset.Config) { c.Refresh = 20 * time.Millisecond })
	o.until(t, "a")
	point("b")
	o.until(t, "b")
}

// publisher serves a key set at an address.
type publisher struct {
	url   string
	mu    sync.Mutex
	serve http.HandlerFunc
	reads atomic.Int64
}

func publish(t *testing.T, data []byte) *publisher {
	t.Helper()
	p := &publisher{}
	p.set(data)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.reads.Add(1)
		p.mu.Lock()
		serve := p.serve
		p.mu.Unlock()
		serve(w, r)
	}))
	t.Cleanup(s.Close)
	p.url = s.URL + "/keys"
	return p
}

func (p *publisher) do(serve http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve = serve
}

func (p *publisher) set(data []byte) {
	p.do(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) })
}

// until waits until the address was read so often again.
func (p *publisher) until(t *testing.T, more int64) {
	t.Helper()
	from := p.reads.Load()
	for range 3000 {
		if p.reads.Load() >= from+more {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("read %d times", p.reads.Load()-from)
}

// An address whose keys are rotated, that fails in every way, and recovers.
func TestAddress(t *testing.T) {
	t.Parallel()
	p := publish(t, named(t, "a"))
	o := open(t, p.url, func(c *keyset.Config) { c.Refresh = 20 * time.Millisecond })
	o.until(t, "a")
	p.set(named(t, "a", "b"))
	o.until(t, "a", "b")
	kept := o.Current()
	for name, fail := range map[string]http.HandlerFunc{
		"an error":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"not found": http.NotFound,
		"no keys":   func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"keys":[]}`) },
		"nonsense":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `<html>`) },
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				if _, err := w.Write([]byte(strings.Repeat(" ", 64<<10))); err != nil {
					return
				}
			}
		},
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://keys.example.test/", http.StatusFound)
		},
		"in circles": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) },
	} {
		p.do(fail)
		p.until(t, 3)
		if o.Current() != kept {
			t.Errorf("%s: the set is another: %v", name, o.Current().IDs())
		}
	}
	p.set(named(t, "b"))
	o.until(t, "b")
	if got := o.Current().Generation(); got != kept.Generation()+1 {
		t.Errorf("generation %d after %d", got, kept.Generation())
	}
	if o.logged("the last one that was good is kept") != 1 {
		t.Errorf("logged\n%s", o.logs)
	}
}

// The first reading must succeed, and says what is wrong if not.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	p := publish(t, nil)
	p.do(http.NotFound)
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, nil)
	for source, says := range map[string]string{
		p.url:                 "404",
		"http://127.0.0.1:1/": "cannot read the key set http://127.0.0.1:1/",
		empty:                 "neither a JSON Web Key Set nor PEM",
		empty + "-not":        "no such file",
		t.TempDir():           "directory",
	} {
		if _, err := tryOpen(t, source, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", source, err)
		}
	}
}

// An address may ask to be read sooner than it would be, but not later.
func TestCacheControl(t *testing.T) {
	t.Parallel()
	for control, want := range map[string]struct{ least, most time.Duration }{
		"":                       {50 * time.Minute, time.Hour},
		"no-store":               {50 * time.Minute, time.Hour},
		"public, max-age=60":     {50 * time.Second, time.Minute},
		"max-age=1":              {8 * time.Second, 10 * time.Second},
		"max-age=0":              {50 * time.Minute, time.Hour},
		"max-age=99999":          {50 * time.Minute, time.Hour},
		"max-age=99999999999999": {50 * time.Minute, time.Hour},
		"max-age=soon":           {50 * time.Minute, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			keys := named(t, "a")
			reads := make(chan time.Time, 10)
			answer := roundTrip(func(*http.Request) (*http.Response, error) {
				reads <- time.Now()
				return &http.Response{
					StatusCode: http.StatusOK, Header: http.Header{"Cache-Control": {control}},
					Body: io.NopCloser(strings.NewReader(string(keys))),
				}, nil
			})
			open(t, "https://keys.example.test/", func(c *keyset.Config) { c.Client = &http.Client{Transport: answer} })
			<-reads // the first is for the start
			from := time.Now()
			if after := (<-reads).Sub(from); after < want.least || after > want.most {
				t.Errorf("%q: read after %v", control, after)
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Whoever asks is served by one reading, and asks again in vain for a while.
func TestRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		slow := roundTrip(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second) // the bubble's
			data := named(t, fmt.Sprint(reads.Add(1)))
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(data)))}, nil
		})
		o := open(t, "https://keys.example.test/", func(c *keyset.Config) { c.Client = &http.Client{Transport: slow} })
		ask := func() {
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() { o.Refresh(t.Context()) })
			}
			all.Wait()
		}
		for want := int64(2); want < 5; want++ {
			ask()
			ask()
			if got := reads.Load(); got != want {
				t.Fatalf("%d readings, want %d", got, want)
			}
			if ids := o.Current().IDs(); ids[0] != fmt.Sprint(want) {
				t.Errorf("it has %v", ids)
			}
			time.Sleep(6 * time.Second)
		}
		given, giveUp := context.WithCancel(t.Context())
		giveUp()
		o.Refresh(given)
		o.Close()
		o.Refresh(t.Context()) // nobody reads any more
	})
}

// An address that does not answer is given up, and those who asked go on.
func TestSilentAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		keys := named(t, "a")
		answer := roundTrip(func(r *http.Request) (*http.Response, error) {
			if silent.Load() {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(keys)))}, nil
		})
		o := open(t, "https://keys.example.test/", func(c *keyset.Config) { c.Client = &http.Client{Transport: answer} })
		silent.Store(true)
		from := time.Now()
		o.Refresh(t.Context())
		if waited := time.Since(from); waited != 5*time.Second || o.logged("is kept") != 1 {
			t.Errorf("waited %v, logged\n%s", waited, o.logs)
		}
		silent.Store(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if o.logged("can be read again") != 1 {
			t.Errorf("logged\n%s", o.logs)
		}
	})
}

func TestSources(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"keys.json":                    "",
		"/etc/ovation/keys.pem":        "",
		"https://id.example.test/jwks": "",
		"http://localhost:8081/jwks":   "",
		"http://127.0.0.1/jwks":        "",
		"http://[::1]:80/jwks":         "",
		"http://id.example.test/jwks":  "neither https nor http of this machine",
		"http://10.0.0.1/jwks":         "neither https nor http of this machine",
		"file:///etc/keys":             "name its path alone",
		"ftp://localhost/keys":         "neither https nor http of this machine",
		"https://":                     "names no host",
		"https://u:pw@example.test/":   "carries a user",
		"https://a b/":                 "no address",
	} {
		_, err := keyset.ParseSource(text)
		if got := fmt.Sprint(err); (err == nil) != (says == "") || !strings.Contains(got, says) && err != nil || strings.Contains(got, "pw") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
