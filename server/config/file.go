package config

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// maxFileBytes bounds a configuration file: a larger one is some other file.
const maxFileBytes = 1 << 20

// entry is one setting of a configuration file.
type entry struct {
	key   string
	line  int
	value *yaml.Node
}

// decodeFile reads a file's settings, in their order. What is wrong in it besides is
// joined, each fault with its line.
func decodeFile(name string, data []byte) ([]entry, error) {
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%s has %d bytes, a configuration has at most %d", name, len(data), maxFileBytes)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, more yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil // nothing is set
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is more after the end of the first document: keep one", name)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: want settings like `listen: localhost:8080`, one a line", name, root.Line)
	}
	return entries(name, root)
}

// entries returns the pairs of a mapping, each key once.
func entries(name string, mapping *yaml.Node) (found []entry, err error) {
	lines := make(map[string]int)
	var faults []error
	for pair := range slices.Chunk(mapping.Content, 2) {
		key := pair[0]
		if key.Kind != yaml.ScalarNode {
			faults = append(faults, fmt.Errorf("%s:%d: want the name of a setting", name, key.Line))
			continue
		}
		if first, twice := lines[key.Value]; twice {
			faults = append(faults, fmt.Errorf("%s:%d: %s stands on line %d too: keep one of them", name, key.Line, key.Value, first))
			continue
		}
		lines[key.Value] = key.Line
		found = append(found, entry{key.Value, key.Line, pair[1]})
	}
	return found, errors.Join(faults...)
}

// text returns a setting as the flag would take it from the command line.
func (e entry) text(flag *kong.Flag) (string, error) {
	if !flag.IsSlice() {
		return scalarText(e.value, flag.Target.Type())
	}
	if e.value.Kind != yaml.SequenceNode {
		return "", fmt.Errorf("is %s, want a list: [a, b]", kindName(e.value))
	}
	var elements []string
	for _, node := range e.value.Content {
		element, err := scalarText(node, flag.Target.Type().Elem())
		if err != nil {
			return "", fmt.Errorf("has an element that %w", err)
		}
		elements = append(elements, element)
	}
	joined := kong.JoinEscaped(elements, flag.Tag.Sep)
	if !slices.Equal(kong.SplitEscaped(joined, flag.Tag.Sep), elements) {
		return "", errors.New("has an element that is empty or ends with a backslash")
	}
	return joined, nil
}

// scalarText returns a single value as a flag of the type would take it.
func scalarText(node *yaml.Node, t reflect.Type) (string, error) {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return "", errors.New("has no value: leave it out for the default")
	}
	want, tags := wanted(t)
	if node.Kind != yaml.ScalarNode || !slices.Contains(tags, node.Tag) {
		if t == reflect.TypeFor[time.Duration]() && node.Value == "0" {
			return "0s", nil
		}
		return "", fmt.Errorf("is %s, want %s", kindName(node), want)
	}
	switch node.Tag {
	case "!!bool":
		var value bool
		err := node.Decode(&value)
		return strconv.FormatBool(value), err
	case "!!int":
		var value int64
		if node.Decode(&value) == nil {
			return strconv.FormatInt(value, 10), nil
		}
	}
	return node.Value, nil
}

// wanted says what a type is written as, in words and as YAML calls it.
func wanted(t reflect.Type) (words string, tags []string) {
	const text = "text (in quotes, if need be)"
	if t == reflect.TypeFor[time.Duration]() {
		return "a length of time like 20s", []string{"!!str"}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return text, []string{"!!str"}
	}
	switch kind := t.Kind(); {
	case kind == reflect.Bool:
		return "true or false", []string{"!!bool"}
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return "a whole number", []string{"!!int"}
	case kind == reflect.Float32 || kind == reflect.Float64:
		return "a number", []string{"!!int", "!!float"}
	default:
		return text, []string{"!!str"}
	}
}

// kindName says what stands in a file. It never says the value, which may be secret.
func kindName(node *yaml.Node) string {
	switch node.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	case yaml.AliasNode:
		return "an alias"
	default:
		return scalarName(node.Tag)
	}
}

// scalarName says what a single value is.
func scalarName(tag string) string {
	switch tag {
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "text"
	default:
		return "of the type " + tag
	}
}
