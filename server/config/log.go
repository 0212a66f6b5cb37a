package config

import (
	"fmt"
	"log/slog"
	"strings"
)

// Log is what is logged, and how.
type Log struct {
	LogLevel  Level  `default:"info" placeholder:"LEVEL" help:"debug, info, warn or error (default ${default})."`
	LogFormat string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"text or json (default ${default})."`
}

// Level is how grave a record must be to be logged.
type Level slog.Level

// Level is the same for slog.
func (l Level) Level() slog.Level { return slog.Level(l) }

// MarshalText writes what UnmarshalText reads.
func (l Level) MarshalText() ([]byte, error) {
	return []byte(strings.ToLower(l.Level().String())), nil
}

// UnmarshalText reads debug, info, warn or error, in letters of any case.
func (l *Level) UnmarshalText(text []byte) error {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(level.String(), string(text)) {
			*l = Level(level)
			return nil
		}
	}
	return fmt.Errorf("%q is not debug, info, warn or error", text)
}
