//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// measured returns a report of two rounds.
func measured() *report {
	r := new(report)
	r.compare("frames", "5 viewers", "connect-go")
	for _, m := range []struct {
		server string
		value  float64
	}{{"ovation notify", 12}, {"connect-go", 10}, {"connect-go", 20}, {"ovation notify", 20}} {
		r.add("frames", "5 viewers", m.server, reading{"CPU", m.value}, reading{"lost", 0})
	}
	r.add("send", "many", "ovation", reading{"accepted a second", 20_000})
	return r
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := measured().print(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"frames: 5 viewers\n",
		"ovation notify  connect-go\n",
		"CPU                            16 (12-20)      15 (10-20)\n",
		"as a multiple of connect-go's  1.10 (1-1.20)   1\n",
		"lost                           0               0\n",
		"reached  frames: 5 viewers  ovation notify  CPU, as a multiple of connect-go's  1.10, at most 1.10\n",
		"reached  send: many         ovation         accepted a second                   20000, at least 20000\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := measured().print(&out, true); err != nil {
		t.Fatal(err)
	}
	var got outcome
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 3 || len(got.Targets) != 2 {
		t.Fatalf("%+v", got)
	}
	ratio := got.Results[0].metric("as a multiple of connect-go's")
	if ratio.Median != 1.1 || ratio.Least != 1 || ratio.Largest != 1.2 {
		t.Errorf("the ratio is %+v", ratio)
	}
}

func TestMissedTargets(t *testing.T) {
	t.Parallel()
	r := new(report)
	r.add("send", "many", "ovation", reading{"accepted a second", 19_999})
	r.add("messages", "5 viewers", "ovation inline", reading{"CPU s per million messages", 1.01})
	r.add("messages", "5 viewers", "centrifuge", reading{"CPU s per million messages", 5})
	got := r.verdicts()
	if len(got) != 2 || got[0].Reached || got[1].Reached {
		t.Errorf("%+v", got)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	var m metric
	for _, n := range []float64{5, 1, 3} {
		m.add(n)
	}
	if m.Median != 3 || m.Least != 1 || m.Largest != 5 {
		t.Errorf("%+v", m)
	}
	if m.add(4); m.Median != 3.5 {
		t.Errorf("of four: %+v", m)
	}
}
