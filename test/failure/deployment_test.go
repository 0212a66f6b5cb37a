package failure

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// deployment is three nodes behind a load balancer, on one Redis and one Postgres.
type deployment struct {
	env      []string
	placed   bool // nodes say where they are, and are given the rooms that they are to have
	nodes    []*node
	balancer *balancer
}

// deploy starts a deployment, until the test ends.
func deploy(t *testing.T, redis, postgres string) *deployment {
	t.Helper()
	return (&deployment{}).start(t, redis, postgres)
}

// deployPlaced starts a deployment whose nodes take ten viewers of a room each.
func deployPlaced(t *testing.T, redis, postgres string) *deployment {
	t.Helper()
	d := &deployment{placed: true, env: []string{"OVATION_VIEWERS_PER_NODE=10"}}
	return d.start(t, redis, postgres)
}

func (d *deployment) start(t *testing.T, redis, postgres string) *deployment {
	t.Helper()
	d.balancer = balance(t)
	d.env = append(
		d.env, "OVATION_REDIS_URL="+redis, "OVATION_REDIS_PREFIX="+rand.Text()+":", "OVATION_POSTGRES_URL="+postgres,
	)
	for range 3 {
		d.grow(t)
	}
	return d
}

// grow starts one more node.
func (d *deployment) grow(t *testing.T) *node {
	t.Helper()
	env := d.env
	if d.placed {
		address := fmt.Sprintf("127.0.0.1:%d", services.FreePort(t))
		env = append(slices.Clone(env), "OVATION_LISTEN="+address, "OVATION_ADVERTISE_URL=http://"+address)
	}
	n := launch(t, env...)
	d.balancer.add(t, n)
	d.nodes = append(d.nodes, n)
	return n
}

// client returns a client of the deployment, until the test ends.
func (d *deployment) client(t *testing.T, user string, role live.Role) *ovation.Client {
	t.Helper()
	return clientOf(t, d.balancer.url(), user, role)
}

// client returns a client of this node, until the test ends.
func (n *node) client(t *testing.T, user string, role live.Role) *ovation.Client {
	t.Helper()
	return clientOf(t, "http://"+n.address, user, role)
}

func clientOf(t *testing.T, url, user string, role live.Role) *ovation.Client {
	t.Helper()
	signed, err := token.Mint(secret, token.Claims{
		User: live.UserID(user), Role: role, Rooms: []live.RoomID{token.AnyRoom}, Expires: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := ovation.New(url, ovation.WithToken(signed))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// ready checks that all nodes that run say that they are, whatever they depend on.
func (d *deployment) ready(t *testing.T) {
	t.Helper()
	for _, n := range d.nodes {
		if !n.runs() {
			continue
		}
		response, err := http.Get(fmt.Sprintf("http://%s/readyz", n.address)) //nolint:noctx // a node that runs answers
		if err != nil {
			t.Error(err)
			continue
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
			t.Errorf("a node is not ready: %s", response.Status)
		}
	}
}
