package app_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// named is a metric in an expression, with what is asked of its labels.
var named = regexp.MustCompile(`\b((?:ovation|go|process)_\w+)(?:\{([^}]*)\})?`)

// asked is one label in that, and what it is to be.
var asked = regexp.MustCompile(`(\w+)(=~|!~|!=|=)"([^"]*)"`)

// fromOutside are labels that the scraping adds.
var fromOutside = map[string]bool{"instance": true, "job": true}

// check fails unless every metric in an expression is there, with the labels that are
// asked for.
func check(t *testing.T, where, expression string, there map[string]family) {
	t.Helper()
	found := named.FindAllStringSubmatch(expression, -1)
	if len(found) == 0 && !strings.HasPrefix(expression, "up{") {
		t.Errorf("%s: no metric in %s", where, expression)
	}
	for _, m := range found {
		f, ok := metricOf(m[1], there)
		if !ok {
			t.Errorf("%s: there is no %s", where, m[1])
			continue
		}
		for _, label := range asked.FindAllStringSubmatch(m[2], -1) {
			// The quantiles of a summary are no labels where it is read.
			if !f.has(label[1]) && !fromOutside[label[1]] && label[1] != "quantile" {
				t.Errorf("%s: %s has no label %s", where, m[1], label[1])
			}
		}
	}
	if strings.Count(expression, "(") != strings.Count(expression, ")") {
		t.Errorf("%s: the parentheses do not match: %s", where, expression)
	}
}

// metricOf finds the metric that a name in an expression is of.
func metricOf(name string, there map[string]family) (family, bool) {
	if f, ok := there[name]; ok && f.kind != "histogram" {
		return f, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, cut := strings.CutSuffix(name, suffix); cut && there[base].kind == "histogram" {
			return there[base], true
		}
	}
	return family{}, false
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "deploy/prometheus/alerts.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	there, seen := known(t), make(map[string]bool)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if seen[rule.Alert] || !strings.HasPrefix(rule.Alert, "Ovation") {
				t.Errorf("the name %q is taken, or not ours", rule.Alert)
			}
			seen[rule.Alert] = true
			check(t, rule.Alert, rule.Expr, there)
			if _, err := time.ParseDuration(rule.For); rule.For != "" && err != nil {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			if s := rule.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity %q", rule.Alert, s)
			}
			if rule.Annotations["summary"] == "" {
				t.Errorf("%s says nothing", rule.Alert)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no alerts")
	}
}

// dashboardPanel is what a dashboard shows in one place.
type dashboardPanel struct {
	ID      int
	Title   string
	Type    string
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ RefID, Expr string }
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	var dashboard struct {
		Title  string
		Panels []dashboardPanel
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/ovation.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	there := known(t)
	ids, taken := make(map[int]string), make(map[[2]int]string)
	for _, p := range dashboard.Panels {
		if other, twice := ids[p.ID]; twice || p.ID == 0 {
			t.Errorf("%q and %q have the id %d", p.Title, other, p.ID)
		}
		ids[p.ID] = p.Title
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, twice := taken[[2]int{x, y}]; twice || x >= 24 {
					t.Fatalf("%q lies over %q, or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		if (p.Type == "row") != (len(p.Targets) == 0) {
			t.Errorf("%q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			check(t, p.Title, target.Expr, there)
		}
	}
	if len(ids) < 20 {
		t.Errorf("%d panels", len(ids))
	}
}

// What the checks are for: they find what is wrong.
func TestCheckOfExpressions(t *testing.T) {
	t.Parallel()
	there := map[string]family{"ovation_a_total": {"counter", "kind"}, "ovation_b_seconds": {"histogram", ""}}
	for name, good := range map[string]bool{
		"ovation_a_total": true, "ovation_a": false, "ovation_b_seconds": false, "ovation_b_seconds_bucket": true,
		"ovation_b_seconds_count": true, "ovation_a_total_count": false, "ovation_c": false,
	} {
		if _, ok := metricOf(name, there); ok != good {
			t.Errorf("%s: %v", name, ok)
		}
	}
	if got := asked.FindAllStringSubmatch(`a="b",c=~"d|e",f!~".*",g!="h"`, -1); len(got) != 4 || got[3][1] != "g" {
		t.Errorf("labels: %q", got)
	}
}
