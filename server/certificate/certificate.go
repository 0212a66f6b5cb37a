// Package certificate serves a TLS certificate from files that may be replaced while it
// is in use.
package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// checkEvery is how often the files are looked at. They are read, not watched:
	// that works for mounted volumes and swapped links alike.
	checkEvery = 2 * time.Second
	// warnBefore is how long before its end a certificate is warned of, once a day.
	warnBefore = 14 * 24 * time.Hour
	warnEvery  = 24 * time.Hour
)

// Files names a certificate and its key, in PEM.
type Files struct{ Cert, Key string }

// Pair is a certificate and its key as they are in the files. What cannot be used is
// warned of, once, and the pair before it stays. Handshakes may use it concurrently with
// everything else.
type Pair struct {
	files   Files
	logger  *slog.Logger
	metrics Metrics
	current atomic.Pointer[tls.Certificate]

	mu     sync.Mutex // of what follows
	seen   content    // when it was last looked, used or not
	failed string     // what was warned of last; "" once all is well
	warned time.Time  // of the end; zero: not yet
}

// content is what the files hold.
type content struct{ cert, key []byte }

func (c content) equal(other content) bool {
	return bytes.Equal(c.cert, other.cert) && bytes.Equal(c.key, other.key)
}

// Load reads the files for the first time; they must hold a pair that can be used.
func Load(ctx context.Context, files Files, logger *slog.Logger, metrics Metrics) (*Pair, error) {
	p := &Pair{files: files, logger: logger, metrics: metrics}
	read, err := p.read()
	if err != nil {
		return nil, err
	}
	if err := p.use(read); err != nil {
		return nil, err
	}
	p.warnOfEnd(ctx)
	return p, nil
}

// Get is for tls.Config.GetCertificate.
func (p *Pair) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current.Load(), nil }

// Run looks at the files every now and then, until ctx is done.
func (p *Pair) Run(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.Reload(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// Reload looks at the files at once. Connections that are open keep what they began with.
func (p *Pair) Reload(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.warnOfEnd(ctx)
	read, err := p.read()
	if err != nil {
		p.seen = content{} // when they are back, they are looked at anew
		p.fail(ctx, err)
		return
	}
	if read.equal(p.seen) {
		return
	}
	if err := p.use(read); err != nil {
		p.fail(ctx, err)
		return
	}
	p.failed, p.warned = "", time.Time{}
	p.metrics.reloads.Inc()
	p.logger.InfoContext(ctx, "TLS certificate reloaded", "file", p.files.Cert, "valid_until", p.current.Load().Leaf.NotAfter)
}

// read reads both files.
func (p *Pair) read() (c content, err error) {
	if c.cert, err = os.ReadFile(p.files.Cert); err != nil {
		return c, err
	}
	c.key, err = os.ReadFile(p.files.Key)
	return c, err
}

// use makes the pair the one that handshakes get, if it can be.
func (p *Pair) use(c content) error {
	p.seen = c
	pair, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", p.files.Cert, p.files.Key, err)
	}
	p.current.Store(&pair)
	p.metrics.end.Set(float64(pair.Leaf.NotAfter.Unix()))
	return nil
}

// fail warns of what cannot be used, once.
func (p *Pair) fail(ctx context.Context, err error) {
	if p.failed == err.Error() {
		return
	}
	p.failed = err.Error()
	p.metrics.failures.Inc()
	p.logger.WarnContext(ctx, "TLS certificate not reloaded, the one before stays in use", "error", err)
}

// warnOfEnd warns of a certificate that ends soon.
func (p *Pair) warnOfEnd(ctx context.Context) {
	now, end := time.Now(), p.current.Load().Leaf.NotAfter
	if end.Sub(now) >= warnBefore || !p.warned.IsZero() && now.Sub(p.warned) < warnEvery {
		return
	}
	p.warned = now
	if now.After(end) {
		p.logger.WarnContext(ctx, "TLS certificate has expired", "file", p.files.Cert, "valid_until", end)
		return
	}
	p.logger.WarnContext(ctx, "TLS certificate expires soon", "file", p.files.Cert, "valid_until", end)
}

// Metrics is what is counted of a pair.
type Metrics struct {
	reloads, failures prometheus.Counter
	end               prometheus.Gauge
}

// NewMetrics registers the metrics.
func NewMetrics(registerer prometheus.Registerer) Metrics {
	m := Metrics{
		reloads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ovation_tls_reloads_total", Help: "Certificates that were taken into use after the first.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ovation_tls_reload_failures_total", Help: "Certificates that could not be used: the one before stayed.",
		}),
		end: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ovation_tls_certificate_expiry_timestamp_seconds", Help: "When the certificate in use ends, Unix seconds.",
		}),
	}
	registerer.MustRegister(m.reloads, m.failures, m.end)
	return m
}
