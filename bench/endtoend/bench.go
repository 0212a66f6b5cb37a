//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// modules says where the source of each server is, from this module.
var modules = map[string]string{
	"ovation":    "../server",
	"connect-go": "connectgo",
	"grpc-go":    "grpcgo",
	"centrifuge": "centrifuge",
}

// bench is one run.
type bench struct {
	flags    flags
	binaries map[string]string
	tokens   *tokens
	log      *syncedLog // what servers log
	report   *report
}

// run measures and prints what came out, as far as it came.
func run(ctx context.Context, f flags) error {
	results, err := measure(ctx, f)
	return errors.Join(err, results.print(os.Stdout, f.JSON))
}

// measure builds the servers and measures them.
func measure(ctx context.Context, f flags) (r *report, err error) {
	dir, err := os.MkdirTemp("", "ovation-bench-")
	if err != nil {
		return new(report), err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := prepare(ctx, f, dir)
	if err != nil {
		return new(report), err
	}
	for _, s := range scenarios {
		if !chosen(f.Scenario, s.name) {
			continue
		}
		b.say("scenario %s", s.name)
		if err := s.run(ctx, b); err != nil {
			return b.report, b.explain(s.name, err)
		}
	}
	return b.report, nil
}

// prepare builds the servers into dir, and mints tokens.
func prepare(ctx context.Context, f flags, dir string) (*bench, error) {
	b := &bench{flags: f, binaries: make(map[string]string), tokens: new(tokens), report: new(report), log: new(syncedLog)}
	if err := b.build(ctx, dir); err != nil {
		return nil, err
	}
	return b, b.tokens.mint(ctx, slices.Max(slices.Concat(f.Viewers, f.MessageViewers, []int{f.Connections, f.Senders})))
}

// explain adds to an error where it arose, and what servers logged by then.
func (b *bench) explain(scenario string, err error) error {
	err = fmt.Errorf("scenario %s: %w", scenario, err)
	if text := b.log.String(); text != "" {
		err = fmt.Errorf("%w\nthe servers logged:\n%s", err, text)
	}
	return err
}

// syncedLog is what servers log, several at once.
type syncedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *syncedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// String returns all of it.
func (l *syncedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// chosen says whether a name is among those asked for; all are if none is.
func chosen(asked []string, name string) bool { return len(asked) == 0 || slices.Contains(asked, name) }

// moduleRoot returns where this module's source is.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/ovation-live/ovation/bench").Output()
	if err != nil {
		return "", fmt.Errorf("run it in the folder bench of the repository: %w", err)
	}
	return string(bytes.TrimSpace(out)), nil
}

// build builds the servers that are measured. Ovation's is always among them: its frames
// are the measure of the others'.
func (b *bench) build(ctx context.Context, dir string) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	for server, module := range modules {
		switch {
		case server == "ovation" && b.flags.Ovation != "":
			b.binaries[server] = b.flags.Ovation
			continue
		case server != "ovation" && !chosen(b.flags.Server, server):
			continue
		}
		b.say("building %s", server)
		path := filepath.Join(dir, server)
		build := exec.CommandContext(ctx, "go", "build", "-o", path, ".") //nolint:gosec // our own
		build.Dir = filepath.Join(root, module)
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("building %s: %w\n%s", server, err, out)
		}
		b.binaries[server] = path
	}
	return nil
}

// say tells people how it goes on.
func (b *bench) say(format string, args ...any) {
	if !b.flags.Quiet {
		fmt.Fprintf(os.Stderr, "%s  "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, args...)...)
	}
}

// scenarios are what can be measured, in order.
var scenarios = []struct {
	name string
	run  func(ctx context.Context, b *bench) error
}{
	{"frames", frames},
	{"messages", messages},
	{"memory", memory},
	{"unary", unary},
	{"send", send},
	{"answers", answers},
	{"gifts", gifts},
	{"visits", visits},
	{"stores", stores},
}
