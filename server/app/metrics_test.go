package app_test

import (
	"crypto/rand"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// family is what there is to know of a metric: its type, and its labels in order.
type family struct{ kind, labels string }

// has says whether the metric has a label.
func (f family) has(label string) bool { return slices.Contains(strings.Fields(f.labels), label) }

// scrape returns the families at the internal address.
func (n *node) scrape(t *testing.T) map[string]family {
	t.Helper()
	got := do(t, http1.client(t, ""), "GET", n.internal+"/metrics", "")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(strings.NewReader(got.body))
	if err != nil || got.status != 200 {
		t.Fatalf("%d, %v", got.status, err)
	}
	families := make(map[string]family)
	for name, f := range parsed {
		families[name] = family{strings.ToLower(f.GetType().String()), labelsOf(f)}
	}
	return families
}

// labelsOf returns the names of a family's labels, in order.
func labelsOf(f *dto.MetricFamily) string {
	names := make(map[string]bool)
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			names[l.GetName()] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), " ")
}

// busy is a server with all that can be turned on, and that has done a little of
// everything that is counted.
func busy(t *testing.T, edits ...func(*config.Config)) *node {
	t.Helper()
	keys := publish(t, newIssuer(t)).url
	n := start(t, append(edits, func(c *config.Config) { c.AuthJWKS = keys })...)
	n.create(t, "r")
	n.watch(t)
	backend := n.backend(t)
	if _, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "hello"}); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.feed.Pull(t.Context(), &ovationv1.PullRequest{
		RoomId: "r", Wait: durationpb.New(time.Second),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.events.PutWebhook(t.Context(), &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{
		Consumer: "hook", Url: "http://127.0.0.1:1", Secret: "0123456789abcdef", Paused: true,
	}}); err != nil {
		t.Fatal(err)
	}
	n.await(t, "ovation_events_consumer_lag")
	if _, err := n.clients(h2c.client(t, "")).feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r"}); err == nil {
		t.Fatal("a call without a token passed")
	}
	return n
}

// onServices has a server keep its rooms in a Redis and a Postgres.
func onServices(t *testing.T) func(*config.Config) {
	t.Helper()
	redis, postgres := services.SharedRedis(t), services.NewDatabase(t)
	return func(c *config.Config) {
		c.RedisURL, c.RedisPrefix, c.PostgresURL = config.Secret(redis), rand.Text()+":", config.Secret(postgres)
		c.RedisTimeout = 30 * time.Second
	}
}

// known is every metric that there is, with TLS and without, on Redis and Postgres.
func known(t *testing.T) map[string]family {
	t.Helper()
	there := busy(t, onServices(t)).scrape(t)
	maps.Copy(there, startTLS(t).scrape(t))
	return there
}

// watch opens a stream, reads of it until a message has come, and ends it.
func (n *node) watch(t *testing.T) {
	t.Helper()
	viewer, backend := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "r"))), n.backend(t)
	stream, err := viewer.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
		RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE,
	})
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	if _, err := backend.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: "watched"}); err != nil {
		t.Fatal(err)
	}
	readMessage(t, stream)
	_ = stream.Close() // what comes of it is the server's
	n.await(t, "ovation_rpc_stream_duration_seconds")
}

// readMessage reads of a stream until a message has come.
func readMessage(t *testing.T, stream *connect.ServerStreamForClient[ovationv1.SubscribeResponse]) {
	t.Helper()
	for stream.Receive() {
		if len(stream.Msg().GetBatch().GetBatch().GetMessages()) > 0 {
			return
		}
	}
	t.Fatalf("no message came: %v", stream.Err())
}

// await waits until there is a metric.
func (n *node) await(t *testing.T, name string) {
	t.Helper()
	testkit.Eventually(t, "there is "+name, func() bool {
		_, there := n.scrape(t)[name]
		return there
	})
}

// documented is a row of a table of metrics.
var documented = regexp.MustCompile("(?m)^\\| `(ovation_\\w+)` \\| (\\w+) \\| ((?:`\\w+` ?)*)\\|")

