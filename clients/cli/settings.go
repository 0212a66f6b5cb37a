package main

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/clients/cli/internal/figures"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// settingFlags are the settings of a room. Those not given keep their values.
type settingFlags struct {
	UpstreamRate           *uint32        `group:"Settings" aliases:"rate" placeholder:"N" help:"Messages a second that HIGH and LOW take together (1-100000, default 200)."`
	WhitelistRate          *uint32        `group:"Settings" placeholder:"N" help:"Messages a second that WHITELIST takes (1-100000, default 1000)."`
	SlowMode               *time.Duration `group:"Settings" placeholder:"D" help:"Least time between two messages of one viewer (0s-1h, default 0s: none)."`
	MaxTextLength          *uint32        `group:"Settings" placeholder:"N" help:"Longest text in code points (1-10000, default 500)."`
	BucketRule             []string       `group:"Settings" placeholder:"KIND/ROLE=BUCKET" sep:"," help:"Which message goes to which bucket, the first match counts: text/host=whitelist, any/moderator=high. All rules are replaced (default: system/any, any/host and any/moderator to whitelist, text/any and like/any to low, the rest to high)."`
	RingCapacity           *uint32        `group:"Settings" placeholder:"N" help:"Entries that each bucket keeps (50-10000, default 1000)."`
	PullLimit              *uint32        `group:"Settings" placeholder:"N" help:"Most messages of one pull (10-1000, default 200)."`
	RoundInterval          *time.Duration `group:"Settings" placeholder:"D" help:"Least time between two rounds of delivery (20ms-5s, default 100ms)."`
	PullMark               *time.Duration `group:"Settings" placeholder:"D" help:"How long a notified viewer is left alone (100ms-1m, default 2s)."`
	OfflineAfter           *time.Duration `group:"Settings" placeholder:"D" help:"How long without a pull means offline (1s-1h, default 30s)."`
	OfflineNotifications   *uint32        `group:"Settings" placeholder:"N" help:"How many notifications without a pull mean offline (1-10000, default 30)."`
	InlinePercent          *uint32        `group:"Settings" placeholder:"N" help:"Percent of viewers that get INLINE where the server chooses (0-100, default 0)."`
	MaxAttributes          *uint32        `group:"Settings" placeholder:"N" help:"Most attributes (1-10000, default 500)."`
	MaxAttributeKeyBytes   *uint32        `group:"Settings" placeholder:"N" help:"Longest attribute key (1-1024, default 128)."`
	MaxAttributeValueBytes *uint32        `group:"Settings" placeholder:"N" help:"Longest attribute value (1-65536, default 4096)."`
	AttributeLogCapacity   *uint32        `group:"Settings" placeholder:"N" help:"Attribute changes that are kept (10-10000, default 1000)."`
	ViewerAttributes       string         `group:"Settings" enum:",own,read" default:"" placeholder:"own|read" help:"What viewers may do to attributes: set their own, or read (default own)."`
}

// message returns the settings that were given.
func (s settingFlags) message() (*ovationv1.RoomSettings, error) {
	settings := &ovationv1.RoomSettings{
		UpstreamRate:           s.UpstreamRate,
		WhitelistRate:          s.WhitelistRate,
		SlowMode:               span(s.SlowMode),
		MaxTextLength:          s.MaxTextLength,
		RingCapacity:           s.RingCapacity,
		PullLimit:              s.PullLimit,
		RoundInterval:          span(s.RoundInterval),
		PullMark:               span(s.PullMark),
		OfflineAfter:           span(s.OfflineAfter),
		OfflineNotifications:   s.OfflineNotifications,
		InlinePercent:          s.InlinePercent,
		MaxAttributes:          s.MaxAttributes,
		MaxAttributeKeyBytes:   s.MaxAttributeKeyBytes,
		MaxAttributeValueBytes: s.MaxAttributeValueBytes,
		AttributeLogCapacity:   s.AttributeLogCapacity,
	}
	switch s.ViewerAttributes {
	case "own":
		settings.ViewerAttributes = ovationv1.ViewerAttributes_VIEWER_ATTRIBUTES_OWN.Enum()
	case "read":
		settings.ViewerAttributes = ovationv1.ViewerAttributes_VIEWER_ATTRIBUTES_READ.Enum()
	}
	for _, text := range s.BucketRule {
		rule, err := parseBucketRule(text)
		if err != nil {
			return nil, usageError{err}
		}
		if settings.BucketRules == nil {
			settings.BucketRules = &ovationv1.BucketRules{}
		}
		settings.BucketRules.Rules = append(settings.BucketRules.Rules, rule)
	}
	return settings, nil
}

