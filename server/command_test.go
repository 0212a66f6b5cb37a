package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/config"
)

// settle writes a configuration file and returns its path.
func settle(t *testing.T, mode os.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ovation.yaml")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

//nolint:paralleltest // the environment is everybody's
func TestConfigCheck(t *testing.T) {
	t.Setenv("OVATION_HEARTBEAT", "soon")
	t.Setenv("OVATION_DRAIN_TIMEOUT", "2h")
	path := settle(t, 0o600, `
listen: nowhere
max-request-byte: 5
log_level: info
log-format: xml
log-level: 5
auth-secret: 12345678901234567890123456789012
reconnect-after: 20
cors-origins: https://a.test
reconnect-jitter: -1s
reconnect-jitter: 2s
max-request-bytes: 1.5
config: other.yaml
help: true
`)
	var stdout, stderr bytes.Buffer
	if code := run([]string{"config", "check", "--config", path}, &stdout, &stderr); code != exitUsage || stdout.Len() > 0 {
		t.Errorf("exit code %d, said %q", code, stdout.String())
	}
	for _, want := range []string{
		`:2: --listen "nowhere" is not of the form HOST:PORT`,
		`:3: there is no setting "max-request-byte", did you mean "max-request-bytes"?`,
		`:4: there is no setting "log_level", did you mean "log-level"?`,
		`:5: --log-format is "xml", must be one of text, json`,
		`:6: log-level is a number, want text (in quotes, if need be)`,
		`:7: auth-secret is a number, want text (in quotes, if need be)`,
		`:8: reconnect-after is a number, want a length of time like 20s`,
		`:9: cors-origins is text, want a list: [a, b]`,
		`:10: --reconnect-jitter is -1s, must be from 0s to 1h0m0s`,
		`:11: reconnect-jitter stands on line 10 too: keep one of them`,
		`:12: max-request-bytes is a number, want a whole number`,
		`:13: there is no setting "config"`,
		`:14: there is no setting "help"`,
		`OVATION_HEARTBEAT: --heartbeat: expected duration but got "soon"`,
		`OVATION_DRAIN_TIMEOUT: --drain-timeout is 2h0m0s, must be from 0s to 1h0m0s`,
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in\n%s", want, stderr.String())
		}
	}
	if got := lines(stderr.String()); got != 15+1 { // and --help
		t.Errorf("%d lines:\n%s", got, stderr.String())
	}
	if strings.Contains(stderr.String(), "1234567890") {
		t.Errorf("the secret is in\n%s", stderr.String())
	}
}

func TestConfigFilesThatAreNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: [":                               "ovation.yaml: yaml: line 1: ",
		"listen":                             "ovation.yaml:1: want settings like",
		"- listen":                           "ovation.yaml:1: want settings like",
		"a: 1\n---\n":                        "there is more after the end of the first document",
		"[a]: 1":                             "ovation.yaml:1: want the name of a setting",
		"listen:":                            "listen has no value: leave it out for the default",
		"listen: [a]":                        "listen is a list, want text",
		"listen: {}":                         "listen is a mapping, want text",
		"log-level: &a info\nlog-format: *a": "log-format is an alias, want text",
		`cors-origins: [""]`:                 "cors-origins has an element that is empty",
		`cors-origins: [1]`:                  "cors-origins has an element that is a number, want text",
	} {
		var stdout, stderr bytes.Buffer
		code := run([]string{"config", "check", "--config", settle(t, 0o600, text)}, &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: exit code %d, said %q", text, code, stderr.String())
		}
	}
	for _, path := range []string{"nowhere.yaml", t.TempDir()} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"--config", path}, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "--config ") {
			t.Errorf("%s: exit code %d, said %q", path, code, stderr.String())
		}
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "{}", `{"listen": "localhost:1"}`, "heartbeat: 5s", "drain-timeout: 0"} {
		var stdout, stderr bytes.Buffer
		code := run([]string{"config", "check", "--config", settle(t, 0o600, text)}, &stdout, &stderr)
		if code != exitOK || stdout.String() != "The configuration is sound.\n" || stderr.Len() > 0 {
			t.Errorf("%q: exit code %d, said %q", text, code, stderr.String())
		}
	}
}

