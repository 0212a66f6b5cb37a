//go:build linux

package main

import (
	"context"
	"strings"
	"testing"
	"time"
)

// small is everything once, as small as it can be.
var small = flags{
	Rounds: 1, For: 500 * time.Millisecond, Viewers: []int{5}, FrameRate: []float64{10},
	MessageViewers: []int{5}, MessageRate: 50, MessageBytes: 183, MostFrames: 100_000,
	Connections: 4, Senders: 4, SendsAtOnce: 2, Rooms: 2, Quiet: true,
}

// Every server delivers all that is published to every viewer, and answers every call: or
// else what they are compared by would mean nothing.
func TestEverythingIsDelivered(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	r, err := measure(ctx, small)
	if err != nil {
		t.Fatal(err)
	}
	servers := make(map[string]bool)
	for _, result := range r.results {
		name, _, _ := strings.Cut(result.Server, " ")
		servers[strings.TrimSuffix(name, ",")] = true
		for _, m := range result.Metrics {
			switch m.Name {
			case "lost", "broken streams", "reported dropped", "calls refused", "not accepted":
				if m.Largest != 0 {
					t.Errorf("%s, %s, %s: %v %s", result.Scenario, result.Part, result.Server, m.Largest, m.Name)
				}
			case "frames delivered", "calls answered", "accepted", "goroutines per viewer":
				if m.Least <= 0 {
					t.Errorf("%s, %s, %s: no %s", result.Scenario, result.Part, result.Server, m.Name)
				}
			}
		}
	}
	for server := range modules {
		if !servers[server] {
			t.Errorf("%s was not measured: %v", server, servers)
		}
	}
	if len(r.verdicts()) == 0 {
		t.Error("no targets were looked at")
	}
}
