package visit_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // zones to test with, wherever

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/visit"
)

// zones is some whose clocks are changed: at midnight, over midnight, by half an hour, by a
// day.
var zones = []struct {
	name string
	near time.Time
}{
	{"UTC", time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)},
	{"Asia/Shanghai", time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)},
	{"Europe/Vienna", time.Date(2030, 3, 31, 1, 0, 0, 0, time.UTC)},
	{"Europe/Vienna", time.Date(2030, 10, 27, 1, 0, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC)},
	{"America/Sao_Paulo", time.Date(2018, 2, 18, 2, 0, 0, 0, time.UTC)},
	{"America/St_Johns", time.Date(2010, 11, 7, 2, 31, 0, 0, time.UTC)},
	{"Australia/Lord_Howe", time.Date(2029, 10, 6, 15, 30, 0, 0, time.UTC)},
	{"Pacific/Apia", time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC)},
	{"Asia/Kolkata", time.Date(1969, 12, 31, 18, 30, 0, 0, time.UTC)},
}

// byDay asks the zone for the date of every second.
func byDay(visits []visit.Visit, from, until live.Timestamp, zone *time.Location) []visit.Day {
	total, touched := make(map[string]visit.Span), make(map[string]int64)
	covered := make(map[live.Timestamp]bool)
	for _, v := range visits {
		touches := make(map[string]bool)
		for at := max(v.Entered, from); at < min(v.Exited, until); at += second {
			date := at.Time().In(zone).Format(time.DateOnly)
			if touches[date] = true; !covered[at] {
				covered[at] = true
				total[date] += visit.Span(second)
			}
		}
		for date := range touches {
			touched[date]++
		}
	}
	var days []visit.Day
	for date, span := range total {
		days = append(days, visit.Day{Date: date, Total: span, Visits: touched[date]})
	}
	slices.SortFunc(days, func(a, b visit.Day) int {
		if a.Date < b.Date {
			return -1
		}
		return 1
	})
	return days
}

func TestDaysAreTheZones(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.SampledFrom(zones).Draw(t, "zone")
		zone, err := time.LoadLocation(of.name)
		if err != nil {
			t.Fatal(err)
		}
		at := func(name string) live.Timestamp {
			return live.At(of.near) + live.Timestamp(rapid.IntRange(-2*3600, 2*3600).Draw(t, name))*second
		}
		if rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			at = func(name string) live.Timestamp {
				return live.At(of.near) + live.Timestamp(rapid.IntRange(-40*3600, 40*3600).Draw(t, name))*second
			}
		}
		var visits []visit.Visit
		for i := range rapid.IntRange(1, 3).Draw(t, "visits") {
			a, b := at("enter"), at("exit")
			if a == b {
				b++
				b += second - 1
			}
			visits = append(visits, visit.Visit{
				Room: "r", User: "ann", Key: visit.Key{Session: "a", Version: visit.Version(2*i + 1)}, Entered: min(a, b), Exited: max(a, b),
			})
		}
		from, until := at("from"), at("until")
		s := visit.NewSummary(from, until, zone)
		s.Add(visits, until)
		equal(t, "days", s.Watch(1).Days, byDay(visits, from, until, zone), slices.Equal)
	})
}

// A summary is what lies within.
func TestSummaryIsTheOracles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, end := events(t), ending(t)
		want, b := oracle(all, end), merge(t, all, end)
		now := b.Figures().At(begun + live.Timestamp(rapid.IntRange(0, 1000).Draw(t, "now"))*second)
		from := begun + live.Timestamp(rapid.IntRange(-10, 500).Draw(t, "from"))*second
		until := from + live.Timestamp(rapid.IntRange(0, 500).Draw(t, "long"))*second
		s := visit.NewSummary(from, until, nil)
		var users int64
		b.Each(func(_ live.UserID, visits []visit.Visit) {
			if s.Add(visits, now) {
				users++
			}
		})
		var w visit.Watch
		came := make(map[live.UserID]bool)
		for _, v := range want {
			began, ended := v.entered, v.until(now)
			if began == 0 {
				began = v.exited
			}
			if from >= until || began >= until || ended <= from && began < from {
				continue
			}
			w.Visits++
			if v.inferred {
				w.Inferred++
			}
			if !v.counted || v.conflicting {
				w.Anomalies++
			}
			if !v.counted {
				continue
			}
			came[v.user] = true
			if v.exited == 0 {
				w.Open++
				ended = min(ended, until)
			}
			if w.First == 0 || began < w.First {
				w.First = began
			}
			w.Last = max(w.Last, ended)
		}
		for user := range came {
			w.Users++
			w.Total += watched(want, user, from, until, now)
		}
		if got := s.Watch(users); got.Total != w.Total || got.Visits != w.Visits || got.Users != w.Users || got.Open != w.Open ||
			got.Inferred != w.Inferred || got.Anomalies != w.Anomalies || got.First != w.First || got.Last != w.Last {
			t.Fatalf("%+v, want\n%+v", got, w)
		}
	})
}
