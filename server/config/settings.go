package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// fileFlag is the flag that names the configuration file.
const fileFlag = "config"

// Settings is where values come from: a file, the environment, the command line. As a
// kong.Resolver it supplies those of the file; Read it before the parser parses. It
// serves one parse, and must not be used concurrently.
type Settings struct {
	flags  []*kong.Flag // those that a file may set, in their order
	path   string       // of the file; "" without one
	file   map[string]fileValue
	faults []error
	healed map[string]string // by flag: what stands for a value that was refused
	given  map[string]bool   // on the command line
	open   bool              // everybody may read the file
}

// fileValue is a value of the file, as the flag would take it.
type fileValue struct {
	line int
	text string
}

var _ kong.Resolver = (*Settings)(nil)

// Read reads the file that the command line or the environment names, if one is named, and
// checks each value of the file and of the environment. Faults are kept for Complete,
// so that all are named at once.
func (s *Settings) Read(parser *kong.Kong, args []string) {
	s.file, s.healed, s.given = map[string]fileValue{}, map[string]string{}, map[string]bool{}
	for _, flag := range parser.Model.Flags {
		if len(flag.Envs) > 0 && flag.Name != fileFlag {
			s.flags = append(s.flags, flag)
		}
	}
	s.trace(parser, args)
	s.readFile(parser)
	for _, flag := range s.flags {
		if name, value, ok := fromEnvironment(flag); ok {
			s.check(flag, name+": ", value)
		}
	}
}

// trace finds what is given on the command line, and the file's name.
func (s *Settings) trace(parser *kong.Kong, args []string) {
	traced, err := kong.Trace(parser, args)
	if err != nil {
		return // the parser will say it
	}
	for _, step := range traced.Path {
		if step.Flag != nil {
			s.given[step.Flag.Name] = true
		}
	}
	for _, flag := range parser.Model.Flags {
		if flag.Name != fileFlag {
			continue
		}
		if s.given[fileFlag] {
			s.path, _ = traced.FlagValue(flag).(string)
		} else {
			_, s.path, _ = fromEnvironment(flag)
		}
	}
}

// readFile reads the file and checks what it sets.
func (s *Settings) readFile(parser *kong.Kong) {
	if s.path == "" {
		return
	}
	info, err := os.Stat(s.path)
	if err != nil {
		s.fault("--config cannot be read: %w", err)
		return
	}
	if !info.Mode().IsRegular() {
		s.fault("--config %s is no file", s.path)
		return
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		s.fault("--config cannot be read: %w", err)
		return
	}
	s.open = info.Mode().Perm()&0o004 != 0
	s.take(parser, data)
}

// take checks the settings of a file's text and keeps those that can be used.
func (s *Settings) take(parser *kong.Kong, data []byte) {
	found, err := decodeFile(s.path, data)
	if err != nil {
		s.faults = append(s.faults, err)
	}
	for _, entry := range found {
		where := fmt.Sprintf("%s:%d: ", s.path, entry.line)
		flag := s.flag(entry.key)
		if flag == nil {
			s.fault("%sthere is no setting %q%s", where, entry.key, suggestion(parser, entry.key))
			continue
		}
		text, err := entry.text(flag)
		if err != nil {
			s.fault("%s%s %w", where, entry.key, err)
			s.heal(flag)
			continue
		}
		if s.check(flag, where, text) {
			s.file[entry.key] = fileValue{entry.line, text}
		}
	}
}

// flag returns the flag of a name that a file may set; nil if there is none.
func (s *Settings) flag(name string) *kong.Flag {
	for _, flag := range s.flags {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

// suggest is what a name looks like that may be a flag's.
var suggest = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// suggestion asks the parser which flag may be meant, and returns what it says.
func suggestion(parser *kong.Kong, key string) string {
	if !suggest.MatchString(key) {
		return ""
	}
	name := strings.ReplaceAll(strings.ToLower(key), "_", "-")
	for _, flag := range parser.Model.Flags {
		if flag.Name == name && name != key {
			return fmt.Sprintf(", did you mean %q?", name)
		}
	}
	traced, err := kong.Trace(parser, []string{"--" + name})
	if err != nil || traced.Error == nil {
		return ""
	}
	_, after, ok := strings.Cut(traced.Error.Error(), ", did you mean ")
	if !ok {
		return ""
	}
	return ", did you mean " + strings.ReplaceAll(after, "--", "")
}

// check tries a value on a flag, and keeps the fault that it has.
func (s *Settings) check(flag *kong.Flag, where, text string) bool {
	set := flag.Set
	target := reflect.New(flag.Target.Type()).Elem()
	err := flag.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: text}), target)
	flag.Set = set
	if err == nil {
		err = checkEnum(flag, target)
	}
	if err == nil {
		return true
	}
	s.fault("%s%w", where, err)
	s.heal(flag)
	return false
}

