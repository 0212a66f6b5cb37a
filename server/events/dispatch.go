package events

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/ovation-live/ovation/store"
)

const (
	// claimEvery is about how often a node claims webhooks.
	claimEvery = time.Second
	// claimAtOnce is how many that nobody owns a node takes at a time, so that others have
	// some too.
	claimAtOnce = 16
	// webhookLease is how long webhooks of a node that is gone wait, and leaveBefore how long
	// before its end a node that cannot reach the store leaves them.
	webhookLease = 10 * time.Second
	leaveBefore  = 2 * time.Second
)

// duty is a webhook that this node sends to.
type duty struct {
	revision int64
	stop     context.CancelFunc
	over     chan struct{}
}

// end ends it, and waits for that.
func (d *duty) end() {
	d.stop()
	<-d.over
}

// ended says whether it has ended by itself.
func (d *duty) ended() bool { return over(d.over) }

// dispatch sends to webhooks until ctx is done, and gives them back then.
func (s *Service) dispatch(ctx context.Context) {
	duties := make(map[string]*duty)
	until := time.Now()
	failing := false
	for ctx.Err() == nil {
		begun := time.Now()
		claimed, err := s.webhooks.ClaimWebhooks(ctx, s.config.Node, claimAtOnce, webhookLease)
		switch {
		case err == nil:
			until, failing = begun.Add(webhookLease-leaveBefore), false
			s.assign(ctx, duties, claimed)
		case ctx.Err() != nil:
		default:
			if !failing {
				s.logger.WarnContext(ctx, "cannot find out which webhooks to send to", "error", err)
			}
			failing = true
			if time.Now().After(until) {
				s.assign(ctx, duties, nil)
			}
		}
		s.idle(ctx)
	}
	s.release(ctx, duties)
}

// idle waits until webhooks are to be claimed again.
func (s *Service) idle(ctx context.Context) {
	timer := time.NewTimer(claimEvery/2 + rand.N(claimEvery)) //nolint:gosec // nodes are to differ
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.hurry:
	case <-ctx.Done():
	}
}

// assign has exactly these webhooks sent to, each as it is now.
func (s *Service) assign(ctx context.Context, duties map[string]*duty, claimed []store.ClaimedWebhook) {
	mine := make(map[string]int64, len(claimed))
	for _, c := range claimed {
		mine[c.Name] = c.Revision
	}
	for name, d := range duties {
		if revision, is := mine[name]; !is || revision != d.revision || d.ended() {
			d.end()
			delete(duties, name)
		}
	}
	for _, c := range claimed {
		if duties[c.Name] == nil {
			duties[c.Name] = s.begin(ctx, c)
		}
	}
}

// begin begins to send to a webhook.
func (s *Service) begin(ctx context.Context, c store.ClaimedWebhook) *duty {
	ctx, stop := context.WithCancel(ctx)
	d := &duty{revision: c.Revision, stop: stop, over: make(chan struct{})}
	go func() {
		defer close(d.over)
		newCourier(s, c).run(ctx)
	}()
	return d
}

// release gives all webhooks back.
func (s *Service) release(ctx context.Context, duties map[string]*duty) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	for name, d := range duties {
		d.end()
		if err := s.consumers.CloseConsumer(ctx, name, string(s.config.Node)); err != nil {
			return // the leases end by themselves
		}
	}
}
