package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	"github.com/ovation-live/ovation/clients/cli/internal/progress"
	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	"github.com/ovation-live/ovation/live"
)

type doctorCommand struct {
	InternalURL []string      `name:"internal-url" sep:"none" placeholder:"URL" help:"Internal address of a node, for its build and limits; may be repeated."`
	RedisURL    []string      `name:"redis-url" sep:"none" env:"OVATION_REDIS_URL" placeholder:"URL" help:"A Redis to check, as the server takes it; may be repeated."`
	RedisPrefix string        `name:"redis-prefix" env:"OVATION_REDIS_PREFIX" default:"ovation:" placeholder:"PREFIX" help:"How the names of keys begin there."`
	PostgresURL []string      `name:"postgres-url" sep:"none" env:"OVATION_POSTGRES_URL" placeholder:"URL" help:"A Postgres to check, as the server takes it; may be repeated."`
	Conns       int           `name:"postgres-max-conns" env:"OVATION_POSTGRES_MAX_CONNS" default:"16" placeholder:"N" help:"Connections that each node opens to Postgres at most."`
	ExecMode    string        `name:"postgres-exec-mode" env:"OVATION_POSTGRES_EXEC_MODE" default:"cache_statement" enum:"cache_statement,exec,simple_protocol" placeholder:"MODE" help:"How nodes send statements to Postgres: cache_statement, exec or simple_protocol."`
	Nodes       int           `default:"3" placeholder:"N" help:"How many nodes there are to be."`
	CheckWithin time.Duration `name:"check-timeout" default:"5s" placeholder:"D" help:"How long one check may take."`
}

func (*doctorCommand) Help() string {
	return `Checks what a deployment is made of, and says what to change. It changes nothing itself. The server is checked if --server (or OVATION_SERVER) names it, or nothing else is named.

Exit code 1 if a check failed; warnings are for you to weigh.

Examples:
  ovation doctor --server https://live.example.com
  ovation doctor --redis-url redis://localhost:6379 --postgres-url postgres://ovation@localhost/ovation
  ovation doctor --internal-url http://node-1:9090 --internal-url http://node-2:9090 --json`
}

// Run checks, and fails if a check did.
func (c *doctorCommand) Run(ctx context.Context, kctx *kong.Context, app *app) error {
	if c.Nodes < 1 || c.Conns < 1 || c.CheckWithin <= 0 {
		return usageError{fmt.Errorf("--nodes, --postgres-max-conns and --check-timeout must be more than 0")}
	}
	parts, err := c.parts(kctx, app)
	if err != nil {
		return err
	}
	round := &round{app: app}
	stop := progress.Start(app.stderr, isTerminal(app.stderr), round.status)
	checkup.All(ctx, c.CheckWithin, parts, round.note)
	stop()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return round.print()
}

// parts are what there is to check.
func (c *doctorCommand) parts(kctx *kong.Context, app *app) ([]checkup.Part, error) {
	var parts []checkup.Part
	if namesServer(kctx) || len(c.InternalURL)+len(c.RedisURL)+len(c.PostgresURL) == 0 {
		parts = append(parts, checkup.Server(app.Server, func() (string, error) { return app.bearer(live.RoleBackend) },
			app.Token != nil || app.Secret != ""))
	}
	builds := new(checkup.Builds)
	for _, address := range c.InternalURL {
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		parts = append(parts, checkup.Internal(address, builds))
	}
	for _, address := range c.RedisURL {
		part, err := checkup.Redis(address, c.RedisPrefix)
		if err != nil {
			return nil, usageError{fmt.Errorf("--redis-url: %w", err)}
		}
		parts = append(parts, part)
	}
	for _, address := range c.PostgresURL {
		part, err := checkup.Postgres(address, checkup.Deployment{Nodes: c.Nodes, Conns: c.Conns, ExecMode: c.ExecMode})
		if err != nil {
			return nil, usageError{fmt.Errorf("--postgres-url: %w", err)}
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// namesServer says whether a server was named, rather than left to the default.
func namesServer(kctx *kong.Context) bool {
	for _, step := range kctx.Path {
		if step.Flag != nil && step.Flag.Name == "server" {
			return true
		}
	}
	return os.Getenv("OVATION_SERVER") != ""
}

// round is a round of checks. Findings may be noted while the status is read.
type round struct {
	app *app

	mu    sync.Mutex
	found []checkup.Finding
}

// note keeps a finding.
func (r *round) note(f checkup.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found = append(r.found, f)
}

// status is how the round is getting on. How many checks there will be depends on what they
// find.
func (r *round) status() progress.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := "checking"
	if n := len(r.found); n > 0 {
		text = fmt.Sprintf("%s, the latest %s of %s %s", figures.Plural(n, "check"), r.found[n-1].Check, r.found[n-1].Part, terminal.Escape(r.found[n-1].At))
	}
	return progress.Status{Text: text}
}

// print prints all findings, and a summary for people. It fails if a check did.
func (r *round) print() error {
	counts := make(map[checkup.Status]int)
	for _, f := range r.found {
		counts[f.Status]++
		if err := r.app.printFinding(f); err != nil {
			return err
		}
	}
	if !r.app.JSON {
		if err := r.app.print("\n%s: %d ok, %s, %d failed", figures.Plural(len(r.found), "check"),
			counts[checkup.OK], figures.Plural(counts[checkup.Warn], "warning"), counts[checkup.Fail]); err != nil {
			return err
		}
	}
	if counts[checkup.Fail] > 0 {
		return errReported
	}
	return nil
}

// printFinding prints one.
func (a *app) printFinding(f checkup.Finding) error {
	if a.JSON {
		return a.printJSON(f)
	}
	line := fmt.Sprintf("%-4s  %s %s  %s: %s", f.Status, f.Part, terminal.Escape(f.At), f.Check, terminal.Escape(f.Found))
	if f.Remedy != "" {
		line += "\n      -> " + terminal.Escape(f.Remedy)
	}
	return a.print("%s", line)
}
