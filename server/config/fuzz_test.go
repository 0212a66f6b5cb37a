package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/ovation-live/ovation/server/config"
)

// plain is a configuration without its methods: kong would call Validate.
type plain config.Config

// read reads a configuration file and nothing else.
func read(t *testing.T, path string) (config.Config, *config.Settings, error) {
	t.Helper()
	var parsed struct {
		Settings plain  `embed:""`
		File     string `name:"config"`
	}
	settings := new(config.Settings)
	parser, err := kong.New(&parsed, kong.DefaultEnvars("OVATION_NOT_SET"), kong.Resolvers(settings))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"--config", path}
	settings.Read(parser, args)
	if _, err := parser.Parse(args); err != nil {
		t.Fatalf("what the file holds is Complete's to refuse: %v", err)
	}
	c, err := settings.Complete(config.Config(parsed.Settings))
	return c, settings, err
}

// Whatever a file holds, it is refused or it is read; and what is read prints as a file
// that says the same, but for secrets.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"", "listen: localhost:1\n", "heartbeat: 5s\nmax-request-bytes: 0x1000", `{"cors-origins": ["https://a.test", "*"]}`,
		"log-level: WARN\nlog-format: json", "cors-origins: ['a,b', 'c\\']", "a: &a [*a]", "? [x]\n: y", "--- 1\n--- 2", "listen: !!binary aGk=",
		"auth-secret: a secret of thirty-two bytes or more\nlisten: 0.0.0.0:1", "drain-timeout: 0", "listen: ~", "<<: {listen: a}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("-file")) || bytes.Contains(data, []byte("tls-")) {
			t.Skip("names other files")
		}
		path := filepath.Join(t.TempDir(), "ovation.yaml")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, settings, err := read(t, path)
		if err != nil || c.AuthSecret != "" {
			return
		}
		var printed bytes.Buffer
		if err := settings.Print(&printed); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, printed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		again, _, err := read(t, path)
		if err != nil || !reflect.DeepEqual(again, c) {
			t.Errorf("%v: %+v\nprinted\n%s\nand read as\n%+v", err, c, printed.String(), again)
		}
	})
}
