package main

import (
	"bytes"
	"fmt"
	neturl "net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ovation-live/ovation/server/config"
)

// deployed reads a file that is deployed by, by its path from the root.
func deployed(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// decode reads a YAML document into a value.
func decode(t *testing.T, decoder *yaml.Decoder, value any) {
	t.Helper()
	if err := decoder.Decode(value); err != nil {
		t.Fatal(err)
	}
}

// composition is what is read of compose.yaml.
type composition struct {
	Services map[string]composed
	Volumes  map[string]any
	Networks map[string]struct {
		IPAM struct{ Config []struct{ Subnet string } }
	}
}

// composed is a service of it.
type composed struct {
	Build       string
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	StopGrace   string `yaml:"stop_grace_period"`
	Ulimits     struct{ Nofile int }
	DependsOn   yaml.Node `yaml:"depends_on"`
}

// compose reads compose.yaml, and which of its services are nodes.
func compose(t *testing.T) (c composition, nodes []string) {
	t.Helper()
	decode(t, yaml.NewDecoder(strings.NewReader(deployed(t, "compose.yaml"))), &c)
	for name, s := range c.Services {
		if s.Build != "" {
			nodes = append(nodes, name)
		}
	}
	slices.Sort(nodes)
	if len(nodes) != 3 {
		t.Fatalf("nodes: %v", nodes)
	}
	return c, nodes
}

// given is a variable that the caller sets: ${NAME:-default} or ${NAME:?why}.
var given = regexp.MustCompile(`\$\{(\w+):([-?])([^}]*)\}`)

// filled are the settings of an environment, with what the caller has to set.
func filled(env map[string]string) map[string]string {
	out := make(map[string]string)
	for name, value := range env {
		out[name] = given.ReplaceAllStringFunc(value, func(match string) string {
			parts := given.FindStringSubmatch(match)
			if parts[2] == "-" {
				return parts[3]
			}
			return strings.Repeat("s", 32)
		})
	}
	return out
}

// configured returns the configuration that a server has in an environment. It fails where
// the server would not start.
func configured(t *testing.T, who string, env map[string]string) config.Config {
	t.Helper()
	known := make(map[string]bool)
	_, parser := newParser(new(config.Settings))
	for _, flag := range parser.Model.Flags {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	for name, value := range env {
		if !known[name] {
			t.Errorf("%s: no flag is read from %s", who, name)
		}
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	asked, code, _ := parse([]string{"config", "check"}, &stdout, &stderr)
	if code != exitOK {
		t.Fatalf("%s: %s", who, stderr.String())
	}
	for name := range env {
		_ = os.Unsetenv(name) // the next has its own; the test's end brings back what was
	}
	return asked.config
}

// portOf returns the port of an address.
func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// enoughFiles is what a node should be able to open.
const enoughFiles = 65_536

// Every node of the composition starts, is reached where it says, and has time to drain.
//
//nolint:paralleltest // the environment is everybody's
func TestCompositionOfNodes(t *testing.T) {
	c, nodes := compose(t)
	ids, advertised := make(map[string]bool), make(map[string]bool)
	for _, name := range nodes {
		s := c.Services[name]
		settings := configured(t, name, filled(s.Environment))
		if settings.Development() || !settings.Shared() {
			t.Errorf("%s: development %v, shared %v", name, settings.Development(), settings.Shared())
		}
		if grace, err := time.ParseDuration(s.StopGrace); err != nil || grace <= settings.DrainTimeout {
			t.Errorf("%s: it drains for %v and is killed after %s: %v", name, settings.DrainTimeout, s.StopGrace, err)
		}
		if s.Ulimits.Nofile < enoughFiles {
			t.Errorf("%s: %d files", name, s.Ulimits.Nofile)
		}
		if ids[settings.NodeID] || advertised[settings.AdvertiseURL] || settings.NodeID != name {
			t.Errorf("%s: it is called %q, at %q", name, settings.NodeID, settings.AdvertiseURL)
		}
		ids[settings.NodeID], advertised[settings.AdvertiseURL] = true, true
		endpoint, err := neturl.Parse(settings.AdvertiseURL)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("127.0.0.1:%s:%s", endpoint.Port(), portOf(settings.Listen)); !slices.Contains(s.Ports, want) {
			t.Errorf("%s: it says that it is at %s, and has ports %v", name, endpoint, s.Ports)
		}
		if want := []string{c.Networks["default"].IPAM.Config[0].Subnet}; !slices.Equal(settings.TrustedProxies, want) {
			t.Errorf("%s: it trusts %v, the balancer is in %v", name, settings.TrustedProxies, want)
		}
		for _, address := range []config.Secret{settings.RedisURL, settings.PostgresURL} {
			at, err := neturl.Parse(string(address))
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := c.Services[at.Hostname()]; !ok || !strings.Contains(nodesOf(s.DependsOn), at.Hostname()) {
				t.Errorf("%s: it has not to wait for %s, or there is none", name, at.Hostname())
			}
		}
	}
}

// nodesOf returns all that a node of YAML says, in one text.
func nodesOf(n yaml.Node) string {
	text := n.Value
	for _, inner := range n.Content {
		text += " " + nodesOf(*inner)
	}
	return text
}

// What is mounted is there.
func TestCompositionOfFiles(t *testing.T) {
	t.Parallel()
	c, _ := compose(t)
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, ok := c.Volumes[from]; ok {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", from)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Redis is such that doctor has nothing to say.
func TestCompositionOfRedis(t *testing.T) {
	t.Parallel()
	c, _ := compose(t)
	command := strings.Join(c.Services["redis"].Command, " ")
	for _, setting := range []string{"--appendonly yes", "--maxmemory-policy noeviction"} {
		if !strings.Contains(command, setting) {
			t.Errorf("no %s in %s", setting, command)
		}
	}
}

// balanced is a node that the balancer knows.
var balanced = regexp.MustCompile(`(?m)^\s+server (\S+) ([^\s:]+):(\d+)`)

// The balancer knows the nodes and where they are, and asks whether they are ready where
// they say so.
//
//nolint:paralleltest // the environment is everybody's
func TestBalancer(t *testing.T) {
	c, nodes := compose(t)
	settings := configured(t, nodes[0], filled(c.Services[nodes[0]].Environment))
	text := deployed(t, "deploy/haproxy/haproxy.cfg")
	var known []string
	for _, server := range balanced.FindAllStringSubmatch(text, -1) {
		known = append(known, server[2])
		if server[1] != server[2] || server[3] != portOf(settings.Listen) {
			t.Errorf("%v, and nodes listen on %s", server[0], settings.Listen)
		}
	}
	if !slices.Equal(known, nodes) {
		t.Errorf("the balancer knows %v, the nodes are %v", known, nodes)
	}
	for _, want := range []string{
		"check port " + portOf(settings.InternalListen) + " ", "proto h2", "GET /readyz", "option forwardfor", "jwt_payload_query('$.sub')", "balance hash var(txn.user)\n",
		"resolvers system init-addr libc,none\n", "bind :" + portOf(c.Services["balancer"].Ports[0]) + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, line := range regexp.MustCompile(`timeout (client|server) +(\S+)`).FindAllStringSubmatch(text, -1) {
		if d, err := time.ParseDuration(line[2]); err != nil || d <= 2*settings.Heartbeat {
			t.Errorf("%s cuts streams with a heartbeat of %v: %v", line[0], settings.Heartbeat, err)
		}
	}
}

// Every node is scraped, and what is shown is found.
//
//nolint:paralleltest // the environment is everybody's
func TestScraping(t *testing.T) {
	c, nodes := compose(t)
	var scraping struct {
		RuleFiles []string `yaml:"rule_files"`
		Configs   []struct {
			Job     string                       `yaml:"job_name"`
			Targets []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	decode(t, yaml.NewDecoder(strings.NewReader(deployed(t, "deploy/prometheus/prometheus.yaml"))), &scraping)
	settings := configured(t, nodes[0], filled(c.Services[nodes[0]].Environment))
	var want []string
	for _, name := range nodes {
		want = append(want, name+":"+portOf(settings.InternalListen))
	}
	if got := scraping.Configs[0]; got.Job != "ovation" || !slices.Equal(got.Targets[0].Targets, want) {
		t.Errorf("it scrapes %v, want %v", got, want)
	}
	for _, file := range scraping.RuleFiles {
		deployed(t, "deploy/prometheus/"+file)
	}
	var sources struct{ Datasources []struct{ URL string } }
	decode(t, yaml.NewDecoder(strings.NewReader(deployed(t, "deploy/grafana/provisioning/datasources/prometheus.yaml"))), &sources)
	source, err := neturl.Parse(sources.Datasources[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Services[source.Hostname()]; !ok {
		t.Errorf("Grafana asks %s, which there is not", source)
	}
	var providers struct {
		Providers []struct{ Options struct{ Path string } }
	}
	decode(t, yaml.NewDecoder(strings.NewReader(deployed(t, "deploy/grafana/provisioning/dashboards/ovation.yaml"))), &providers)
	if path := providers.Providers[0].Options.Path; !strings.Contains(strings.Join(c.Services["grafana"].Volumes, " "), ":"+path+"/") {
		t.Errorf("there is no dashboard in %s", path)
	}
}

// The image runs what it builds, and not as root.
func TestImage(t *testing.T) {
	t.Parallel()
	text := deployed(t, "Dockerfile")
	stages := strings.Split(text, "\nFROM ")
	last := stages[len(stages)-1]
	for _, want := range []string{"scratch\n", "\nUSER 65532:65532\n", "\nENTRYPOINT [\"/server\"]\n", "ca-certificates.crt"} {
		if !strings.Contains(last, want) {
			t.Errorf("no %q in the last stage", want)
		}
	}
	if !strings.Contains(text, "-o /out/server ./server") || !strings.Contains(text, "CGO_ENABLED=0") {
		t.Error("the server is not built as it is copied, or needs what is not there")
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(deployed(t, "go.mod"))
	if len(version) != 2 || !strings.Contains(text, "FROM golang:"+version[1]+" ") {
		t.Errorf("it is built with another Go than %v", version)
	}
}
