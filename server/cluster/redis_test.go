package cluster_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit/series"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/cluster"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/store/redis"
)

// connected is a node that finds others by way of a Redis.
type connected struct {
	*cluster.Cluster
	metrics *prometheus.Registry
}

// joinOver starts one, until the test ends.
func joinOver(t *testing.T, url, prefix, endpoint string) connected {
	t.Helper()
	s, err := redis.Open(t.Context(), redis.Config{URL: url, Prefix: prefix, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	rooms, registry := memory.New(), prometheus.NewRegistry()
	h := hub.New(hub.Source{Rooms: rooms, Log: rooms, Bus: rooms}, hub.Config{Logger: slog.New(slog.DiscardHandler)})
	c := cluster.New(s, h, cluster.Config{Endpoint: endpoint, Metrics: cluster.NewMetrics(registry)})
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-stopped
		h.Close()
		s.Close()
	})
	return connected{c, registry}
}

// failures returns how often the node could not read who is there.
func (c connected) failures(t *testing.T) float64 {
	t.Helper()
	all, err := series.Of(c.metrics)
	if err != nil {
		t.Fatal(err)
	}
	return all[`ovation_cluster_failures_total{task="read"}`]
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("still not: %s", what)
		}
	}
}

// What is known stays while Redis is away, and is there again by itself when that has
// lost everything.
func TestNodesOverARedisThatGoes(t *testing.T) {
	t.Parallel()
	server, prefix := services.NewRedis(t), rand.Text()+":"
	both := []connected{joinOver(t, server.URL(), prefix, "http://a"), joinOver(t, server.URL(), prefix, "http://b")}
	joinOver(t, server.URL(), rand.Text()+":", "http://c") // of another region
	for _, c := range both {
		eventually(t, "it knows both", func() bool { return slices.Equal(c.Endpoints(), []string{"http://a", "http://b"}) })
	}
	server.Kill()
	for _, c := range both {
		eventually(t, "it has failed twice", func() bool { return c.failures(t) >= 2 })
		if got := c.Endpoints(); len(got) != 2 {
			t.Errorf("while Redis is away it knows %q", got)
		}
	}
	server.Start(t)
	eventually(t, "both have announced themselves anew", func() bool {
		return server.Do(t, "HLEN", prefix+"{%nodes}:nodes") == int64(2)
	})
	both[1].Drain(t.Context())
	eventually(t, "no room is on the one that drains", func() bool {
		for i := range 20 {
			for _, c := range both {
				if c.Endpoint(live.RoomID(fmt.Sprint(i)), 1, "u") != "http://a" {
					return false
				}
			}
		}
		return true
	})
}
