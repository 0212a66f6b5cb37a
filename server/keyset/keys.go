package keyset

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// readTimeout bounds one reading.
	readTimeout = 5 * time.Second
	// leastPeriod is how soon an address may ask to be read again.
	leastPeriod = 10 * time.Second
	// retryPeriod is how soon a reading that failed is tried again.
	retryPeriod = 10 * time.Second
	// askedPeriod is how often tokens that name unknown keys may have the set read.
	askedPeriod = 5 * time.Second
)

// Config is how a key set is kept.
type Config struct {
	Source  Source
	Refresh time.Duration // an address is read this often, or as often as it asks for
	Logger  *slog.Logger
	Metrics *Metrics
	// Client reads addresses; nil: one that trusts what the system trusts.
	Client *http.Client
	// AskedPeriod is how often Refresh reads; 0: every few seconds.
	AskedPeriod time.Duration
}

// Keys is a key set that is kept current. It may be used concurrently, until it is
// closed.
type Keys struct {
	config  Config
	current atomic.Pointer[Set]
	body    []byte             // of the current set
	failing bool               // the last reading failed
	asked   time.Time          // when Refresh last had the set read
	asks    chan chan struct{} // to the goroutine that reads; what it is sent is closed
	stop    context.CancelFunc
	stopped chan struct{}
}

// Open reads a key set for the first time, and keeps it current from then on.
func Open(ctx context.Context, c Config) (*Keys, error) {
	if c.Client == nil {
		c.Client = newClient()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	c.AskedPeriod = cmp.Or(c.AskedPeriod, askedPeriod)
	k := &Keys{config: c, asks: make(chan chan struct{}), stopped: make(chan struct{})}
	next, err := k.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key set %s: %w", c.Source, err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	k.stop = stop
	go k.run(running, next)
	return k, nil
}

// Close ends the readings.
func (k *Keys) Close() {
	k.stop()
	<-k.stopped
}

// Current returns the set as it was last read.
func (k *Keys) Current() *Set { return k.current.Load() }

// Refresh has the set read now, because a token names a key that is not in it, and
// waits for that until ctx is done. It does so every few seconds at most, for all who
// ask: nobody who makes up keys costs more than that.
func (k *Keys) Refresh(ctx context.Context) {
	done := make(chan struct{})
	select {
	case k.asks <- done:
	case <-k.stopped:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// run reads the set whenever it is time, or asked for.
func (k *Keys) run(ctx context.Context, next time.Duration) {
	defer close(k.stopped)
	timer := time.NewTimer(next)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			timer.Reset(k.readAgain(ctx))
		case done := <-k.asks:
			if time.Since(k.asked) >= k.config.AskedPeriod {
				timer.Reset(k.readAgain(ctx))
				k.asked = time.Now()
			}
			close(done)
		case <-ctx.Done():
			return
		}
	}
}

// readAgain reads the set and returns how long to wait for the next reading. When it
// fails the set stays as it was. The log has the first failure, and the recovery.
func (k *Keys) readAgain(ctx context.Context) time.Duration {
	next, err := k.read(ctx)
	switch {
	case ctx.Err() != nil:
		return next
	case err != nil:
		if !k.failing {
			k.config.Logger.WarnContext(ctx, "the key set cannot be read, the last one that was good is kept",
				"source", k.config.Source.String(), "error", err)
		}
		next = min(k.config.Source.period(k.config.Refresh, document{}), retryPeriod)
	case k.failing:
		k.config.Logger.InfoContext(ctx, "the key set can be read again", "source", k.config.Source.String())
	}
	k.failing = err != nil
	// Nodes that were started together do not read together.
	return next - time.Duration(rand.Float64()*float64(next)/10) //nolint:gosec // nobody gains by guessing it
}

// read reads the set and returns how long it is good for.
func (k *Keys) read(ctx context.Context) (time.Duration, error) {
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	d, err := k.config.Source.read(bounded, k.config.Client)
	if err == nil && (k.body == nil || !bytes.Equal(d.body, k.body)) {
		err = k.take(ctx, d.body)
	}
	k.config.Metrics.count(k.current.Load(), err)
	return k.config.Source.period(k.config.Refresh, d), err
}

// take makes what was read the current set, if it is one.
func (k *Keys) take(ctx context.Context, body []byte) error {
	set, refused, err := Parse(body)
	if err != nil {
		return err
	}
	for _, why := range refused {
		k.config.Logger.WarnContext(ctx, "a key cannot be used", "source", k.config.Source.String(), "error", why)
	}
	set.generation = 1
	if before := k.current.Load(); before != nil {
		set.generation = before.generation + 1
	}
	k.body = body
	k.current.Store(set)
	k.config.Logger.InfoContext(ctx, "key set read", "source", k.config.Source.String(), "keys", set.IDs())
	return nil
}
