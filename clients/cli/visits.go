package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/guptarohit/asciigraph"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
)

// visitsCommand is the commands about visits and watch time.
type visitsCommand struct {
	List       visitsListCommand       `cmd:"" help:"List visits to a room, or of a user."`
	WatchTime  visitsWatchTimeCommand  `cmd:"" help:"Say how long a user watched, or everyone in a room."`
	Attendance visitsAttendanceCommand `cmd:"" help:"Show a room's attendance: now, peak, unique, the curve by minute, retention."`
	Load       visitsLoadCommand       `cmd:"" help:"Report a recorded log of enters and leaves, and check every figure that comes of it."`
	Export     visitsExportCommand     `cmd:"" help:"Write visits as CSV, or JSON with --json."`
	SetAside   visitsSetAsideCommand   `cmd:"" help:"List events of visits that were not merged, and why."`
	Replay     visitsReplayCommand     `cmd:"" help:"Try to merge events again that were set aside."`
}

// audienceService is the client of the audience service, for short.
type audienceService = ovationv1connect.AudienceServiceClient

// callAudience makes one call of the audience service, as a backend.
func callAudience[Request, Response any](
	ctx context.Context, app *app,
	method func(audienceService, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	return callAs(ctx, app, live.RoleBackend, (*ovation.Client).Audience, method, request)
}

// visitFilter is the flags that say which visits.
type visitFilter struct {
	Room  string  `help:"Visits to this room." placeholder:"ID"`
	Of    string  `help:"Visits of this user." placeholder:"ID"`
	Since *string `help:"Only what lies at or after then: an instant, or how long ago." placeholder:"WHEN"`
	Until *string `help:"Only what lies before then." placeholder:"WHEN"`
}

// check checks the flags.
func (f *visitFilter) check() error {
	if f.Room == "" && f.Of == "" {
		return errors.New("give --room, or --of for a user, or both")
	}
	if f.Room == "" {
		return nil
	}
	return checkRoomID(f.Room)
}

// span returns the instants of the flags.
func (f *visitFilter) span() (since, until int64, err error) {
	if since, until, err = sinceUntil(f.Since, f.Until, time.Now()); err != nil {
		return 0, 0, usageError{err}
	}
	if until != 0 && until < since {
		return 0, 0, usageError{fmt.Errorf("--until %s is before --since %s", clock(until), clock(since))}
	}
	return since, until, nil
}

type visitsListCommand struct {
	visitFilter
	OnlyAnomalies bool `help:"Only visits with an anomaly."`
	OnlyOpen      bool `help:"Only visits that are open."`
}

func (*visitsListCommand) Help() string {
	return `Lists visits by the time they began. "~" marks an exit that nobody told of and that was inferred.

Examples:
  ovation visits list --room demo
  ovation visits list --of ann --since 7d --json
  ovation visits list --room demo --only-anomalies`
}

// Validate checks the flags.
func (c *visitsListCommand) Validate() error { return c.check() }

// Run lists.
func (c *visitsListCommand) Run(ctx context.Context, app *app) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	return eachVisit(ctx, app, request, func(v *ovationv1.Visit) error {
		if app.JSON {
			return app.printProto(v)
		}
		return app.print("%s", visitText(v))
	})
}

// request is what to ask for.
func (c *visitsListCommand) request() (*ovationv1.ListVisitsRequest, error) {
	since, until, err := c.span()
	return &ovationv1.ListVisitsRequest{
		RoomId: c.Room, UserId: c.Of, FromAt: since, UntilAt: until,
		OnlyAnomalies: c.OnlyAnomalies, OnlyOpen: c.OnlyOpen, PageSize: visitPage,
	}, err
}

// visitPage is how many visits are asked for at a time.
const visitPage = 5000

// eachVisit calls do for every visit that a request asks for.
func eachVisit(ctx context.Context, app *app, request *ovationv1.ListVisitsRequest, do func(*ovationv1.Visit) error) error {
	return pages(func(token string) (string, error) {
		request.PageToken = token
		page, err := callAudience(ctx, app, audienceService.ListVisits, request)
		if err != nil {
			return "", err
		}
		return page.GetNextPageToken(), each(page.GetVisits(), do)
	})
}

