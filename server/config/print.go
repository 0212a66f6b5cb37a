package config

import (
	"bytes"
	"encoding"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// Print writes what the parser parsed as a configuration file: each setting below
// what it is for and where its value is from. As a file it sets the same again, but for
// secrets, which are not written.
func (s *Settings) Print(w io.Writer) error {
	var out bytes.Buffer
	out.WriteString("# Settings of an Ovation server, for --config.\n")
	for _, group := range s.groups() {
		fmt.Fprintf(&out, "\n# --- %s ---\n", group)
		for _, flag := range s.flags {
			if groupOf(flag) != group {
				continue
			}
			if err := s.printFlag(&out, flag); err != nil {
				return err
			}
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// groups returns the titles of the flags' groups, in the order in which they come.
func (s *Settings) groups() (titles []string) {
	for _, flag := range s.flags {
		if title := groupOf(flag); !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	return titles
}

// groupOf returns the title of a flag's group.
func groupOf(flag *kong.Flag) string {
	if flag.Group == nil {
		return "Others"
	}
	return flag.Group.Title
}

// printFlag writes one setting.
func (s *Settings) printFlag(out *bytes.Buffer, flag *kong.Flag) error {
	_, where := s.Source(flag)
	fmt.Fprintf(out, "\n# %s\n# [%s]\n", strings.ReplaceAll(flag.Help, "\n", " "), where)
	if isSecret(flag) {
		hidden := "(not set)"
		if !flag.Target.IsZero() {
			hidden = "(hidden)"
		}
		fmt.Fprintf(out, "# %s: %s\n", flag.Name, hidden)
		return nil
	}
	value, err := fileForm(flag.Target)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag.Name, err)
	}
	line, err := yaml.Marshal(map[string]any{flag.Name: value})
	if err != nil {
		return fmt.Errorf("--%s: %w", flag.Name, err)
	}
	if flag.Target.IsZero() && !flag.HasDefault {
		out.WriteString("# ") // nothing is set
	}
	out.Write(line)
	return nil
}

// fileForm returns a value as it is written in a file.
func fileForm(value reflect.Value) (any, error) {
	switch v := value.Interface().(type) {
	case time.Duration:
		return v.String(), nil
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		return string(text), err
	}
	if value.Kind() != reflect.Slice {
		return value.Interface(), nil
	}
	list := []any{}
	for i := range value.Len() {
		element, err := fileForm(value.Index(i))
		if err != nil {
			return nil, err
		}
		list = append(list, element)
	}
	return list, nil
}
