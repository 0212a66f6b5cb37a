package app_test

import (
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/store/memory"
)

// advertised makes a server one that viewers can be sent to.
func advertised(c *config.Config) { c.AdvertiseURL = "http://127.0.0.1:0/" }

// nodes starts servers that share a store in this process, and waits until each knows
// all.
func nodes(t *testing.T, n int) []*node {
	t.Helper()
	set := memory.New().Set()
	return nodesBy(t, n, func() *node { return startOn(t, set, advertised) })
}

// nodesOver starts servers that share a Redis and a Postgres.
func nodesOver(t *testing.T, n int) []*node {
	t.Helper()
	redis, database := services.NewRedis(t).URL(), services.NewDatabase(t)
	return nodesBy(t, n, func() *node {
		return start(t, advertised, func(c *config.Config) {
			c.RedisURL, c.PostgresURL = config.Secret(redis), config.Secret(database)
		})
	})
}

// nodesBy starts servers in a way, and waits until each knows all.
func nodesBy(t *testing.T, n int, start func() *node) []*node {
	t.Helper()
	all := make([]*node, n)
	for i := range all {
		all[i] = start()
	}
	for _, node := range all {
		node.awaitNodes(t, n)
	}
	return all
}

// awaitNodes waits until the node knows of so many that take viewers in.
func (n *node) awaitNodes(t *testing.T, count int) {
	t.Helper()
	known := fmt.Sprintf("\novation_cluster_nodes{state=\"open\"} %d\n", count)
	testkit.Eventually(t, "the nodes are known", func() bool {
		return contains(do(t, http1.client(t, ""), "GET", n.internal+"/metrics", "").body, known)
	})
}

// joinOf joins a room as a viewer and returns the endpoint that is named.
func (n *node) joinOf(t *testing.T, id string) string {
	t.Helper()
	joined, err := n.clients(h2c.client(t, bearer(t, live.RoleViewer, live.RoomID(id)))).rooms.JoinRoom(t.Context(),
		&ovationv1.JoinRoomRequest{RoomId: id})
	if err != nil {
		t.Fatal(err)
	}
	return joined.GetEndpoint()
}

// place returns the node that a room is on, and one that it is not on: all say the same.
func place(t *testing.T, all []*node, id string) (right, wrong *node) {
	t.Helper()
	named := all[0].joinOf(t, id)
	for _, n := range all {
		if got := n.joinOf(t, id); got != named {
			t.Errorf("%s: %q and %q are named", id, named, got)
		}
		if n.url == named {
			right = n
		} else {
			wrong = n
		}
	}
	if right == nil {
		t.Fatalf("%s: %q is named, which is no node", id, named)
	}
	return right, wrong
}

func TestJoinRoomNamesThePlace(t *testing.T) {
	t.Parallel()
	all := nodes(t, 3)
	places := make(map[*node]bool)
	for i := range 20 {
		id := fmt.Sprint("r", i)
		all[0].create(t, id)
		right, _ := place(t, all, id)
		places[right] = true
	}
	if len(places) < 2 {
		t.Error("twenty rooms are on one of three nodes")
	}
}

// One node alone, or one that is not told its address, names none.
func TestJoinRoomWithoutOthersNamesNothing(t *testing.T) {
	t.Parallel()
	all := nodes(t, 1)
	all[0].create(t, "r")
	if got := all[0].joinOf(t, "r"); got != "" {
		t.Errorf("%q is named", got)
	}
}

func TestThePageMayCallOtherNodes(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	page := do(t, http1.client(t, ""), "GET", all[0].url+"/", "")
	policy := page.header.Get("Content-Security-Policy")
	if !contains(policy, all[0].url) || !contains(policy, all[1].url) {
		t.Errorf("policy %q", policy)
	}
}

// openStream opens a stream of a viewer.
func (n *node) openStream(t *testing.T, id, session string) *connect.ServerStreamForClient[ovationv1.SubscribeResponse] {
	t.Helper()
	viewer := n.clients(h2c.client(t, bearer(t, live.RoleViewer, live.RoomID(id))))
	stream, err := viewer.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
		RoomId: id, SessionId: session, Delivery: ovationv1.Delivery_DELIVERY_INLINE,
	})
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	t.Cleanup(func() { _ = stream.Close() })
	return stream
}

// A viewer in the wrong place is served there, then sent to the right one, and goes on
// with the session that they have; the room's messages come from any node.
func TestViewersAreSentToThePlace(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T, int) []*node{"memory": nodes, "Redis and Postgres": nodesOver} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			viewersAreSentToThePlace(t, start(t, 2))
		})
	}
}

func viewersAreSentToThePlace(t *testing.T, all []*node) {
	t.Helper()
	all[0].create(t, "r")
	right, wrong := place(t, all, "r")
	stream := wrong.openStream(t, "r", "")
	session := stream.Msg().GetWelcome().GetSessionId()
	if _, err := right.backend(t).feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	readMessage(t, stream)
	frame, err := last(stream)
	told := frame.GetReconnect()
	if err != nil || told.GetEndpoint() != right.url || told.GetReason() != ovationv1.ReconnectReason_RECONNECT_REASON_MOVE {
		t.Fatalf("last frame %v, %v", frame, err)
	}
	if got := right.openStream(t, "r", session).Msg().GetWelcome(); got.GetSessionId() != session || got.GetOnline().GetUsers() != 1 {
		t.Errorf("there: %v", got)
	}
	testkit.Eventually(t, "the move is counted", func() bool {
		body := do(t, http1.client(t, ""), "GET", wrong.internal+"/metrics", "").body
		return contains(body, "\novation_cluster_moved_viewers_total 1\n") &&
			contains(body, "\novation_chat_stream_endings_total{reason=\"moved\"} 1\n")
	})
}

// A drain sends viewers to the nodes that stay.
func TestDrainNamesThePlace(t *testing.T) {
	t.Parallel()
	all := nodes(t, 2)
	all[0].create(t, "r")
	right, other := place(t, all, "r")
	stream := right.openStream(t, "r", "")
	right.drain()
	frame, err := last(stream)
	told := frame.GetReconnect()
	if err != nil || told.GetEndpoint() != other.url || told.GetReason() != ovationv1.ReconnectReason_RECONNECT_REASON_DRAIN {
		t.Errorf("last frame %v, %v", frame, err)
	}
	if err := <-right.stopped; err != nil {
		t.Errorf("stopped: %v", err)
	}
	other.awaitNodes(t, 1)
	if got := other.joinOf(t, "r"); got != "" {
		t.Errorf("a node that has gone is named: %q", got)
	}
	if strings.Contains(right.logs.String(), "level=WARN") {
		t.Errorf("logged:\n%s", right.logs)
	}
}
