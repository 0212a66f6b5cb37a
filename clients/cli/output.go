package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
)

// printProto prints a message as one line of JSON, every field set.
func (a *app) printProto(message proto.Message) error { return writeProto(a.stdout, message) }

// writeProto writes a message as printProto prints it.
func writeProto(out io.Writer, message proto.Message) error {
	raw, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(message)
	if err != nil {
		return err
	}
	var compact bytes.Buffer // protojson varies its spaces on purpose
	if err := json.Compact(&compact, raw); err != nil {
		return err
	}
	return writeLine(out, compact.Bytes())
}

// printJSON prints a value as one line of JSON.
func (a *app) printJSON(value any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return writeLine(a.stdout, bytes.TrimSpace(line.Bytes()))
}

// printReport prints the outcome of a run.
func (a *app) printReport(report interface{ Text() string }) error {
	if a.JSON {
		return a.printJSON(report)
	}
	_, err := fmt.Fprint(a.stdout, report.Text())
	return err
}

// writeLine writes a line of JSON, safe for a terminal too.
func writeLine(out io.Writer, line []byte) error {
	_, err := fmt.Fprintf(out, "%s\n", terminal.EscapeJSON(line))
	return err
}

// print prints a line for people. The caller escapes what comes from strangers.
func (a *app) print(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format+"\n", args...)
	return err
}

// each calls do for all of the list, up to the first error.
func each[T any](list []T, do func(T) error) error {
	for _, item := range list {
		if err := do(item); err != nil {
			return err
		}
	}
	return nil
}

// clock is an instant of Unix microseconds for people.
func clock(micros int64) string {
	return time.UnixMicro(micros).Format("2006-01-02 15:04:05.000")
}

// short is an enum's name without its prefix, in lower case.
func short(name fmt.Stringer, prefix string) string {
	return strings.ToLower(strings.TrimPrefix(name.String(), prefix))
}
