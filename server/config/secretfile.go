package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// withSecret returns the configuration with the secret that its file holds.
func (a Auth) withSecret() (Auth, error) {
	if a.AuthSecretFile == "" {
		return a, nil
	}
	if a.AuthSecret != "" {
		return a, errors.New("--auth-secret-file is given and --auth-secret too: give one of them")
	}
	text, err := os.ReadFile(a.AuthSecretFile)
	if err != nil {
		return a, fmt.Errorf("--auth-secret-file cannot be read: %w", err)
	}
	a.AuthSecret = Secret(strings.TrimSpace(string(text)))
	if a.AuthSecret == "" {
		return a, fmt.Errorf("--auth-secret-file %s is empty: try `openssl rand -hex 32 > %[1]s`", a.AuthSecretFile)
	}
	return a, nil
}