// checkEnum checks that each value is one of those that the flag allows.
func checkEnum(flag *kong.Flag, target reflect.Value) error {
	if flag.Enum == "" {
		return nil
	}
	values := []reflect.Value{target}
	if flag.IsSlice() {
		values = nil
		for i := range target.Len() {
			values = append(values, target.Index(i))
		}
	}
	for _, value := range values {
		if text := fmt.Sprint(value.Interface()); !flag.EnumMap()[text] {
			return fmt.Errorf("%s is %q, must be one of %s", flag.ShortSummary(), text, strings.Join(flag.EnumSlice(), ", "))
		}
	}
	return nil
}

func (s *Settings) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf(format, args...))
}

// heal lets the parse go on with the default, so that the other faults are found too.
func (s *Settings) heal(flag *kong.Flag) {
	text := flag.Default
	switch kind := flag.Target.Kind(); {
	case flag.HasDefault:
	case kind == reflect.Bool:
		text = "false"
	case kind >= reflect.Int && kind <= reflect.Float64:
		text = "0"
	}
	s.healed[flag.Name] = text
}

// fromEnvironment returns the variable that sets a flag, if one does.
func fromEnvironment(flag *kong.Flag) (name, value string, ok bool) {
	for _, name := range flag.Envs {
		if value, ok := os.LookupEnv(name); ok {
			return name, value, true
		}
	}
	return "", "", false
}

// Validate implements kong.Resolver. Faults are Complete's to tell.
func (*Settings) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: it returns the file's value where the environment
// has none. What the command line gives is not asked for.
func (s *Settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if text, ok := s.healed[flag.Name]; ok {
		return text, nil
	}
	if _, _, ok := fromEnvironment(flag); ok {
		return nil, nil //nolint:nilnil // kong's way to say that there is no value
	}
	if value, ok := s.file[flag.Name]; ok {
		return value.text, nil
	}
	return nil, nil //nolint:nilnil // kong's way to say that there is no value
}

// Faults returns what could not be read, joined.
func (s *Settings) Faults() error { return errors.Join(s.faults...) }

// Complete returns the configuration with what it refers to, such as the secret in a
// file. The error is everything that is wrong with it: what could not be read, and the
// rules that it breaks, each with where the value is from.
func (s *Settings) Complete(c Config) (Config, error) {
	faults := slices.Clone(s.faults)
	auth, err := c.withSecret()
	c.Auth = auth
	for _, fault := range leaves(errors.Join(err, c.checkKeys(), c.Validate())) {
		faults = append(faults, s.locate(fault))
	}
	return c, errors.Join(faults...)
}

// joined is the type of errors that errors.Join made.
var joined = reflect.TypeOf(errors.Join(errors.ErrUnsupported))

// leaves returns the errors that were joined.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	if reflect.TypeOf(err) != joined {
		return []error{err}
	}
	var all []error
	for _, inner := range err.(interface{ Unwrap() []error }).Unwrap() {
		all = append(all, leaves(inner)...)
	}
	return all
}

// ruled matches the flag that a broken rule is about.
var ruled = regexp.MustCompile(`^--([a-z0-9-]+)`)

// locate says where the value is from that breaks a rule.
func (s *Settings) locate(fault error) error {
	match := ruled.FindStringSubmatch(fault.Error())
	if match == nil {
		return fault
	}
	flag := s.flag(match[1])
	if flag == nil {
		return fault
	}
	switch origin, where := s.Source(flag); origin {
	case FromFile, FromEnvironment:
		return fmt.Errorf("%s: %w", where, fault)
	default:
		return fault
	}
}

// Origin is the kind of place that a value is from.
type Origin int

// The origins; each wins over those before it.
const (
	FromDefault Origin = iota
	FromFile
	FromEnvironment
	FromFlag
)

// Source returns where a flag's value is from: the file and line, the variable, or the flag.
func (s *Settings) Source(flag *kong.Flag) (origin Origin, where string) {
	if s.given[flag.Name] {
		return FromFlag, "--" + flag.Name
	}
	if name, _, ok := fromEnvironment(flag); ok {
		return FromEnvironment, name
	}
	if value, ok := s.file[flag.Name]; ok {
		return FromFile, fmt.Sprintf("%s:%d", s.path, value.line)
	}
	return FromDefault, "default"
}

// Warnings says what is not wrong, but should not be.
func (s *Settings) Warnings() (warnings []string) {
	for _, flag := range s.flags {
		if _, ok := s.file[flag.Name]; ok && s.open && isSecret(flag) {
			warnings = append(warnings, fmt.Sprintf(
				"%s holds %s and everybody on this machine can read it: chmod o-r %[1]s", s.path, flag.Name))
		}
	}
	return warnings
}

// isSecret says whether a flag's value is not to be seen.
func isSecret(flag *kong.Flag) bool { return flag.Target.Type() == reflect.TypeFor[Secret]() }
