//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// modules says where the source of each server is, from this module.
var modules = map[string]string{
	"ovation":    "../server",
	"connect-go": "connectgo",
}

// bench is one run.
type bench struct {
	flags    flags
	root     string // of this module
	binaries map[string]string
	tokens   *tokens
	log      io.Writer // what servers log
	report   *report
}

// run builds the servers, measures them and prints what came out.
func run(ctx context.Context, f flags) (err error) {
	b := &bench{flags: f, binaries: make(map[string]string), tokens: new(tokens), report: new(report)}
	var logged bytes.Buffer
	b.log = &logged
	defer func() {
		if err != nil && logged.Len() > 0 {
			err = fmt.Errorf("%w\nthe servers logged:\n%s", err, logged.String())
		}
	}()
	if b.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ovation-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := b.build(ctx, dir); err != nil {
		return err
	}
	if err := b.tokens.mint(ctx, slices.Max(f.Viewers)); err != nil {
		return err
	}
	for _, s := range scenarios {
		if !chosen(f.Scenario, s.name) {
			continue
		}
		if err := s.run(ctx, b); err != nil {
			return errors.Join(fmt.Errorf("scenario %s: %w", s.name, err), b.report.print(os.Stdout, f.JSON))
		}
	}
	return b.report.print(os.Stdout, f.JSON)
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

// build builds the servers that are measured.
func (b *bench) build(ctx context.Context, dir string) error {
	for server, module := range modules {
		if !chosen(b.flags.Server, server) && server != "ovation" {
			continue
		}
		if server == "ovation" && b.flags.Ovation != "" {
			b.binaries[server] = b.flags.Ovation
			continue
		}
		b.say("building %s", server)
		path := filepath.Join(dir, server)
		build := exec.CommandContext(ctx, "go", "build", "-o", path, ".") //nolint:gosec // our own
		build.Dir = filepath.Join(b.root, module)
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
}
