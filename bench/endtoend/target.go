package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// target is what Ovation is meant to come to in a scenario.
type target struct {
	scenario string
	part     string // how it ends
	server   string // how its name begins
	metric   string // empty: the first one, as a multiple of the base's
	limit    float64
	atLeast  bool // else at most
}

// targets are the project's own. They are said to be reached or not, and nothing fails
// by them: a machine that is shared proves nothing.
var targets = []target{
	{scenario: "frames", server: "ovation", limit: 1.1},
	{scenario: "messages", server: "ovation", metric: "CPU s per million messages", limit: 1},
	{scenario: "memory", server: "ovation", limit: 1},
	{scenario: "unary", server: "ovation pull", limit: 1.3},
	{scenario: "answers", part: embedded, server: "answer", limit: 1.5},
	{scenario: "answers", part: shared, server: "answer", limit: 2},
	{scenario: "gifts", server: shared, metric: "paid a second", limit: 4_000, atLeast: true},
	{scenario: "gifts", server: shared, metric: "p99 ms", limit: 50},
	{scenario: "stores", server: shared, limit: 1.1},
	{scenario: "send", server: "ovation", metric: "accepted a second", limit: 20_000, atLeast: true},
}

// verdict is whether a target is reached.
type verdict struct {
	Scenario string  `json:"scenario"`
	Part     string  `json:"part"`
	Server   string  `json:"server"`
	Metric   string  `json:"metric"`
	Target   string  `json:"target"`
	Value    float64 `json:"value"`
	Reached  bool    `json:"reached"`
}

// verdicts compares results with the targets, by their medians.
func (r *report) verdicts() (all []verdict) {
	for _, s := range r.results {
		for _, t := range targets {
			if t.scenario != s.Scenario || !strings.HasSuffix(s.Part, t.part) || !strings.HasPrefix(s.Server, t.server) {
				continue
			}
			m := s.metric(t.metric)
			if t.metric == "" {
				m = r.against(s)
				m.Name = s.Metrics[0].Name + ", " + m.Name
			}
			if len(m.Rounds) > 0 {
				all = append(all, t.judge(s, m))
			}
		}
	}
	return all
}

// judge says whether a figure reaches the target.
func (t target) judge(s *result, m metric) verdict {
	v := verdict{
		Scenario: s.Scenario, Part: s.Part, Server: s.Server, Metric: m.Name, Value: m.Median,
		Target: "at most " + number(t.limit), Reached: m.Median <= t.limit,
	}
	if t.atLeast {
		v.Target, v.Reached = "at least "+number(t.limit), m.Median >= t.limit
	}
	return v
}

// printVerdicts writes which targets are reached.
func printVerdicts(w io.Writer, all []verdict) error {
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "\ntargets (medians)")
	for _, v := range all {
		reached := "not reached"
		if v.Reached {
			reached = "reached"
		}
		fmt.Fprintf(t, "%s\t%s: %s\t%s\t%s\t%s\n", reached, v.Scenario, v.Part, v.Server, v.Metric, number(v.Value)+", "+v.Target)
	}
	return t.Flush()
}
