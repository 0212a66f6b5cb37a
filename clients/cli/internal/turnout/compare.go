package turnout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// micros is a duration in µs: it may be longer than a time.Duration.
func micros(d *durationpb.Duration) int64 { return d.GetSeconds()*1_000_000 + int64(d.GetNanos())/1000 }

// compare compares all that the server says with what follows from the events.
func (l *Load) compare(ctx context.Context, d *Direct, r *Report) error {
	r.parts("events taken in", int(r.Sent), len(l.aside), first(l.aside))
	for _, one := range []func(context.Context, *Direct, *Report) error{
		l.compareAside, l.compareVisits, l.compareSums, l.compareUsers, l.compareFigures, l.compareCurve,
	} {
		if err := one(ctx, d, r); err != nil {
			return err
		}
	}
	return nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// compareAside compares how many of the room's events were set aside: none is to be.
func (l *Load) compareAside(ctx context.Context, _ *Direct, r *Report) error {
	got, err := ask(ctx, l, audience.ListSetAsideVisits, &ovationv1.ListSetAsideVisitsRequest{RoomId: l.options.Room, PageSize: 1000})
	r.check("events set aside", len(got.GetSetAside()), 0)
	return err
}

// listed is a visit in the words of the list.
func listed(v *ovationv1.Visit) string {
	return fmt.Sprintf("%s/%s/%d from %d to %d inferred %t %v",
		v.GetUserId(), v.GetSessionId(), v.GetVersion(), v.GetEnteredAt(), v.GetExitedAt(), v.GetInferred(), v.GetAnomaly())
}

// compareVisits compares the list of visits, one by one, in its order.
func (l *Load) compareVisits(ctx context.Context, d *Direct, r *Report) error {
	i, differing, told := 0, 0, ""
	request := &ovationv1.ListVisitsRequest{RoomId: l.options.Room, PageSize: 5000}
	for {
		page, err := ask(ctx, l, audience.ListVisits, request)
		if err != nil {
			return err
		}
		for _, v := range page.GetVisits() {
			want := "none"
			if i < len(d.stays) {
				want = listed(d.stays[i].visit())
			}
			if got := listed(v); got != want {
				if differing++; told == "" {
					told = fmt.Sprintf("visit %d is %s, the log says %s", i, got, want)
				}
			}
			i++
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	if i < len(d.stays) {
		differing += len(d.stays) - i
		told = fmt.Sprintf("%s is missing", listed(d.stays[i].visit()))
	}
	r.parts("visits, one by one", len(d.stays), differing, told)
	return nil
}

// visit is the stay as a server lists it.
func (s stay) visit() *ovationv1.Visit {
	return &ovationv1.Visit{
		UserId: s.user, SessionId: s.session, Version: s.version, EnteredAt: s.entered, ExitedAt: s.left,
		Inferred: s.inferred, Anomaly: s.anomaly(),
	}
}

// compareSums compares the room's watch time. While visits are open it is that of an instant
// which the answer names.
func (l *Load) compareSums(ctx context.Context, d *Direct, r *Report) error {
	got, err := ask(ctx, l, audience.GetWatchTime, &ovationv1.GetWatchTimeRequest{RoomId: l.options.Room})
	if err != nil {
		return err
	}
	w := got.GetWatchTime()
	days, err := l.byDay(ctx, w.GetFirstEnteredAt(), w.GetLastExitedAt())
	if err != nil {
		return err
	}
	want := d.Sums(w.GetLastExitedAt())
	r.check("visits", w.GetVisits(), want.Visits)
	r.check("users", w.GetUsers(), want.Users)
	r.check("open", w.GetOpen(), want.Open)
	r.check("inferred", w.GetInferred(), want.Inferred)
	r.check("anomalies", w.GetAnomalies(), want.Anomalies)
	r.check("first entered at", w.GetFirstEnteredAt(), want.First)
	r.check("last exited at", w.GetLastExitedAt(), want.Last)
	r.check("watch time, µs", micros(w.GetTotal()), d.Total(w.GetLastExitedAt()))
	r.check("watch time of all days, µs", days, d.Total(w.GetLastExitedAt()))
	return nil
}

// daysAtOnce is the longest span, in µs, that watch time is told of by day.
const daysAtOnce = 366 * 24 * 60 * minute

// byDay returns the room's watch time between two instants as its days add up to, asked for
// in pieces.
func (l *Load) byDay(ctx context.Context, from, until int64) (total int64, err error) {
	for ; from < until; from += daysAtOnce {
		got, err := ask(ctx, l, audience.GetWatchTime, &ovationv1.GetWatchTimeRequest{
			RoomId: l.options.Room, ByDay: true, FromAt: from, UntilAt: min(from+daysAtOnce, until),
		})
		if err != nil {
			return 0, err
		}
		for _, day := range got.GetWatchTime().GetDays() {
			total += micros(day.GetWatchTime())
		}
	}
	return total, nil
}

// compareUsers compares the watch time of every user.
func (l *Load) compareUsers(ctx context.Context, d *Direct, r *Report) error {
	var mu sync.Mutex
	differing, told := 0, ""
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(l.options.Reporters)
	for _, user := range slices.Sorted(maps.Keys(d.users)) {
		group.Go(func() error {
			got, err := ask(ctx, l, audience.GetWatchTime, &ovationv1.GetWatchTimeRequest{RoomId: l.options.Room, UserId: user})
			if err != nil {
				return err
			}
			l.checked.Add(1)
			w := got.GetWatchTime()
			want := watched(d.users[user], w.GetLastExitedAt())
			mu.Lock()
			defer mu.Unlock()
			if micros(w.GetTotal()) != want || w.GetVisits() != int64(len(d.users[user])) {
				if differing++; told == "" {
					told = fmt.Sprintf("%s has %d µs in %d visits, the log says %d in %d",
						user, micros(w.GetTotal()), w.GetVisits(), want, len(d.users[user]))
				}
			}
			return nil
		})
	}
	err := group.Wait()
	r.parts("watch time of each user", len(d.users), differing, told)
	return err
}

// compareFigures compares the room's figures but for the curve. While visits are open they
// are those of an instant between two that are known: the one at which the watch time is
// theirs.
func (l *Load) compareFigures(ctx context.Context, d *Direct, r *Report) error {
	before, err := l.clock(ctx)
	if err != nil {
		return err
	}
	got, err := ask(ctx, l, audience.GetAttendance, &ovationv1.GetAttendanceRequest{RoomId: l.options.Room, WithRetention: true})
	if err != nil {
		return err
	}
	after, err := l.clock(ctx)
	if err != nil {
		return err
	}
	a, span := got.GetAttendance(), int(after-before+1)
	total := micros(a.GetWatchTime())
	at := before + int64(sort.Search(span, func(i int) bool { return d.Total(before+int64(i)) >= total }))
	sums := d.Sums(at)
	_, peak, peakAt := d.Curve(at)
	r.check("unique users", a.GetUniqueUsers(), sums.Users)
	r.check("visits of the attendance", a.GetVisits(), sums.Visits)
	r.check("peak", a.GetPeak(), peak)
	r.check("peak at", a.GetPeakAt(), peakAt)
	r.check("watch time of the attendance, µs", total, d.Total(at))
	r.check("average watch time, µs", micros(a.GetAverageWatchTime()), total/max(sums.Users, 1))
	want, differing, told := d.Retention(at), 0, ""
	for i := range max(len(want), len(a.GetRetention())) {
		var is, should int64
		if i < len(a.GetRetention()) {
			is = a.GetRetention()[i].GetUsers()
		}
		if i < len(want) {
			should = want[i]
		}
		if is != should {
			if differing++; told == "" {
				told = fmt.Sprintf("%d users watched for %d min, the log says %d", is, i, should)
			}
		}
	}
	r.parts("retention, by minute", len(want), differing, told)
	return nil
}

// clock is the instant that figures of open visits are of; of a room where none is open, of
// the last exit.
func (l *Load) clock(ctx context.Context) (int64, error) {
	got, err := ask(ctx, l, audience.GetWatchTime, &ovationv1.GetWatchTimeRequest{RoomId: l.options.Room})
	return got.GetWatchTime().GetLastExitedAt(), err
}

// window is how many minutes of a curve are asked for at a time.
const window = 7 * 24 * 60

// compareCurve compares every minute from the first visit to the last told instant.
func (l *Load) compareCurve(ctx context.Context, d *Direct, r *Report) error {
	want, _, _ := d.Curve(l.log.Last)
	differing, told := 0, ""
	for part := range slices.Chunk(want, window) {
		last := part[len(part)-1].GetMinuteAt()
		got, err := ask(ctx, l, audience.GetAttendance, &ovationv1.GetAttendanceRequest{
			RoomId: l.options.Room, WithCurve: true, CurveFromAt: part[0].GetMinuteAt(), CurveUntilAt: last + 1,
		})
		if err != nil {
			return err
		}
		curve := got.GetAttendance().GetCurve()
		for i, m := range part {
			is := "missing"
			if i < len(curve) {
				is = minuteText(curve[i])
			}
			if is != minuteText(m) {
				if differing++; told == "" {
					told = fmt.Sprintf("%s, the log says %s", is, minuteText(m))
				}
			}
		}
	}
	r.parts("curve, by minute", len(want), differing, told)
	return nil
}

// minuteText is a minute in words.
func minuteText(m *ovationv1.AttendanceMinute) string {
	return fmt.Sprintf("minute %d: %d enters, %d exits, %d online, peak %d",
		m.GetMinuteAt(), m.GetEnters(), m.GetExits(), m.GetOnline(), m.GetPeak())
}
