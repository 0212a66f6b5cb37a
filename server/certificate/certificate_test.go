package certificate_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/certificate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const year = 365 * 24 * time.Hour

// stage is a pair in files that the test replaces.
type stage struct {
	*certificate.Pair
	files    certificate.Files
	logs     *testkit.Output
	registry *prometheus.Registry
}

// write writes a file anew, at once as a rename does.
func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+"~", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		t.Fatal(err)
	}
}

// replace puts another pair in place.
func (s *stage) replace(t *testing.T, name string, left time.Duration) {
	t.Helper()
	cert, key := testkit.Certificate(t, name, time.Now().Add(left))
	write(t, s.files.Cert, cert)
	write(t, s.files.Key, key)
}

// setup loads a pair that is named first.
func setup(t *testing.T, left time.Duration) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{
		files:    certificate.Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")},
		logs:     new(testkit.Output),
		registry: prometheus.NewRegistry(),
	}
	s.replace(t, "first", left)
	var err error
	s.Pair, err = certificate.Load(t.Context(), s.files, slog.New(slog.NewTextHandler(s.logs, nil)), certificate.NewMetrics(s.registry))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// name is the name on the pair in use.
func (s *stage) name(t *testing.T) string {
	t.Helper()
	pair, err := s.Get(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.Subject.CommonName
}

// counted checks how many pairs were taken and refused.
func (s *stage) counted(t *testing.T, reloads, failures string) {
	t.Helper()
	err := testutil.GatherAndCompare(s.registry, strings.NewReader(`
# HELP ovation_tls_reloads_total Certificates that were taken into use after the first.
# TYPE ovation_tls_reloads_total counter
ovation_tls_reloads_total `+reloads+`
# HELP ovation_tls_reload_failures_total Certificates that could not be used: the one before stayed.
# TYPE ovation_tls_reload_failures_total counter
ovation_tls_reload_failures_total `+failures+"\n"), "ovation_tls_reloads_total", "ovation_tls_reload_failures_total")
	if err != nil {
		t.Error(err)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	s := setup(t, year)
	s.Reload(t.Context()) // nothing has changed
	s.counted(t, "0", "0")
	s.replace(t, "second", year)
	s.Reload(t.Context())
	if got := s.name(t); got != "second" {
		t.Errorf("in use is %s", got)
	}
	s.counted(t, "1", "0")
	if strings.Contains(s.logs.String(), "WARN") {
		t.Errorf("logged\n%s", s.logs)
	}
}

// What cannot be used is warned of once, and what was in use stays.
func TestWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	other, _ := testkit.Certificate(t, "other", time.Now().Add(year))
	for name, spoil := range map[string]func(*stage){
		"no longer there": func(s *stage) { _ = os.Remove(s.files.Key) },
		"half written":    func(s *stage) { write(t, s.files.Cert, other[:len(other)/2]) },
		"empty":           func(s *stage) { write(t, s.files.Key, nil) },
		"mismatched":      func(s *stage) { write(t, s.files.Cert, other) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, year)
			spoil(s)
			for range 3 {
				s.Reload(t.Context())
			}
			if got := s.name(t); got != "first" {
				t.Errorf("in use is %s", got)
			}
			s.counted(t, "0", "1")
			if got := strings.Count(s.logs.String(), "level=WARN"); got != 1 {
				t.Errorf("logged\n%s", s.logs)
			}
			s.replace(t, "mended", year)
			s.Reload(t.Context())
			if got := s.name(t); got != "mended" {
				t.Errorf("in use is %s", got)
			}
			s.counted(t, "1", "1")
			spoil(s) // and is warned of again
			s.Reload(t.Context())
			s.counted(t, "1", "2")
		})
	}
}

// The first pair must be one.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	s := setup(t, year)
	write(t, s.files.Key, []byte("none"))
	for _, files := range []certificate.Files{s.files, {Cert: s.files.Cert, Key: "nowhere"}} {
		_, err := certificate.Load(t.Context(), files, slog.New(slog.DiscardHandler), certificate.NewMetrics(prometheus.NewRegistry()))
		if err == nil {
			t.Errorf("%v can be used", files)
		}
	}
}

// A mounted volume swaps a link to the folder that holds both.
func TestSwappedLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		cert, key := testkit.Certificate(t, name, time.Now().Add(year))
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "cert.pem"), cert)
		write(t, filepath.Join(dir, name, "key.pem"), key)
	}
	point := func(name string) {
		if err := os.Symlink(name, filepath.Join(dir, "next")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, "next"), filepath.Join(dir, "now")); err != nil {
			t.Fatal(err)
		}
	}
	point("one")
	s := &stage{logs: new(testkit.Output), registry: prometheus.NewRegistry()}
	s.files = certificate.Files{Cert: filepath.Join(dir, "now", "cert.pem"), Key: filepath.Join(dir, "now", "key.pem")}
	var err error
	s.Pair, err = certificate.Load(t.Context(), s.files, slog.New(slog.DiscardHandler), certificate.NewMetrics(s.registry))
	if err != nil {
		t.Fatal(err)
	}
	point("two")
	s.Reload(t.Context())
	if got := s.name(t); got != "two" {
		t.Errorf("in use is %s", got)
	}
}

func TestItWarnsOfTheEndDaily(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, 16*24*time.Hour)
		for _, step := range []struct {
			after         time.Duration
			soon, expired int
		}{
			{47 * time.Hour, 0, 0},
			{2 * time.Hour, 1, 0},
			{23 * time.Hour, 1, 0},
			{time.Hour, 2, 0},
			{24 * time.Hour, 3, 0},
			{14 * 24 * time.Hour, 3, 1},
			{24 * time.Hour, 3, 2},
		} {
			time.Sleep(step.after)
			for range 2 {
				s.Reload(t.Context())
			}
			soon, expired := strings.Count(s.logs.String(), "expires soon"), strings.Count(s.logs.String(), "has expired")
			if soon != step.soon || expired != step.expired {
				t.Errorf("%+v, but:\n%s", step, s.logs)
			}
		}
		s.replace(t, "second", year)
		s.Reload(t.Context())
		time.Sleep(48 * time.Hour)
		s.Reload(t.Context())
		if got := strings.Count(s.logs.String(), "level=WARN"); got != 5 {
			t.Errorf("%d warnings:\n%s", got, s.logs)
		}
	})
}

func TestItLooksByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := setup(t, year)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() {
			defer close(over)
			s.Run(ctx)
		}()
		s.replace(t, "second", year)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := s.name(t); got != "second" {
			t.Errorf("in use is %s", got)
		}
		stop()
		<-over
	})
}

func TestItWarnsOfTheEndAtTheStart(t *testing.T) {
	t.Parallel()
	if s := setup(t, 13*24*time.Hour); strings.Count(s.logs.String(), "expires soon") != 1 {
		t.Errorf("logged\n%s", s.logs)
	}
	if s := setup(t, -time.Hour); strings.Count(s.logs.String(), "has expired") != 1 {
		t.Errorf("logged\n%s", s.logs)
	}
}
