package observed

import (
	"context"
	"time"

	"github.com/ovation-live/ovation/store"
)

// measuredNodes measures store.Nodes.
type measuredNodes struct {
	next  store.Nodes
	calls *Metrics
}

func (m measuredNodes) Announce(ctx context.Context, n store.Node, lease time.Duration) (err error) {
	defer m.calls.begin(announce).end(&err)
	return m.next.Announce(ctx, n, lease)
}

func (m measuredNodes) Withdraw(ctx context.Context, id store.NodeID) (err error) {
	defer m.calls.begin(withdraw).end(&err)
	return m.next.Withdraw(ctx, id)
}

func (m measuredNodes) Nodes(ctx context.Context) (_ []store.Node, err error) {
	defer m.calls.begin(listNodes).end(&err)
	return m.next.Nodes(ctx)
}
