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

// run parses, does what is asked for and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	asked, code, done := parse(args, stdout, stderr)
	if done {
		return code
	}
	switch asked.command {
	case "config check":
		for _, warning := range asked.settings.Warnings() {
			_, _ = fmt.Fprintln(stderr, "ovation: warning:", warning)
		}
		_, _ = fmt.Fprintln(stdout, "The configuration is sound.")
		return exitOK
	case "config print":
		if err := asked.settings.Print(stdout); err != nil {
			_, _ = fmt.Fprintln(stderr, "ovation:", err)
			return exitFailed
		}
		return exitOK
	case "migrate":
		return migrate(asked, stdout, stderr)
	default:
		return serveUntilStopped(asked, stdout, stderr)
	}
}

// serveUntilStopped serves and returns the exit code.
func serveUntilStopped(asked request, stdout, stderr io.Writer) int {
	logger := newLogger(asked.config, stderr)
	for _, warning := range asked.settings.Warnings() {
		logger.Warn("configuration", "warning", warning)
	}
	ctx, force := signals()
	a, err := app.New(ctx, asked.config, logger)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "ovation:", err)
		return exitFailed
	}
	defer reloadOnHangup(ctx, a)()
	_, _ = io.WriteString(stdout, a.Banner())
	if err := a.Run(ctx, force); err != nil {
		_, _ = fmt.Fprintln(stderr, "ovation:", err)
		return exitFailed
	}
	logger.Info("stopped")
	return exitOK
}

// migrate makes the tables in Postgres and returns the exit code.
func migrate(asked request, stdout, stderr io.Writer) int {
	if asked.config.PostgresURL == "" {
		_, _ = fmt.Fprintln(stderr, "ovation: there is nothing to migrate: set --postgres-url (or OVATION_POSTGRES_URL)")
		return exitUsage
	}
	ctx, _ := signals()
	said, err := app.Migrate(ctx, asked.config, newLogger(asked.config, stderr))
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "ovation:", err)
		return exitFailed
	}
	_, _ = fmt.Fprintln(stdout, said)
	return exitOK
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

// reloadOnHangup lets the app reload on SIGHUP, until what it returns is called.
func reloadOnHangup(ctx context.Context, a *app.App) (stop func()) {
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGHUP)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-received:
				a.Reload(ctx)
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(received)
		close(over)
		<-ended
	}
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
