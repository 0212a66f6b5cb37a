package chatlog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ovation-live/ovation/clients/cli/internal/chatlog"
	"github.com/ovation-live/ovation/internal/testkit"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line string
		want chatlog.Entry
	}{
		"message": {
			`{"ts":1484050199000,"type":"message","user":"ann","text":"7777","role":"moderator"}`,
			chatlog.Entry{Millis: 1484050199000, Type: "message", User: "ann", Text: "7777"},
		},
		"empty text": {
			`{"ts":0,"type":"message","user":"ann","text":""}`,
			chatlog.Entry{Type: "message", User: "ann"},
		},
		"gift": {
			`{"ts":5,"type":"gift","user":"ann","gift":"sub","count":1,"unit_value":4.99,"to":"bob"}`,
			chatlog.Entry{
				Millis: 5, Type: "gift", User: "ann",
				Details: []byte(`{"count":1,"gift":"sub","to":"bob","type":"gift","unit_value":4.99}`),
			},
		},
		"subscribe with a text": {
			`{"ts":5,"type":"subscribe","user":"ann","tier":1,"text":"hi"}`,
			chatlog.Entry{
				Millis: 5, Type: "subscribe", User: "ann", Text: "hi",
				Details: []byte(`{"tier":1,"type":"subscribe"}`),
			},
		},
		"unknown type": {
			`{"ts":5,"type":"enter","user":"ann","seconds":"many"}`,
			chatlog.Entry{Millis: 5, Type: "enter", User: "ann"},
		},
		"mute": {
			`{"ts":5,"type":"mute","user":"ann","seconds":25}`,
			chatlog.Entry{Millis: 5, Type: "mute", User: "ann", Length: 25 * time.Second},
		},
		"short mute": {
			`{"ts":5,"type":"mute","user":"ann","seconds":1e-300}`,
			chatlog.Entry{Millis: 5, Type: "mute", User: "ann", Length: 1},
		},
		"mute for good": {
			`{"ts":5,"type":"mute","user":"ann","seconds":null}`,
			chatlog.Entry{Millis: 5, Type: "mute", User: "ann"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chatlog.Parse([]byte(test.line))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Details) != string(test.want.Details) {
				t.Errorf("details %s, want %s", got.Details, test.want.Details)
			}
			got.Details, test.want.Details = nil, nil
			if got.Type != test.want.Type || got.User != test.want.User || got.Text != test.want.Text ||
				got.Millis != test.want.Millis || got.Length != test.want.Length {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`{`:                               "not JSON",
		`[1]`:                             "not a JSON object",
		`"text"`:                          "not a JSON object",
		`null`:                            `no "ts"`,
		`{"type":"message","user":"ann"}`: `no "ts"`,
		`{"ts":1,"user":"ann"}`:           `no "type"`,
		`{"ts":1,"type":"message"}`:       `no "user"`,
		`{"ts":-1,"type":"message","user":"ann"}`:         "not between",
		`{"ts":"1","type":"message","user":"ann"}`:        `"ts" is a string`,
		`{"ts":1.5,"type":"message","user":"ann"}`:        `"ts" is 1.5, not a whole number`,
		`{"ts":1,"type":"message","user":"a","text":{}}`:  `"text" is an object, not a string`,
		`{"ts":1,"type":"mute","user":"a","seconds":0}`:   `"seconds" is 0: not more than 0`,
		`{"ts":1,"type":"mute","user":"a","seconds":""}`:  `"seconds" is a string, not a number`,
		`{"ts":1,"type":"mute","user":"a","seconds":1e9}`: "more than 10 years",
	}
	for line, want := range tests {
		if _, err := chatlog.Parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

func TestReaderGoesOnAfterAMalformedLine(t *testing.T) {
	t.Parallel()
	long := `{"ts":3,"type":"message","user":"ann","text":"` + strings.Repeat("x", chatlog.MaxLine) + `"}`
	reader := chatlog.NewReader(strings.NewReader(strings.Join([]string{
		`{"ts":1,"type":"message","user":"ann","text":"one"}`,
		``,
		`broken`,
		long,
		`{"ts":4,"type":"message","user":"ann","text":"two"}`, // no newline at the end
	}, "\n")))
	var texts []string
	var malformed []int
	for {
		entry, err := reader.Next()
		var bad *chatlog.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			if got := strings.Join(texts, " "); got != "one two" {
				t.Errorf("texts %q", got)
			}
			if len(malformed) != 2 || malformed[0] != 3 || malformed[1] != 4 {
				t.Errorf("malformed lines %v, want [3 4]", malformed)
			}
			if reader.Lines() != 5 {
				t.Errorf("%d lines", reader.Lines())
			}
			return
		case errors.As(err, &bad):
			malformed = append(malformed, bad.Line)
		case err != nil:
			t.Fatal(err)
		default:
			texts = append(texts, entry.Text)
		}
	}
}

func TestReaderReportsItsSource(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken disk")
	reader := chatlog.NewReader(io.MultiReader(strings.NewReader("\n"), failing{broken}))
	if _, err := reader.Next(); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestRealLogs reads the logs that the tests are given, if any.
func TestRealLogs(t *testing.T) {
	t.Parallel()
	logs := map[string]int{
		"twitch-asiagodtone-113759702.jsonl": 47527,
		"twitch-arypie-1225373060.jsonl":     5395,
		"twitch-forsen-irc.jsonl":            1999,
		"irc-qtox-2016H2.jsonl":              42030,
	}
	for name, lines := range logs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(testkit.Recording(t, name))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			reader := chatlog.NewReader(file)
			last := int64(0)
			for {
				entry, err := reader.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if entry.Millis < last {
					t.Fatalf("line %d: time runs back", entry.Line)
				}
				last = entry.Millis
			}
			if reader.Lines() != lines {
				t.Errorf("%d lines, want %d", reader.Lines(), lines)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"ts":1,"type":"message","user":"ann","text":"\u0007"}`))
	f.Add([]byte(`{"ts":1,"type":"gift","user":"ann","count":1e999}`))
	f.Add([]byte(`{"ts":9223372036854775807,"type":"raid","user":"\xff"}`))
	f.Add([]byte(`{"TS":1,"Type":"raid","USER":"x","text":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entry, err := chatlog.Parse(data)
		if err != nil {
			return
		}
		if entry.Type == "" || entry.User == "" || entry.Millis < 0 || entry.Millis > chatlog.Latest {
			t.Errorf("%q: accepted as %+v", data, entry)
		}
		if entry.Length < 0 || entry.Length > chatlog.LongestMute || entry.Length > 0 && entry.Type != chatlog.TypeMute {
			t.Errorf("%q: lasts %v", data, entry.Length)
		}
		if entry.Details != nil && !json.Valid(entry.Details) {
			t.Errorf("%q: details are no JSON: %q", data, entry.Details)
		}
	})
}

// Whatever a log holds: every line is told of once, in order, and reading on ends.
func FuzzReader(f *testing.F) {
	f.Add([]byte("{\"ts\":1,\"type\":\"message\",\"user\":\"ann\",\"text\":\"a\"}\n\nbroken\n{}"))
	f.Add([]byte("\xff\xfe\n\r\n[]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := chatlog.NewReader(iotest.HalfReader(bytes.NewReader(data)))
		last := 0
		for {
			entry, err := reader.Next()
			var malformed *chatlog.MalformedError
			line := entry.Line
			switch {
			case errors.Is(err, io.EOF):
				lines := bytes.Count(data, []byte("\n"))
				if len(data) > 0 && data[len(data)-1] != '\n' {
					lines++
				}
				if reader.Lines() != lines {
					t.Errorf("%d lines, want %d", reader.Lines(), lines)
				}
				return
			case errors.As(err, &malformed):
				line = malformed.Line
			case err != nil:
				t.Fatal(err)
			}
			if line <= last {
				t.Fatalf("line %d after %d", line, last)
			}
			last = line
		}
	})
}
