// Package series reads what metrics have come to, for tests.
package series

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Of returns what every series of a registry has come to, by name{label="value"};
// of a histogram its name_count and name_sum.
func Of(g prometheus.Gatherer) (map[string]float64, error) {
	families, err := g.Gather()
	if err != nil {
		return nil, err
	}
	all := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name, labels := family.GetName(), labelsOf(m)
			if h := m.GetHistogram(); h != nil {
				all[name+"_count"+labels] = float64(h.GetSampleCount())
				all[name+"_sum"+labels] = h.GetSampleSum()
				continue
			}
			all[name+labels] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return all, nil
}

// labelsOf writes a metric's labels, in order of name.
func labelsOf(m *dto.Metric) string {
	if len(m.GetLabel()) == 0 {
		return ""
	}
	var labels []string
	for _, l := range m.GetLabel() {
		labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
	}
	return "{" + strings.Join(labels, ",") + "}"
}
