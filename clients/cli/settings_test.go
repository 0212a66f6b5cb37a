package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// The help of a setting has the contract's range.
func TestSettingsHelpHasTheContractsRange(t *testing.T) {
	t.Parallel()
	helps := map[string]string{}
	flags := reflect.TypeFor[settingFlags]()
	for flag := range flags.Fields() {
		helps[flag.Name] = flag.Tag.Get("help")
	}
	fields := (&ovationv1.RoomSettings{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
		var want string
		switch {
		case field.Kind() == protoreflect.Uint32Kind:
			want = fmt.Sprintf("(%d-%d, default ", rules.GetUint32().GetGte(), rules.GetUint32().GetLte())
		case rules.GetDuration() != nil:
			low, high := rules.GetDuration().GetGte().AsDuration(), rules.GetDuration().GetLte().AsDuration()
			want = fmt.Sprintf("(%s-%s, default ", bound(low.String()), bound(high.String()))
		default:
			continue
		}
		var name strings.Builder
		for word := range strings.SplitSeq(string(field.Name()), "_") {
			name.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		if help := helps[name.String()]; !strings.Contains(help, want) {
			t.Errorf("--%s: no %q in %q", field.Name(), want, help)
		}
	}
}
