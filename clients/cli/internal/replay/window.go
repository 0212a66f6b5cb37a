package replay

import (
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
)

// Window is the part of a log that is played.
type Window struct {
	// From is where it begins, counted in log time from the log's first entry.
	From time.Duration
	// Length is how much log time it spans; 0: to the end.
	Length time.Duration
	// Limit is how many entries it has at most; 0: all.
	Limit int
}

// place is where an entry is, seen from a window.
type place int

const (
	before place = iota
	within
	beyond
)

// cutter places the entries of one log, in order.
type cutter struct {
	window  Window
	started bool
	first   int64
	taken   int
}

// place says where the entry is. After beyond, nothing more comes.
func (c *cutter) place(entry chatlog.Entry) place {
	if !c.started {
		c.started, c.first = true, entry.Millis
	}
	at := entry.Millis - c.first // milliseconds: a Duration would not reach over all logs
	switch {
	case at < c.window.From.Milliseconds():
		return before
	case c.window.Length > 0 && at >= (c.window.From+c.window.Length).Milliseconds():
		return beyond
	case c.window.Limit > 0 && c.taken == c.window.Limit:
		return beyond
	}
	c.taken++
	return within
}
