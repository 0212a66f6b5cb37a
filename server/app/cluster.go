package app

import (
	"net"
	"net/url"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/cluster"
)

// buildCluster makes the node one among others. It needs the hub, and the public address
// to be bound.
func (a *App) buildCluster() {
	a.cluster = cluster.New(a.store.Nodes, a.hub, cluster.Config{
		ID:             a.node,
		Endpoint:       withPort(a.config.Endpoint(), a.publicAddr),
		ViewersPerNode: a.config.ViewersPerNode,
		Logger:         a.logger,
		Metrics:        cluster.NewMetrics(a.metrics.registry),
	})
}

// withPort puts the port that a listener got where a base URL leaves it to that, by
// port 0.
func withPort(base string, l net.Listener) string {
	u, err := url.Parse(base)
	if err != nil || u.Port() != "0" {
		return base
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	u.Host = net.JoinHostPort(u.Hostname(), port)
	return u.String()
}

// place says where a user of a room is best served; empty: anywhere.
func (a *App) place(id live.RoomID, sessions int, user live.UserID) string {
	return a.cluster.Endpoint(id, sessions, user)
}

// places says which nodes the page may call.
func (a *App) places() []string { return a.cluster.Endpoints() }