func TestSecretsInFiles(t *testing.T) {
	t.Parallel()
	const secret = "a secret of thirty-two bytes or more"
	held := settle(t, 0o600, secret+"\n")
	asked, _, done := parse([]string{"--auth-secret-file", held}, nil, nil)
	if done || asked.config.Secret() != secret || asked.config.Development() {
		t.Errorf("%v, secret of %d bytes", done, len(asked.config.AuthSecret))
	}
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"both":    {[]string{"--auth-secret-file", held, "--auth-secret", secret}, "give one of them"},
		"absent":  {[]string{"--auth-secret-file", held + "x"}, "--auth-secret-file cannot be read"},
		"empty":   {[]string{"--auth-secret-file", settle(t, 0o600, " \n")}, "is empty"},
		"short":   {[]string{"--auth-secret-file", settle(t, 0o600, "short")}, "--auth-secret has 5 bytes"},
		"no key":  {[]string{"--tls-cert", held}, "--tls-cert is given without --tls-key"},
		"no cert": {[]string{"--tls-key", held}, "--tls-key is given without --tls-cert"},
		"no pair": {[]string{"--tls-key", held, "--tls-cert", held}, "--tls-cert and --tls-key cannot be used"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(append([]string{"config", "check"}, tt.args...), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), tt.says) || strings.Contains(stderr.String(), secret) {
			t.Errorf("%s: exit code %d, said %q", name, code, stderr.String())
		}
	}
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o640: 0, 0o644: 1} {
		asked, _, _ := parse([]string{"--config", settle(t, mode, "auth-secret: "+secret)}, nil, nil)
		if got := asked.settings.Warnings(); len(got) != want {
			t.Errorf("%v: %q", mode, got)
		}
	}
	asked, _, _ = parse([]string{"--config", settle(t, 0o644, "auth-secret-file: "+held)}, nil, nil)
	if got := asked.settings.Warnings(); len(got) > 0 || asked.config.Secret() != secret {
		t.Errorf("a name is no secret: %q", got)
	}
}

// sample are values of some settings, one for each place that they may come from.
var sample = []struct {
	name   string
	values [3]string
	file   string // how the first is written in a file
	get    func(config.Config) string
}{
	{"heartbeat", [3]string{"2s", "3s", "4s"}, "2s", func(c config.Config) string { return c.Heartbeat.String() }},
	{"max-request-bytes", [3]string{"2048", "2049", "2050"}, "0x800", func(c config.Config) string { return fmt.Sprint(c.MaxRequestBytes) }},
	{"listen", [3]string{"localhost:2", "localhost:3", "localhost:4"}, "localhost:2", func(c config.Config) string { return c.Listen }},
	{"cors-origins", [3]string{"https://a.test,https://b.test", "https://c.test", "*"}, "[https://a.test, https://b.test]", func(c config.Config) string { return strings.Join(c.CORSOrigins, ",") }},
	{"log-level", [3]string{"debug", "warn", "error"}, "DEBUG", func(c config.Config) string { return strings.ToLower(c.LogLevel.Level().String()) }},
	{"log-format", [3]string{"json", "text", "json"}, `"json"`, func(c config.Config) string { return c.LogFormat }},
}

