package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// reading is one figure of one measurement.
type reading struct {
	metric string
	value  float64
}

// result is what a server came to in one part of a scenario.
type result struct {
	Scenario string   `json:"scenario"`
	Part     string   `json:"part"`
	Server   string   `json:"server"`
	Metrics  []metric `json:"metrics"`
}

// metric is one figure, in every round.
type metric struct {
	Name    string    `json:"name"`
	Rounds  []float64 `json:"rounds"`
	Median  float64   `json:"median"`
	Least   float64   `json:"least"`
	Largest float64   `json:"largest"`
}

// report collects results.
type report struct {
	results []*result
	bases   map[[2]string]string // by scenario and part, the server that others are compared with
}

// compare says which server the others of a part are compared with.
func (r *report) compare(scenario, part, base string) {
	if r.bases == nil {
		r.bases = make(map[[2]string]string)
	}
	r.bases[[2]string{scenario, part}] = base
}

// against returns the first figure of a server as a multiple of its base's, round by
// round: what disturbs the machine disturbs neighbours in time alike.
func (r *report) against(s *result) (m metric) {
	base := r.bases[[2]string{s.Scenario, s.Part}]
	m.Name = "as a multiple of " + base + "'s"
	for _, b := range r.results {
		if base == "" || b.Scenario != s.Scenario || b.Part != s.Part || b.Server != base {
			continue
		}
		for i := range min(len(b.Metrics[0].Rounds), len(s.Metrics[0].Rounds)) {
			if of := b.Metrics[0].Rounds[i]; of > 0 {
				m.add(s.Metrics[0].Rounds[i] / of)
			}
		}
	}
	return m
}

// add adds a measurement.
func (r *report) add(scenario, part, server string, readings ...reading) {
	into := r.of(scenario, part, server)
	for _, one := range readings {
		i := slices.IndexFunc(into.Metrics, func(m metric) bool { return m.Name == one.metric })
		if i < 0 {
			i = len(into.Metrics)
			into.Metrics = append(into.Metrics, metric{Name: one.metric})
		}
		into.Metrics[i].add(one.value)
	}
}

// of returns the result of a server, a new one if there is none.
func (r *report) of(scenario, part, server string) *result {
	for _, have := range r.results {
		if have.Scenario == scenario && have.Part == part && have.Server == server {
			return have
		}
	}
	made := &result{Scenario: scenario, Part: part, Server: server}
	r.results = append(r.results, made)
	return made
}

// add adds a round.
func (m *metric) add(value float64) {
	m.Rounds = append(m.Rounds, value)
	sorted := slices.Sorted(slices.Values(m.Rounds))
	n := len(sorted)
	m.Least, m.Largest = sorted[0], sorted[n-1]
	m.Median = (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// print writes the results as tables, or as JSON.
func (r *report) print(w io.Writer, machine bool) error {
	if machine {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r.whole())
	}
	for i, one := range r.results {
		if i == 0 || r.results[i-1].Scenario != one.Scenario || r.results[i-1].Part != one.Part {
			if err := r.table(w, one.Scenario, one.Part); err != nil {
				return err
			}
		}
	}
	return printVerdicts(w, r.verdicts())
}

// outcome is all that a run comes to, for machines.
type outcome struct {
	Results []result  `json:"results"`
	Targets []verdict `json:"targets"`
}

// whole returns everything, ratios among the metrics.
func (r *report) whole() (o outcome) {
	for _, s := range r.results {
		one := *s
		if ratio := r.against(s); len(ratio.Rounds) > 0 {
			one.Metrics = append(slices.Clone(s.Metrics), ratio)
		}
		o.Results = append(o.Results, one)
	}
	o.Targets = r.verdicts()
	return o
}

// table writes one part of a scenario: a line a figure, a column a server.
func (r *report) table(w io.Writer, scenario, part string) error {
	var servers []*result
	for _, one := range r.results {
		if one.Scenario == scenario && one.Part == part {
			servers = append(servers, one)
		}
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "\n%s: %s\n", scenario, part)
	for _, s := range servers {
		fmt.Fprintf(t, "\t%s", s.Server)
	}
	fmt.Fprintln(t)
	for i, m := range servers[0].Metrics {
		line(t, m.Name, servers, func(s *result) metric { return s.metric(m.Name) })
		if ratio := r.against(servers[0]); i == 0 && len(ratio.Rounds) > 0 {
			line(t, ratio.Name, servers, r.against)
		}
	}
	return t.Flush()
}

// line writes one figure of all servers.
func line(w io.Writer, name string, servers []*result, of func(*result) metric) {
	fmt.Fprint(w, name)
	for _, s := range servers {
		fmt.Fprintf(w, "\t%s", of(s))
	}
	fmt.Fprintln(w)
}

// metric returns a figure.
func (r *result) metric(name string) metric {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m
		}
	}
	return metric{}
}

// String returns the median and, where rounds differ, the least and the largest.
func (m metric) String() string {
	switch {
	case len(m.Rounds) == 0:
		return "-"
	case m.Least == m.Largest:
		return number(m.Median)
	default:
		return fmt.Sprintf("%s (%s-%s)", number(m.Median), number(m.Least), number(m.Largest))
	}
}

// number writes a figure with as many digits as say something.
func number(n float64) string {
	switch {
	case n == float64(int64(n)), n >= 1000:
		return fmt.Sprintf("%.0f", n)
	case n >= 10:
		return fmt.Sprintf("%.1f", n)
	default:
		return fmt.Sprintf("%.2f", n)
	}
}
