// Package figures writes numbers for people.
package figures

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// Count is a number with its thousands apart: 47,527.
func Count[N int | int64 | uint64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural is a number of something: "1 session", "2 sessions".
func Plural[N int | int64 | uint64](n N, what string) string {
	if n != 1 {
		what += "s"
	}
	return Count(n) + " " + what
}

// Counts is a list of named counts, the greatest first: "rate limited 20, slow mode 3".
// Names may come from anywhere: they are escaped.
func Counts[N int | int64 | uint64](counts map[string]N) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	var list []string
	for _, name := range names {
		if counts[name] != 0 {
			list = append(list, terminal.Escape(name)+" "+Count(counts[name]))
		}
	}
	return strings.Join(list, ", ")
}

// Sum is the total of named counts.
func Sum[N int | int64 | uint64](counts map[string]N) N {
	var total N
	for _, n := range counts {
		total += n
	}
	return total
}

// Total adds counts up.
func Total(counts []int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// Rate is a number per second: 152.4/s.
func Rate(perSecond float64) string {
	if perSecond >= 1000 {
		return Count(int64(perSecond+0.5)) + "/s"
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64) + "/s"
}

// Span is a length of time, to three digits or so: 850 µs, 3.1 ms, 12.4 s, 5m2s.
func Span(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprintf("%.3g s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// Latency is a summary in one line.
func Latency(s latency.Summary) string {
	if s.Count == 0 {
		return "-"
	}
	text := fmt.Sprintf("p50 %s, p99 %s, p99.9 %s, max %s", Span(s.P50.Duration()), Span(s.P99.Duration()),
		Span(s.P999.Duration()), Span(s.Max.Duration()))
	if s.Negative > 0 {
		text += fmt.Sprintf(" (%s below zero: the clocks do not agree)", Count(s.Negative))
	}
	return text
}

// Table writes lines of a name, a figure and a remark, their figures right-aligned.
type Table struct{ rows [][3]string }

// Row adds a line.
func (t *Table) Row(name, figure, remark string) {
	t.rows = append(t.rows, [3]string{name, figure, remark})
}

// String is the whole table, each line ended.
func (t *Table) String() string {
	names, numbers := 0, 0
	for _, row := range t.rows {
		names, numbers = max(names, len(row[0])), max(numbers, len(row[1]))
	}
	var b strings.Builder
	for _, row := range t.rows {
		line := fmt.Sprintf("%-*s  %*s  %s", names, row[0], numbers, row[1], row[2])
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
