// Package chatlog reads chat logs: one JSON object a line, in order of time.
//
//	{"ts":1484050199000,"type":"message","user":"u_15fd","text":"hello"}
//	{"ts":1484050202000,"type":"gift","user":"u_9b3d","gift":"rose","count":3}
//	{"ts":1484050203000,"type":"mute","user":"u_15fd","seconds":60}
//
// Every line has "ts" (milliseconds), "type" and "user"; a message has "text", and
// the other types have fields of their own.
package chatlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The types that a replay knows what to do with. Every other type is skipped.
const (
	TypeMessage   = "message"
	TypeGift      = "gift"
	TypeSubscribe = "subscribe"
	TypeRaid      = "raid"
	TypeMute      = "mute"
)

// LongestMute is the longest that a mute may last, but for good.
const LongestMute = 10 * 365 * 24 * time.Hour

// Latest is the greatest time an entry may have, in milliseconds: the end of the
// year 9999.
const Latest = 253402300799999

// Entry is one line of a log.
type Entry struct {
	// Line is its number in the log, from 1.
	Line int
	// Millis is its time in milliseconds: Unix time, or since some start.
	Millis int64
	// Type says what happened.
	Type string
	// User is who did it.
	User string
	// Text is what a message says; other types may have one too.
	Text string
	// Details is a JSON object of what else the line says of a gift, subscribe or
	// raid. Nil for any other type.
	Details []byte
	// Length is how long a mute lasts; 0: for good. Zero for any other type.
	Length time.Duration
}

// line is what Parse reads of every entry. Pointers tell absent from zero.
type line struct {
	Millis *int64 `json:"ts"`
	Type   string `json:"type"`
	User   string `json:"user"`
	Text   string `json:"text"`
}

// Parse reads one line. Its Line is 0.
func Parse(data []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return Entry{}, plain(err)
	}
	if err := l.check(); err != nil {
		return Entry{}, err
	}
	entry := Entry{Millis: *l.Millis, Type: l.Type, User: l.User, Text: l.Text}
	var err error
	switch {
	case hasDetails(l.Type):
		entry.Details, err = details(data)
	case l.Type == TypeMute:
		entry.Length, err = muteLength(data)
	}
	if err != nil {
		return Entry{}, err
	}
	return entry, nil
}

// muteLength reads for how long a mute is: its "seconds", or for good without them.
func muteLength(data []byte) (time.Duration, error) {
	var mute struct {
		Seconds *float64 `json:"seconds"`
	}
	if err := json.Unmarshal(data, &mute); err != nil {
		return 0, plain(err)
	}
	if mute.Seconds == nil {
		return 0, nil
	}
	seconds := *mute.Seconds
	if seconds <= 0 || seconds > LongestMute.Seconds() {
		return 0, fmt.Errorf(`"seconds" is %g: not more than 0, or more than 10 years`, seconds)
	}
	return max(time.Duration(seconds*float64(time.Second)), 1), nil
}

// check says what the line lacks.
func (l line) check() error {
	switch {
	case l.Millis == nil:
		return errors.New(`no "ts"`)
	case *l.Millis < 0 || *l.Millis > Latest:
		return fmt.Errorf(`"ts" is %d: not between 0 and %d milliseconds`, *l.Millis, int64(Latest))
	case l.Type == "":
		return errors.New(`no "type"`)
	case l.User == "":
		return errors.New(`no "user"`)
	}
	return nil
}

// hasDetails says whether entries of the type carry more than a text.
func hasDetails(kind string) bool {
	return kind == TypeGift || kind == TypeSubscribe || kind == TypeRaid
}

// details is the line as a compact object, in order of key, without what every
// message carries in fields of its own.
func details(data []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, plain(err)
	}
	for _, key := range []string{"ts", "user", "text"} {
		delete(fields, key)
	}
	return json.Marshal(fields)
}

// plain is a decoding error in words for people who edit logs.
func plain(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: %w", err)
	case errors.As(err, &wrong) && wrong.Field == "":
		return errors.New("not a JSON object")
	case errors.As(err, &wrong):
		return fmt.Errorf("%q is %s, not %s", wrong.Field, kindOf(wrong.Value), kindOf(wrong.Type.Kind().String()))
	}
	return err
}

// kindOf is what JSON and Go call a kind of value, for people.
func kindOf(name string) string {
	switch {
	case name == "float64":
		return "a number"
	case name == "int64":
		return "a whole number"
	case name == "bool":
		return "true or false"
	case name == "object", name == "array":
		return "an " + name
	case strings.HasPrefix(name, "number "): // with its digits
		return strings.TrimPrefix(name, "number ")
	}
	return "a " + name
}

// blank says whether a line holds nothing at all.
func blank(data []byte) bool { return len(bytes.TrimSpace(data)) == 0 }