// read returns a file of the project, by its path from the root.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every metric of ours is described, with its type and labels, and every description is
// of a metric.
func TestMetricsAreDocumented(t *testing.T) {
	t.Parallel()
	described := make(map[string]family)
	page := read(t, "docs/METRICS.md")
	if i := strings.Index(page, "\n\n| `"); i >= 0 {
		t.Errorf("a table without a head: %.60s", page[i+2:])
	}
	for _, row := range documented.FindAllStringSubmatch(page, -1) {
		labels := strings.Join(strings.Fields(strings.ReplaceAll(row[3], "`", " ")), " ")
		if _, twice := described[row[1]]; twice {
			t.Errorf("%s is described twice", row[1])
		}
		described[row[1]] = family{row[2], labels}
	}
	there := known(t)
	maps.DeleteFunc(there, func(name string, _ family) bool { return !strings.HasPrefix(name, "ovation_") })
	for name, f := range there {
		if d, ok := described[name]; !ok {
			t.Errorf("docs/METRICS.md lacks %s, a %s with the labels %q", name, f.kind, f.labels)
		} else if d != f {
			t.Errorf("docs/METRICS.md describes %s as %+v, it is %+v", name, d, f)
		}
	}
	for name := range described {
		if _, ok := there[name]; !ok {
			t.Errorf("docs/METRICS.md describes %s, which there is not", name)
		}
	}
}

// Who calls and where says nothing about how many series there are.
func TestNoSeriesByRoomOrUser(t *testing.T) {
	t.Parallel()
	for name, f := range busy(t).scrape(t) {
		for _, label := range []string{"room", "room_id", "user", "user_id", "session", "session_id"} {
			if f.has(label) {
				t.Errorf("%s is labelled by %s", name, label)
			}
		}
	}
}

// A procedure that there is not is no label: anybody could make as many as they like.
func TestNoSeriesByCallersChoice(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, bearer(t, live.RoleViewer, "r"))
	do(t, c, "POST", n.url+"/ovation.v1.FeedService/Invented", "{}", "Content-Type", "application/json")
	do(t, c, "POST", n.url+"/ovation.v1.FeedService/Pull", "{}", "Content-Type", "text/invented")
	n.await(t, "ovation_rpc_unreadable_requests_total")
	if got := do(t, c, "GET", n.internal+"/metrics", ""); contains(got.body, "nvented") {
		t.Error("it is a label")
	}
}

func TestDrainIsShown(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	viewer := n.clients(h2c.client(t, bearer(t, live.RoleViewer, "r")))
	stream, err := viewer.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{RoomId: "r"})
	if err != nil || !stream.Receive() {
		t.Fatal(err)
	}
	shows := func(series string) bool {
		return contains(do(t, http1.client(t, ""), "GET", n.internal+"/metrics", "").body, series)
	}
	if !shows("ovation_draining 0\n") || !shows(`ovation_hub_subscribers{delivery="auto"} 1`) {
		t.Error("a node with a stream is not shown as such")
	}
	n.stall(t)
	n.drain()
	if _, err := last(stream); err != nil { // it is told to reconnect
		t.Error(err)
	}
	if !shows("ovation_draining 1\n") { // the call that does not end keeps the internal address up
		t.Error("a draining node is not shown as such")
	}
	_ = stream.Close() // it has ended
}

func TestInternalIndex(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, "")
	got := do(t, c, "GET", n.internal+"/", "")
	if got.status != 200 || !contains(got.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	paths := regexp.MustCompile(`(?m)^/\S*`).FindAllString(got.body, -1)
	if len(paths) < 4 {
		t.Errorf("it lists %v", paths)
	}
	for _, path := range paths {
		if found := do(t, c, "GET", n.internal+path, ""); found.status != 200 {
			t.Errorf("%s: %d", path, found.status)
		}
	}
	if got := do(t, c, "GET", n.internal+"/nowhere", ""); got.status != 404 {
		t.Errorf("nowhere: %d", got.status)
	}
}
