package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// stackInUse matches what Go's collector says of stacks.
var stackInUse = regexp.MustCompile(`(?m)^go_memstats_stack_inuse_bytes (\S+)$`)

// stacks collects garbage, by which stacks shrink, and returns how many bytes they have.
func (p *process) stacks(t *testing.T) float64 {
	t.Helper()
	internal := strings.TrimSuffix(p.urls()["Metrics"], "/metrics")
	for range 3 {
		get(t, internal+"/debug/pprof/heap?gc=1&debug=1")
	}
	text := get(t, internal+"/metrics")
	found := stackInUse.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no stacks in %s", text)
	}
	bytes, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, res.StatusCode, err)
	}
	return string(text)
}

// watch opens an idle viewer's stream, on a connection of its own.
func (p *process) watch(t *testing.T, user live.UserID) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	minted, err := token.Mint(token.DevelopmentSecret, token.Claims{User: user, Role: live.RoleViewer, Rooms: []live.RoomID{"demo"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, info := connect.NewClientContext(t.Context())
	info.RequestHeader().Set("Authorization", "Bearer "+minted)
	client := ovationv1connect.NewFeedServiceClient(&http.Client{Transport: transport}, p.urls()["RPC"])
	stream, err := client.Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: "demo"})
	if err != nil || !stream.Receive() {
		t.Fatalf("viewer %s: %v", user, err)
	}
	t.Cleanup(func() { _ = stream.Close() })
}

// What waits for an idle viewer are three goroutines, two of them net/http's. Ours must
// fit on a stack of 8 KiB, a quarter of which may be in use for it to be one: with 16 KiB it
// would be 29 KiB a viewer.
func TestStacksOfIdleViewers(t *testing.T) {
	t.Parallel()
	const viewers, most = 300, 25 << 10
	p := serve(t)
	p.watch(t, "the first, who makes what is made once")
	before := p.stacks(t)
	for i := range viewers {
		p.watch(t, live.UserID(fmt.Sprint("viewer ", i)))
	}
	if each := (p.stacks(t) - before) / viewers; each > most {
		t.Errorf("%.0f bytes of stacks for each viewer, at most %d wanted", each, most)
	} else {
		t.Logf("%.0f bytes of stacks for each viewer", each)
	}
}