// span is a Duration for the wire, nil for none.
func span(d *time.Duration) *durationpb.Duration {
	if d == nil {
		return nil
	}
	return durationpb.New(*d)
}

// The names in a bucket rule.
const (
	prefixKind   = "MESSAGE_KIND_"
	prefixRole   = "ROLE_"
	prefixBucket = "BUCKET_"
	anyName      = "any"
)

// parseBucketRule reads a rule like text/host=whitelist.
func parseBucketRule(text string) (*ovationv1.BucketRule, error) {
	match, bucket, ok := strings.Cut(text, "=")
	kind, role, ok2 := strings.Cut(match, "/")
	if !ok || !ok2 {
		return nil, fmt.Errorf("--bucket-rule %q is not of the form text/host=whitelist", text)
	}
	k, err := oneOf(kind, prefixKind, ovationv1.MessageKind_value, true)
	if err != nil {
		return nil, fmt.Errorf("--bucket-rule: kind %w", err)
	}
	r, err := oneOf(role, prefixRole, ovationv1.Role_value, true)
	if err != nil {
		return nil, fmt.Errorf("--bucket-rule: role %w", err)
	}
	b, err := oneOf(bucket, prefixBucket, ovationv1.Bucket_value, false)
	if err != nil {
		return nil, fmt.Errorf("--bucket-rule: bucket %w", err)
	}
	return &ovationv1.BucketRule{Kind: ovationv1.MessageKind(k), Role: ovationv1.Role(r), Bucket: ovationv1.Bucket(b)}, nil
}

// oneOf finds an enum's value by its short name, or "any" for zero.
func oneOf(name, prefix string, values map[string]int32, wildcard bool) (int32, error) {
	if wildcard && name == anyName {
		return 0, nil
	}
	value, ok := values[prefix+strings.ToUpper(name)]
	if !ok || value == 0 {
		return 0, fmt.Errorf("%q is unknown", name)
	}
	return value, nil
}

// settingRows adds a row for each setting, named as its flag.
func settingRows(table *figures.Table, settings *ovationv1.RoomSettings) {
	message := settings.ProtoReflect()
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if message.Has(field) {
			table.Row("  "+strings.ReplaceAll(string(field.Name()), "_", "-"), "", settingText(field, message.Get(field)))
		}
	}
}

// settingText is a setting's value for people.
func settingText(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	if field.Enum() != nil {
		return short(ovationv1.ViewerAttributes(value.Enum()), "VIEWER_ATTRIBUTES_")
	}
	if field.Message() == nil {
		return value.String()
	}
	switch message := value.Message().Interface().(type) {
	case *durationpb.Duration:
		return message.AsDuration().String()
	case *ovationv1.BucketRules:
		return bucketRulesText(message)
	}
	return value.String()
}

// bucketRulesText writes rules as --bucket-rule takes them.
func bucketRulesText(rules *ovationv1.BucketRules) string {
	var list []string
	for _, rule := range rules.GetRules() {
		list = append(list, fmt.Sprintf("%s/%s=%s", orAny(short(rule.GetKind(), prefixKind)),
			orAny(short(rule.GetRole(), prefixRole)), short(rule.GetBucket(), prefixBucket)))
	}
	return strings.Join(list, ",")
}

func orAny(name string) string {
	if name == "unspecified" {
		return anyName
	}
	return name
}
