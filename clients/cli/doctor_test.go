package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/internal/testkit"
)

// What is not as it should be is said, and only what fails is a failure.
func TestDoctor(t *testing.T) {
	t.Parallel()
	redis := services.NewRedis(t)
	stdout, stderr := doctor(t, exitOK, "--redis-url", redis.URL())
	has(t, stdout, "ok    redis "+redis.Addr()+"  reach: ", "warn  redis "+redis.Addr()+"  persistence: ", "\n      -> CONFIG SET appendonly yes", " ok, 1 warning, 0 failed\n")
	has(t, stderr, "checks, the latest pubsub of redis")
	if strings.Contains(stdout, "server http") {
		t.Errorf("a server that nobody named was checked:\n%s", stdout)
	}
	redis.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	stdout, _ = doctor(t, exitFailed, "--redis-url", redis.URL())
	has(t, stdout, "fail  redis", "allkeys-lru", "1 failed\n")
}

func TestDoctorForMachines(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := doctor(t, exitFailed, "--json", "--redis-url", "redis://u:hush@127.0.0.1:1", "--postgres-url", "postgres://u:hush@127.0.0.1:1/x?sslmode=disable",
		"--internal-url", "127.0.0.1:1", "--server", f.url)
	var parts []string
	for line := range strings.Lines(stdout) {
		var found checkup.Finding
		if err := json.Unmarshal([]byte(line), &found); err != nil || found.Check != "reach" || found.Status != checkup.Fail || found.Remedy == "" {
			t.Errorf("%v: %s", err, line)
		}
		parts = append(parts, found.Part)
	}
	if got := strings.Join(parts, " "); got != "server node redis postgres" {
		t.Errorf("checked %s", got)
	}
	if strings.Contains(stdout, "hush") {
		t.Error("a password is told")
	}
}

func TestDoctorMisused(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--redis-url: it is no URL like redis://localhost:6379": {"--redis-url", "localhost"},
		"--postgres-url: it is no URL like postgres://":         {"--postgres-url", "postgres://u:hush@host:port/x"},
		"must be more than 0":                                   {"--nodes", "0"},
	} {
		_, stderr := doctor(t, exitUsage, args...)
		has(t, stderr, want, "Try --help")
		if strings.Contains(stderr, "hush") {
			t.Errorf("a password is told: %s", stderr)
		}
	}
}

// doctor runs the command and checks the exit code.
func doctor(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err testkit.Output
	if got := run(t.Context(), append([]string{"doctor", "--check-timeout", "30s"}, args...), strings.NewReader(""), &out, &err); got != code {
		t.Errorf("%v: exit code %d, want %d\n%s%s", args, got, code, out.String(), err.String())
	}
	return out.String(), err.String()
}
