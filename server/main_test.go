package main

import (
	"bytes"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/server/config"
)

// buildDir is where the binary under test is built.
var buildDir string

func TestMain(m *testing.M) {
	var err error
	if buildDir, err = os.MkdirTemp("", "ovation-server-"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(buildDir)
		os.Exit(code)
	}))
}

// No test in this file is parallel: the environment is everybody's.

//nolint:paralleltest // see above
func TestDefaults(t *testing.T) {
	asked, _, done := parse(nil, nil, nil)
	c := asked.config
	if done || c.Listen != "localhost:8080" || c.InternalListen != "localhost:9090" || !c.Development() ||
		c.Heartbeat != 20*time.Second || c.DrainTimeout != 30*time.Second || c.ReconnectAfter != time.Second ||
		c.ReconnectJitter != 15*time.Second || c.MaxRequestBytes != 1<<20 || !slices.Equal(c.CORSOrigins, []string{"*"}) ||
		c.LogLevel.Level() != slog.LevelInfo || c.LogFormat != "text" {
		t.Errorf("%+v", c)
	}
}

func TestEveryFlagCanBeSetInTheEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"LISTEN": "127.0.0.1:1", "INTERNAL_LISTEN": "127.0.0.1:2", "AUTH_SECRET": "a secret of thirty-two bytes or more",
		"CORS_ORIGINS": "https://a.test,https://b.test", "HEARTBEAT": "5s", "MAX_REQUEST_BYTES": "2048",
		"DRAIN_TIMEOUT": "1s", "RECONNECT_AFTER": "2s", "RECONNECT_JITTER": "3s", "LOG_LEVEL": "debug", "LOG_FORMAT": "json",
	} {
		t.Setenv("OVATION_"+name, value)
	}
	asked, _, done := parse(nil, nil, nil)
	c := asked.config
	if done || c.Listen != "127.0.0.1:1" || c.InternalListen != "127.0.0.1:2" || c.Development() ||
		!slices.Equal(c.CORSOrigins, []string{"https://a.test", "https://b.test"}) || c.Heartbeat != 5*time.Second ||
		c.MaxRequestBytes != 2048 || c.DrainTimeout != time.Second || c.ReconnectAfter != 2*time.Second ||
		c.ReconnectJitter != 3*time.Second || c.LogLevel.Level() != slog.LevelDebug || c.LogFormat != "json" {
		t.Errorf("%+v", c)
	}
}

//nolint:paralleltest // see above
func TestJSONLogsSayTheirUnits(t *testing.T) {
	var out bytes.Buffer
	newLogger(config.Config{Log: config.Log{LogFormat: "json"}}, &out).Info("x", "after", 1500*time.Millisecond)
	if !strings.Contains(out.String(), `"after":"1.5s"`) {
		t.Errorf("logged %s", out.String())
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	t.Setenv("OVATION_LISTEN", "127.0.0.1:1")
	t.Setenv("OVATION_LOG_LEVEL", "debug")
	asked, _, done := parse([]string{"--listen", "127.0.0.1:2"}, nil, nil)
	c := asked.config
	if done || c.Listen != "127.0.0.1:2" || c.LogLevel.Level() != slog.LevelDebug {
		t.Errorf("%+v", c)
	}
}

func TestUsage(t *testing.T) {
	const secret = "a secret of thirty-two bytes or more"
	t.Setenv("OVATION_AUTH_SECRET", secret)
	for name, tt := range map[string]struct {
		args []string
		code int
		out  string // on the one or the other, whichever it is
	}{
		"help":             {[]string{"--help"}, exitOK, "$OVATION_AUTH_SECRET"},
		"an unknown flag":  {[]string{"--nope"}, exitUsage, "unknown flag --nope\nTry --help."},
		"an argument":      {[]string{"nope"}, exitUsage, "unexpected argument nope\nTry --help."},
		"a bad duration":   {[]string{"--heartbeat=soon"}, exitUsage, "--heartbeat: expected duration"},
		"serve":            {[]string{"serve", "--help"}, exitOK, "--drain-timeout"},
		"a bad level":      {[]string{"--log-level=loud"}, exitUsage, "ovation: --log-level: \"loud\" is not debug, info, warn or error\n"},
		"no origin":        {[]string{"--cors-origins=foo"}, exitUsage, "--cors-origins \"foo\" is neither * nor an origin"},
		"the version":      {[]string{"--version"}, exitOK, "ovation "},
		"a bad format":     {[]string{"--log-format=xml"}, exitUsage, "--log-format must be one of"},
		"a broken rule":    {[]string{"--heartbeat=1ms"}, exitUsage, "--heartbeat is 1ms, must be from 1s to 5m0s\nTry --help."},
		"two broken rules": {[]string{"--heartbeat=1ms", "--listen=x"}, exitUsage, "--listen \"x\" is not of the form HOST:PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d", code)
			}
			out, other := stderr.String(), stdout.String()
			if tt.code == exitOK {
				out, other = other, out
			}
			if !strings.Contains(out, tt.out) || other != "" {
				t.Errorf("said %q, and elsewhere %q", out, other)
			}
			if strings.Contains(out, secret) {
				t.Errorf("the secret is in %q", out)
			}
		})
	}
}
