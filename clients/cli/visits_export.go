package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

type visitsExportCommand struct {
	visitsListCommand
	Out        string `help:"The file to write; standard output otherwise." short:"o" placeholder:"FILE"`
	NoProgress bool   `help:"Show no progress."`
}

func (*visitsExportCommand) Help() string {
	return `Writes one line a visit, by the time they began, with a header. Instants are in RFC 3339, UTC, to the microsecond; an empty one is not known, or not yet; lengths are in seconds. With --json it is one object a line, as "visits list --json" prints them: instants are in microseconds since 1970, 0 for one that is not known, or not yet. A file is there when all of it is written, and not before; a pipe or a device is written to at once.

Examples:
  ovation visits export --room demo -o demo.csv
  ovation visits export --of ann --since 30d > ann.csv
  ovation visits export --room demo --json -o demo.jsonl`
}

// Run writes the visits.
func (c *visitsExportCommand) Run(ctx context.Context, app *app) error {
	request, err := c.request()
	if err != nil {
		return err
	}
	var written atomic.Int64
	stop := c.showProgress(ctx, app, &written)
	export := exportTable
	if app.JSON {
		export = exportLines
	}
	err = c.to(app.stdout, func(out io.Writer) error { return export(ctx, app, request, out, &written) })
	stop()
	return err
}

// to hands write where to write to.
func (c *visitsExportCommand) to(stdout io.Writer, write func(io.Writer) error) error {
	if c.Out == "" || c.Out == "-" {
		return write(stdout)
	}
	return writeTo(c.Out, stdout, write)
}

// exportHeader names the columns.
var exportHeader = []string{
	"room_id", "user_id", "session_id", "version", "entered_at", "exited_at", "length_seconds", "inferred", "anomaly",
}

// exportLines writes the visits that a request asks for as JSON, an object a line.
func exportLines(ctx context.Context, app *app, request *ovationv1.ListVisitsRequest, out io.Writer, written *atomic.Int64) error {
	lines := bufio.NewWriter(out)
	if err := eachVisit(ctx, app, request, func(v *ovationv1.Visit) error {
		written.Add(1)
		return writeProto(lines, v)
	}); err != nil {
		return err
	}
	return lines.Flush()
}

// exportTable writes the visits that a request asks for as CSV.
func exportTable(ctx context.Context, app *app, request *ovationv1.ListVisitsRequest, out io.Writer, written *atomic.Int64) error {
	table := csv.NewWriter(out)
	if err := table.Write(exportHeader); err != nil {
		return err
	}
	if err := eachVisit(ctx, app, request, func(v *ovationv1.Visit) error {
		written.Add(1)
		return table.Write(exportRow(v))
	}); err != nil {
		return err
	}
	table.Flush()
	return table.Error()
}

// exportRow is a visit as a line of the table.
func exportRow(v *ovationv1.Visit) []string {
	anomaly := ""
	if v.GetAnomaly() != ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED {
		anomaly = short(v.GetAnomaly(), "VISIT_ANOMALY_")
	}
	return []string{
		v.GetRoomId(), v.GetUserId(), v.GetSessionId(), strconv.FormatInt(v.GetVersion(), 10),
		instant(v.GetEnteredAt()), instant(v.GetExitedAt()),
		strconv.FormatFloat(v.GetLength().AsDuration().Seconds(), 'f', 6, 64), strconv.FormatBool(v.GetInferred()), anomaly,
	}
}

// instant is an instant of Unix microseconds for programs; 0 is empty.
func instant(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.000000Z")
}

// showProgress shows how much is written until the returned function is called. How much
// there is to write is known where all visits to one room are.
func (c *visitsExportCommand) showProgress(ctx context.Context, app *app, written *atomic.Int64) func() {
	if c.NoProgress {
		return func() {}
	}
	var total int64
	if c.Room != "" && c.Of == "" && c.Since == nil && c.Until == nil && !c.OnlyAnomalies && !c.OnlyOpen {
		got, err := callAudience(ctx, app, audienceService.GetAttendance, &ovationv1.GetAttendanceRequest{RoomId: c.Room})
		if err == nil {
			total = got.GetAttendance().GetVisits()
		}
	}
	return progress.Start(app.stderr, isTerminal(app.stderr), func() progress.Status {
		return progress.Status{Done: written.Load(), Total: total, Text: figures.Plural(written.Load(), "visit") + " written"}
	})
}
