package store

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/live"
)

// Nodes is the servers that share a store, each under a lease.
type Nodes interface {
	// Announce says that a node is there, and what it is like now, for the length of a
	// lease. Announced again, it is as it was announced last.
	Announce(ctx context.Context, n Node, lease time.Duration) error
	// Withdraw says that a node is gone. One that is not there is fine.
	Withdraw(ctx context.Context, id NodeID) error
	// Nodes returns the nodes whose leases are not over, by id. It may come from a cache
	// that is a second behind.
	Nodes(ctx context.Context) ([]Node, error)
}

// NodeID names a server process.
type NodeID string

// Node is a server that shares the store.
type Node struct {
	ID       NodeID
	Endpoint string // base URL at which clients reach it; empty: it does not say
	Draining bool   // it takes no one in
	Viewers  int    // streams that it serves
	Started  live.Timestamp
}
