// Package turnout reports the visits of a recorded log to a server, and shows that every
// figure that the server makes of them is the one that follows from the log. What follows it
// computes by itself, from the events alone, in the plainest way there is.
package turnout

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// Log is what a file says of who came and went.
type Log struct {
	Events []*ovationv1.VisitEvent // without a room, in the file's order
	Lines  int
	Other  int // lines about something else
	// Doubled counts enters of who was in already, and Missing leaves of who was not.
	Enters, Leaves, Doubled, Missing int
	First, Last                      int64 // µs
}

// line is one line of a file.
type line struct {
	Millis int64  `json:"ts"`
	Type   string `json:"type"`
	User   string `json:"user"`
}

// session is the one session that each user of a log has.
const session = "log"

// seat is how far a user's session is.
type seat struct {
	version int64 // of the latest enter
	inside  bool
}

// enter returns the version of an enter: who is inside enters again, and what they left is
// left open.
func (s *seat) enter() int64 {
	s.version += 2
	s.inside = true
	return s.version
}

// leave returns the version of an exit: who is outside has a visit without an enter.
func (s *seat) leave() int64 {
	if !s.inside {
		s.version += 2
	}
	s.inside = false
	return s.version + 1
}

// maxLine is the longest line that is read.
const maxLine = 1 << 20

// Read reads a log: JSON lines with "ts" in milliseconds, "type" and "user". Types other than
// "enter" and "leave" are passed over. The log has no sessions: each user has one, and its
// versions count on as the lines come.
func Read(source io.Reader) (*Log, error) {
	log, seats := &Log{}, make(map[string]*seat)
	scanner := bufio.NewScanner(source)
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	for scanner.Scan() {
		log.Lines++
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("line %d is no JSON object: %w", log.Lines, err)
		}
		if l.Type != "enter" && l.Type != "leave" {
			log.Other++
			continue
		}
		if l.User == "" || l.Millis <= 0 || l.Millis > 1<<50 {
			return nil, fmt.Errorf("line %d needs a user, and a ts in Unix milliseconds", log.Lines)
		}
		log.add(seats, l)
	}
	return log, scanner.Err()
}

// add adds an enter or a leave.
func (l *Log) add(seats map[string]*seat, one line) {
	s := seats[one.User]
	if s == nil {
		s = &seat{version: -1}
		seats[one.User] = s
	}
	var version int64
	if one.Type == "enter" {
		l.Enters++
		if s.inside {
			l.Doubled++
		}
		version = s.enter()
	} else {
		l.Leaves++
		if !s.inside {
			l.Missing++
		}
		version = s.leave()
	}
	at := one.Millis * 1000
	if len(l.Events) == 0 {
		l.First = at
	}
	l.First, l.Last = min(l.First, at), max(l.Last, at)
	l.Events = append(l.Events, &ovationv1.VisitEvent{UserId: one.User, SessionId: session, Version: version, At: at})
}

// Shift moves all instants.
func (l *Log) Shift(by int64) {
	for _, e := range l.Events {
		e.At += by
	}
	l.First += by
	l.Last += by
}
