package checkup

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Builds are which build each node runs, as they are checked one after the other.
type Builds struct{ first, at string }

// internalPart is a node, as its operators see it.
type internalPart struct {
	base   string
	builds *Builds
}

// Internal returns a node to check by its internal URL. Nodes that share builds should run
// the same one.
func Internal(base string, builds *Builds) Part {
	return &internalPart{strings.TrimRight(base, "/"), builds}
}

const internalName = "node"

// Name implements Part.
func (p *internalPart) Name() string { return internalName + " " + p.base }

// scrape is what a node shows of itself.
type scrape struct {
	families map[string]*dto.MetricFamily
	builds   *Builds
	at       string
}

var internalChecks = []check[scrape]{
	{"version", scrape.version},
	{"drain", scrape.drain},
	{"files", scrape.files},
	{"store", scrape.store},
}

// check implements Part.
func (p *internalPart) check(ctx context.Context, e examiner) {
	client, closeIdle := newHTTP(p.base, false)
	defer closeIdle()
	s := scrape{builds: p.builds, at: p.base}
	reached := e.bounded(ctx, func(ctx context.Context) (v verdict) {
		s.families, v = metrics(ctx, client, p.base)
		return v
	})
	e.tell(internalName, p.base, "reach", reached)
	if reached.status != Fail {
		ask(ctx, e, internalName, p.base, s, internalChecks)
	}
}

// metrics reads the metrics of a node.
func metrics(ctx context.Context, client *http.Client, base string) (map[string]*dto.MetricFamily, verdict) {
	p, err := get(ctx, client, base+"/metrics")
	if err != nil {
		return nil, bad("%s", reason(err)).mend("name the address of --internal-listen, from where it can be reached")
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(p.body + "\n"))
	if p.status != http.StatusOK || err != nil || families["ovation_build_info"] == nil {
		return nil, bad("/metrics answers %s, and not as a node does", p.text).mend("name the address of --internal-listen, not the public one")
	}
	return families, good("it answers")
}

// version compares the build with that of the nodes before.
func (s scrape) version(context.Context) verdict {
	labels := make(map[string]string)
	for _, m := range s.families["ovation_build_info"].GetMetric() {
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
	}
	build := strings.TrimSpace(fmt.Sprintf("ovation %s %s", labels["version"], labels["revision"]))
	if s.builds.first == "" {
		s.builds.first, s.builds.at = build, s.at
	}
	if build != s.builds.first {
		return doubtful("%s, and %s runs %s", build, s.builds.at, s.builds.first).mend("finish the roll-out: nodes of different builds are for its duration")
	}
	return good("%s", build)
}

// value returns the sum of a metric's series that do not differ from the labels asked for.
func (s scrape) value(name string, labels ...string) (sum float64) {
	for _, m := range s.families[name].GetMetric() {
		if !labelled(m, labels) {
			continue
		}
		sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + m.GetUntyped().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return sum
}

// labelled says whether a series has labels: names and values in turn.
func labelled(m *dto.Metric, labels []string) bool {
	has := make(map[string]string)
	for _, l := range m.GetLabel() {
		has[l.GetName()] = l.GetValue()
	}
	for i := 0; i+1 < len(labels); i += 2 {
		if has[labels[i]] != labels[i+1] {
			return false
		}
	}
	return true
}

func (s scrape) drain(context.Context) verdict {
	if s.value("ovation_draining") > 0 {
		return doubtful("it is being stopped")
	}
	return good("it takes viewers in")
}

// enough is how many files a node should be able to open: each viewer is one.
const enough = 65_536

func (s scrape) files(context.Context) verdict {
	open, limit := s.value("process_open_fds"), s.value("process_max_fds")
	switch {
	case limit == 0:
		return good("not said by this system")
	case limit < enough, open > crowded*limit:
		return doubtful("%.0f of %.0f files are open", open, limit).mend("raise LimitNOFILE (systemd) or `ulimit -n` to more than the viewers that this node is to have")
	default:
		return good("%.0f of %.0f files are open", open, limit)
	}
}

// store looks at how often a backend could not be reached, since the node began.
func (s scrape) store(context.Context) verdict {
	const name = "ovation_store_operation_seconds"
	if away := s.value(name, "outcome", "unavailable"); away > 0 {
		return doubtful("%.0f of %.0f calls of the store found it away, since the node began", away, s.value(name)).
			mend("if that grows, see its log, and what is said of Redis and Postgres")
	}
	return good("every call of the store found it there")
}
