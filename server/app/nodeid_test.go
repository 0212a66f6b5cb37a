package app_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// signatures is under which ids a node has called what asks for one.
type signatures struct {
	mu    sync.Mutex
	calls map[string]map[store.NodeID]bool
}

// sign notes a call.
func (s *signatures) sign(call string, id store.NodeID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[call] == nil {
		s.calls[call] = make(map[store.NodeID]bool)
	}
	s.calls[call][id] = true
}

// ids returns the ids, and of how many calls they are.
func (s *signatures) ids() (ids []store.NodeID, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[store.NodeID]bool)
	for _, of := range s.calls {
		maps.Copy(all, of)
	}
	return slices.Sorted(maps.Keys(all)), len(s.calls)
}

// The roles under other names, as Nodes and Quizzes have methods of theirs.
type (
	keptNodes   = store.Nodes
	keptQuizzes = store.Quizzes
)

// Each notes under which id it is called.
type (
	signedNodes struct {
		keptNodes
		by *signatures
	}
	signedQuizzes struct {
		keptQuizzes
		by *signatures
	}
	signedReports struct {
		store.Reports
		by *signatures
	}
	signedWebhooks struct {
		store.Webhooks
		by *signatures
	}
)

// Announce implements store.Nodes.
func (s signedNodes) Announce(ctx context.Context, n store.Node, lease time.Duration) error {
	s.by.sign("Announce", n.ID)
	return s.keptNodes.Announce(ctx, n, lease)
}

// ClaimQuizTasks implements store.Quizzes.
func (s signedQuizzes) ClaimQuizTasks(ctx context.Context, id store.NodeID, limit int, lease time.Duration) ([]quiz.Task, error) {
	s.by.sign("ClaimQuizTasks", id)
	return s.keptQuizzes.ClaimQuizTasks(ctx, id, limit, lease)
}

// TakeReports implements store.Reports.
func (s signedReports) TakeReports(ctx context.Context, id store.NodeID, limit int, lease time.Duration) ([]store.Reported, error) {
	s.by.sign("TakeReports", id)
	return s.Reports.TakeReports(ctx, id, limit, lease)
}

// ClaimWebhooks implements store.Webhooks.
func (s signedWebhooks) ClaimWebhooks(ctx context.Context, id store.NodeID, limit int, lease time.Duration) ([]store.ClaimedWebhook, error) {
	s.by.sign("ClaimWebhooks", id)
	return s.Webhooks.ClaimWebhooks(ctx, id, limit, lease)
}

// All parts of a process are one node, which no other is, whether it was named or not.
func TestAProcessIsOneNode(t *testing.T) {
	t.Parallel()
	drawn := make(map[store.NodeID]bool)
	for _, name := range []string{"node-7", "", ""} {
		by := &signatures{calls: make(map[string]map[store.NodeID]bool)}
		set := memory.New().Set()
		set.Nodes, set.Quizzes = signedNodes{set.Nodes, by}, signedQuizzes{set.Quizzes, by}
		set.Reports, set.Webhooks = signedReports{set.Reports, by}, signedWebhooks{set.Webhooks, by}
		startOn(t, set, func(c *config.Config) { c.NodeID = name })
		testkit.Eventually(t, "all parts have called", func() bool {
			_, calls := by.ids()
			return calls == 4
		})
		ids, _ := by.ids()
		if len(ids) != 1 || ids[0] == "" || name != "" && ids[0] != store.NodeID(name) || drawn[ids[0]] {
			t.Errorf("of %q the parts call themselves %q", name, ids)
		}
		drawn[ids[0]] = true
	}
}
