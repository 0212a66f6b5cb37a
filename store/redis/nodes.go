package redis

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/store"
)

// Announce is still to come.
func (s *Store) Announce(context.Context, store.Node, time.Duration) error { return nil }

// Withdraw is still to come.
func (s *Store) Withdraw(context.Context, store.NodeID) error { return nil }

// Nodes is still to come.
func (s *Store) Nodes(context.Context) ([]store.Node, error) { return nil, nil }
