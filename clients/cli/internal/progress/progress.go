// Package progress shows how a long piece of work is getting on: as a bar on a
// terminal, as plain lines anywhere else.
package progress

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// How often progress is shown.
const (
	barPeriod  = 200 * time.Millisecond
	linePeriod = 5 * time.Second
)

// Status is how the work is getting on.
type Status struct {
	// Done of Total is done, in any unit that grows evenly. A Total of 0: nobody
	// knows how much there is.
	Done, Total int64
	// Text says it in figures.
	Text string
}

// Start shows the status from time to time, until the returned function is called;
// that shows it a last time and must be called once.
func Start(out io.Writer, terminal bool, status func() Status) (stop func()) {
	display, period := display(newLines(out)), linePeriod
	if terminal {
		display, period = newBar(out), barPeriod
	}
	done := make(chan struct{})
	var loop sync.WaitGroup
	loop.Go(func() {
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				display.show(status())
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		loop.Wait()
		display.finish(status())
	}
}

// display is a way to show a status.
type display interface {
	show(Status)
	finish(Status)
}

// bar shows a bar, with percent and time left; a spinner where there is no total.
type bar struct {
	out   io.Writer
	bar   *progressbar.ProgressBar
	total int64
}

func newBar(out io.Writer) *bar { return &bar{out: out, total: -1} }

func (b *bar) show(status Status) {
	if b.bar == nil || status.Total != b.total {
		b.total = status.Total
		b.bar = b.make(status.Total)
	}
	b.bar.Describe(status.Text)
	_ = b.bar.Set64(min(status.Done, max(status.Total, 1))) // a bar that cannot be drawn is no failure
}

func (b *bar) make(total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionUseANSICodes(false),
	)
}

func (b *bar) finish(status Status) {
	b.show(status)
	_ = b.bar.Exit()
	_, _ = fmt.Fprintln(b.out)
}

// lines prints a line each time.
type lines struct {
	out     io.Writer
	started time.Time
}

func newLines(out io.Writer) *lines { return &lines{out: out, started: time.Now()} }

func (l *lines) show(status Status) {
	_, _ = fmt.Fprintln(l.out, Line(status, time.Since(l.started)))
}

func (l *lines) finish(status Status) { l.show(status) }

// Line is a status in one line, after so long: "42% 1,200 of 2,900, 3m0s left".
func Line(status Status, elapsed time.Duration) string {
	if status.Total <= 0 {
		return status.Text
	}
	part := min(float64(status.Done)/float64(status.Total), 1)
	line := fmt.Sprintf("%d%% %s", int(part*100), status.Text)
	if part <= 0 || part >= 1 {
		return line
	}
	left := time.Duration(float64(elapsed) * (1 - part) / part)
	return line + ", " + left.Round(time.Second).String() + " left"
}