// visitText is a visit for people.
func visitText(v *ovationv1.Visit) string {
	from, to := "?                      ", "..."
	if v.GetEnteredAt() != 0 {
		from = clock(v.GetEnteredAt())
	}
	if v.GetExitedAt() != 0 {
		to = clock(v.GetExitedAt())
	}
	if v.GetInferred() {
		to = "~" + to
	}
	text := fmt.Sprintf("%s  %-24s %9s  %s/%s/%d in %s", from, to, spanText(v.GetLength()),
		terminal.Escape(v.GetUserId()), terminal.Escape(v.GetSessionId()), v.GetVersion(), v.GetRoomId())
	if v.GetAnomaly() != ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED {
		text += "  " + short(v.GetAnomaly(), "VISIT_ANOMALY_")
	}
	return text
}

// spanText is a length of time for people. It may be longer than a time.Duration.
func spanText(d *durationpb.Duration) string {
	const day = 24 * 60 * 60
	if s := d.GetSeconds(); s >= day {
		return fmt.Sprintf("%sd%02dh%02dm", figures.Count(s/day), s%day/3600, s%3600/60)
	}
	return d.AsDuration().Round(time.Millisecond).String()
}

type visitsWatchTimeCommand struct {
	visitFilter
	ByDay bool   `help:"By day too."`
	Zone  string `help:"Where a day begins and ends: an IANA time zone such as Asia/Shanghai." placeholder:"ZONE" default:"UTC"`
}

func (*visitsWatchTimeCommand) Help() string {
	return `Two devices at once do not count twice.

Examples:
  ovation visits watch-time --room demo
  ovation visits watch-time --room demo --of ann --since 7d --by-day --zone Europe/Berlin`
}

// Validate checks the flags.
func (c *visitsWatchTimeCommand) Validate() error { return c.check() }

// Run asks and prints.
func (c *visitsWatchTimeCommand) Run(ctx context.Context, app *app) error {
	since, until, err := c.span()
	if err != nil {
		return err
	}
	got, err := callAudience(ctx, app, audienceService.GetWatchTime, &ovationv1.GetWatchTimeRequest{
		RoomId: c.Room, UserId: c.Of, FromAt: since, UntilAt: until, ByDay: c.ByDay, TimeZone: c.Zone,
	})
	if err != nil {
		return err
	}
	w := got.GetWatchTime()
	if app.JSON {
		return app.printProto(w)
	}
	if err := app.print("%s watched in %s by %s (%s open, %s inferred, %s)", spanText(w.GetTotal()),
		figures.Plural(w.GetVisits(), "visit"), figures.Plural(w.GetUsers(), "user"), figures.Count(w.GetOpen()),
		figures.Count(w.GetInferred()), anomaliesText(w.GetAnomalies())); err != nil {
		return err
	}
	return each(w.GetDays(), func(d *ovationv1.DayWatchTime) error {
		return app.print("%s  %12s  %s", d.GetDate(), spanText(d.GetWatchTime()), figures.Plural(d.GetVisits(), "visit"))
	})
}

// anomaliesText is how many anomalies there are.
func anomaliesText(n int64) string {
	if n == 1 {
		return "1 anomaly"
	}
	return figures.Count(n) + " anomalies"
}

type visitsAttendanceCommand struct {
	Room      string  `arg:"" help:"The room's id."`
	Since     *string `help:"The curve from then on: an instant, or how long ago." placeholder:"WHEN"`
	Until     *string `help:"The curve until then: a minute that begins then is not in it." placeholder:"WHEN"`
	Retention bool    `help:"With retention: how many stayed how long."`
	Width     int     `help:"How wide the chart is." default:"72"`
	Height    int     `help:"How high the chart is." default:"12"`
}

func (*visitsAttendanceCommand) Help() string {
	return `The chart shows who was there at once, the most in each stretch of time. A curve has at most 7 days: choose them with --since and --until. Visits with no enter, or an exit before it, count for neither the chart nor retention.

Examples:
  ovation visits attendance demo
  ovation visits attendance demo --since 3h --retention
  ovation visits attendance demo --json | jq .curve`
}