// variable returns the name of a flag's environment variable.
func variable(name string) string {
	return "OVATION_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func TestKeyFilesAreChecked(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	none := filepath.Join(folder, "none.json")
	if err := os.WriteFile(none, []byte(`{"keys":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		none:                                "it has no key that tokens can be verified with",
		filepath.Join(folder, "absent.pem"): "no such file",
		folder:                              "is a directory",
	} {
		for _, args := range [][]string{{"config", "check"}, {"serve"}} {
			var stdout, stderr bytes.Buffer
			code := run(append(args, "--auth-jwks", path, "--listen", "127.0.0.1:0"), &stdout, &stderr)
			if code != exitUsage || !strings.Contains(stderr.String(), "--auth-jwks "+path+" cannot be used: ") ||
				!strings.Contains(stderr.String(), want) {
				t.Errorf("%v %s: exit code %d, said %q", args, path, code, stderr.String())
			}
		}
	}
}

// Of a file, the environment and flags, each wins over those before it; and what is
// printed is a file that says the same.
//
//nolint:paralleltest // the environment is everybody's
func TestPrecedence(t *testing.T) {
	defaults := config.Default()
	for _, one := range sample {
		t.Setenv(variable(one.name), "") // to be put back
	}
	path := settle(t, 0o600, "")
	rapid.Check(t, func(rt *rapid.T) {
		args, file, want := []string{"--config=" + path}, "", map[string]string{}
		for _, one := range sample {
			from := rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(rt, one.name)
			want[one.name] = one.get(defaults)
			if from[0] {
				file += one.name + ": " + one.file + "\n"
				want[one.name] = one.values[0]
			}
			_ = os.Unsetenv(variable(one.name))
			if from[1] {
				_ = os.Setenv(variable(one.name), one.values[1]) //nolint:usetesting // put back above
				want[one.name] = one.values[1]
			}
			if from[2] {
				args = append(args, "--"+one.name+"="+one.values[2])
				want[one.name] = one.values[2]
			}
		}
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			rt.Fatal(err)
		}
		var printed, stderr bytes.Buffer
		asked, _, done := parse(args, nil, &stderr)
		if done {
			rt.Fatalf("%s", stderr.String())
		}
		for _, one := range sample {
			if got := one.get(asked.config); got != want[one.name] {
				rt.Errorf("%s is %s, want %s", one.name, got, want[one.name])
			}
			_ = os.Unsetenv(variable(one.name))
		}
		if err := asked.settings.Print(&printed); err != nil {
			rt.Fatal(err)
		}
		if err := os.WriteFile(path, printed.Bytes(), 0o600); err != nil {
			rt.Fatal(err)
		}
		again, _, done := parse([]string{"--config", path}, nil, &stderr)
		if done || !reflect.DeepEqual(again.config, asked.config) {
			rt.Errorf("%s%+v\nprinted\n%sand read as\n%+v", stderr.String(), asked.config, printed.String(), again.config)
		}
	})
}

//nolint:paralleltest // the environment is everybody's
func TestConfigPrintSaysWhereFrom(t *testing.T) {
	t.Setenv("OVATION_HEARTBEAT", "7s")
	t.Setenv("OVATION_AUTH_SECRET", "a secret of thirty-two bytes or more")
	path := settle(t, 0o600, "\nlog-format: json\nheartbeat: 8s\n")
	t.Setenv("OVATION_CONFIG", path)
	var stdout, stderr bytes.Buffer
	if code := run([]string{"config", "print", "--log-level=warn"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	for _, want := range []string{
		"# [OVATION_HEARTBEAT]\nheartbeat: 7s\n", "# [" + path + ":2]\nlog-format: json\n", "# [--log-level]\nlog-level: warn\n",
		"# [default]\nlisten: localhost:8080\n", "# [OVATION_AUTH_SECRET]\n# auth-secret: (hidden)\n",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is not in\n%s", want, stdout.String())
		}
	}
	if strings.Contains(stdout.String(), "thirty-two") {
		t.Errorf("the secret is in\n%s", stdout.String())
	}
}

// The file in the documentation is what is printed of a server that is told nothing.
//
//nolint:paralleltest // the environment is everybody's
func TestSampleFile(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"config", "print"}, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	testkit.GoldenIn(t, filepath.Join("..", "docs"), "ovation.yaml", stdout.String())
}

// row matches a flag's row in the documentation: its names, and its default.
var row = regexp.MustCompile("(?m)^\\| (`--[^|]*) \\| ([^|]*) \\|")

func TestEveryFlagIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "docs", "OPERATIONS.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, match := range row.FindAllStringSubmatch(string(text), -1) {
		names, values := strings.Split(match[1], ", "), strings.Split(match[2], ", ")
		if len(values) != len(names) {
			t.Errorf("%s: %d names and %d defaults", match[1], len(names), len(values))
			continue
		}
		for i, name := range names {
			documented[strings.Trim(name, "`")] = strings.Trim(values[i], "`")
		}
	}
	_, parser := newParser(new(config.Settings))
	for _, flag := range parser.Model.Flags {
		if flag.Name == "help" || flag.Name == "version" {
			continue
		}
		want := flag.Default
		if !flag.HasDefault {
			want = "none"
		}
		name := "--" + flag.Name
		if got, ok := documented[name]; !ok {
			t.Errorf("%s has no row in the table of settings", name)
		} else if got != want {
			t.Errorf("%s: the default is %q, documented is %q", name, want, got)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is documented, and there is none", name)
	}
}

// Tables are made in Postgres alone; a server needs both stores.
func TestMigrateNeedsPostgres(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"migrate"}, exitUsage, "set --postgres-url"},
		{[]string{"migrate", "--postgres-url", "mysql://a"}, exitUsage, "--postgres-url is no URL that begins with postgres://"},
		{[]string{"--postgres-url", "postgres://user:hunter2@127.0.0.1:1/none"}, exitUsage, "--postgres-url is given without --redis-url"},
		{[]string{"--redis-url", "redis://:hunter2@127.0.0.1:1"}, exitUsage, "--redis-url is given without --postgres-url"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(tt.args, &stdout, &stderr)
		if code != tt.code || !strings.Contains(stderr.String(), tt.want) || strings.Contains(stderr.String(), "hunter2") {
			t.Errorf("%q: exit code %d, said %q", tt.args, code, stderr.String())
		}
	}
}

// The help of migrate is about what matters to it.
func TestHelpOfMigrate(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if code := run([]string{"migrate", "--help"}, &stdout, &stderr); code != exitOK {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{"--postgres-url", "--postgres-migrate-url", "--postgres-exec-mode", "--config", "--log-level"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%s is not in\n%s", want, &stdout)
		}
	}
	for _, other := range []string{"--redis-url=", "--heartbeat", "--listen"} {
		if strings.Contains(stdout.String(), other) {
			t.Errorf("%s is in\n%s", other, &stdout)
		}
	}
	stdout.Reset()
	if run([]string{"--help"}, &stdout, &stderr); !strings.Contains(stdout.String(), "--heartbeat") {
		t.Errorf("the help of all is\n%s", &stdout)
	}
}
