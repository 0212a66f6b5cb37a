// Command server is the Ovation server: `go run ./server` serves.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/internal/version"
	"github.com/ovation-live/ovation/server/app"
	"github.com/ovation-live/ovation/server/config"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run parses, serves and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	c, code, done := parse(args, stdout, stderr)
	if done {
		return code
	}
	logger := newLogger(c, stderr)
	ctx, force := signals()
	a, err := app.New(ctx, c, logger)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "ovation:", err)
		return exitFailed
	}
	_, _ = io.WriteString(stdout, a.Banner())
	if err := a.Run(ctx, force); err != nil {
		_, _ = fmt.Fprintln(stderr, "ovation:", err)
		return exitFailed
	}
	logger.Info("stopped")
	return exitOK
}

// parse reads flags and environment. With done there is nothing to run.
func parse(args []string, stdout, stderr io.Writer) (c config.Config, code int, done bool) {
	command := struct {
		config.Config `embed:""`

		Version kong.VersionFlag `env:"-" help:"Print the version."`
	}{}
	parser, err := kong.New(&command,
		kong.Name("server"),
		kong.Description("Ovation: a live-room server. Started without flags it serves a demo room on localhost."+
			" Every flag can be set in the environment too: --log-level as OVATION_LOG_LEVEL."),
		kong.Vars{"version": version.Of().String()},
		kong.DefaultEnvars("OVATION"),
		kong.UsageOnError(),
		kong.Writers(stdout, stderr),
		kong.Exit(func(status int) { code, done = status, true }))
	if err != nil {
		panic(err) // the struct's tags are wrong
	}
	_, err = parser.Parse(args)
	c = command.Config
	if done { // --help, --version
		return c, code, true
	}
	if err == nil {
		err = c.Validate()
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "ovation: %v\nTry --help.\n", err)
		return c, exitUsage, true
	}
	return c, exitOK, false
}

// newLogger logs as the configuration says.
func newLogger(c config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		options.ReplaceAttr = readable
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// readable writes a length of time as 1.5s: in JSON it would be a number of nobody knows
// what.
func readable(_ []string, attribute slog.Attr) slog.Attr {
	if attribute.Value.Kind() == slog.KindDuration {
		attribute.Value = slog.StringValue(attribute.Value.Duration().String())
	}
	return attribute
}

// errForced is what a second signal ends the server with.
var errForced = errors.New("stopped by a second signal before the drain was over")

// signals returns a context that ends with the first SIGINT or SIGTERM, and one that
// ends with the second.
func signals() (first, second context.Context) {
	received := make(chan os.Signal, 2)
	signal.Notify(received, os.Interrupt, syscall.SIGTERM)
	first, drain := context.WithCancel(context.Background())
	second, force := context.WithCancelCause(context.Background())
	go func() {
		<-received
		drain()
		<-received
		force(errForced)
	}()
	return first, second
}