// Validate checks the flags.
func (c *visitsAttendanceCommand) Validate() error {
	if c.Width < 10 || c.Width > 1000 || c.Height < 2 || c.Height > 200 {
		return errors.New("--width must be between 10 and 1000, --height between 2 and 200")
	}
	return checkRoomID(c.Room)
}

// Run asks and prints.
func (c *visitsAttendanceCommand) Run(ctx context.Context, app *app) error {
	filter := visitFilter{Since: c.Since, Until: c.Until}
	since, until, err := filter.span()
	if err != nil {
		return err
	}
	got, err := callAudience(ctx, app, audienceService.GetAttendance, &ovationv1.GetAttendanceRequest{
		RoomId: c.Room, WithCurve: true, WithRetention: c.Retention || app.JSON, CurveFromAt: since, CurveUntilAt: until,
	})
	if err != nil {
		return err
	}
	if app.JSON {
		return app.printProto(got.GetAttendance())
	}
	return c.print(app, got.GetAttendance())
}

// print prints the figures and the chart.
func (c *visitsAttendanceCommand) print(app *app, a *ovationv1.Attendance) error {
	peak := ""
	if a.GetPeakAt() != 0 {
		peak = " at " + clock(a.GetPeakAt())
	}
	if err := app.print("now %s (%s), peak %s%s, %s in %s\n%s watched, %s on average", figures.Plural(a.GetOnline().GetUsers(), "user"),
		figures.Plural(a.GetOnline().GetSessions(), "session"), figures.Count(a.GetPeak()), peak, figures.Plural(a.GetUniqueUsers(), "user"),
		figures.Plural(a.GetVisits(), "visit"), spanText(a.GetWatchTime()), spanText(a.GetAverageWatchTime())); err != nil {
		return err
	}
	if len(a.GetCurve()) > 0 {
		if err := app.print("\n%s", c.chart(a.GetCurve())); err != nil {
			return err
		}
	}
	return c.printRetention(app, a)
}

// chart draws a curve: of the minutes that one column stands for, the highest.
func (c *visitsAttendanceCommand) chart(curve []*ovationv1.AttendanceMinute) string {
	columns, peak := make([]float64, min(c.Width, len(curve))), int64(1)
	for i, m := range curve {
		at := i * len(columns) / len(curve)
		columns[at] = max(columns[at], float64(m.GetPeak()))
		peak = max(peak, m.GetPeak())
	}
	if len(columns) == 1 {
		columns = append(columns, columns[0]) // a line needs two points
	}
	caption := fmt.Sprintf("%s  to  %s", clock(curve[0].GetMinuteAt()), clock(curve[len(curve)-1].GetMinuteAt()+time.Minute.Microseconds()))
	return asciigraph.Plot(columns, asciigraph.Height(int(min(int64(c.Height), peak))), asciigraph.Width(c.Width), asciigraph.LowerBound(0),
		asciigraph.Precision(0), asciigraph.Caption(caption))
}

// milestones are the minutes that retention is printed of.
var milestones = []int{0, 1, 2, 5, 10, 15, 30, 45, 60, 90, 120, 180, 240, 360, 720, 1440}

// printRetention prints how many stayed how long.
func (c *visitsAttendanceCommand) printRetention(app *app, a *ovationv1.Attendance) error {
	if !c.Retention {
		return nil
	}
	switch {
	case len(a.GetRetention()) > 0:
	case a.GetVisits() == 0:
		return app.print("\nno retention: nobody has come")
	default:
		return app.print("\nno retention: no visit counts, see: ovation visits list --room %s --only-anomalies", c.Room)
	}
	if err := app.print("\nstayed for"); err != nil {
		return err
	}
	for _, m := range milestones {
		if m >= len(a.GetRetention()) {
			break
		}
		users := a.GetRetention()[m].GetUsers()
		if err := app.print("%5d min  %s (%.0f %%)", m, figures.Plural(users, "user"), 100*float64(users)/float64(max(a.GetUniqueUsers(), 1))); err != nil {
			return err
		}
	}
	return nil
}
