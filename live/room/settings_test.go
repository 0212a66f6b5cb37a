package room_test

import (
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

func TestDefaultSettingsAreSound(t *testing.T) {
	t.Parallel()
	if err := room.DefaultSettings().Validate(); err != nil {
		t.Fatal(err)
	}
}

// bound is a setting and the range that it must lie in.
type bound struct {
	setting   string
	change    func(value int64) room.SettingsChange
	low, high int64
}

var bounds = []bound{
	{"upstream_rate", func(v int64) room.SettingsChange { return room.SettingsChange{Rate: num(v)} }, 1, 100_000},
	{"whitelist_rate", func(v int64) room.SettingsChange { return room.SettingsChange{WhitelistRate: num(v)} }, 1, 100_000},
	{"ring_capacity", func(v int64) room.SettingsChange { return room.SettingsChange{Capacity: num(v)} }, 50, 10_000},
	{"slow_mode", func(v int64) room.SettingsChange { return room.SettingsChange{SlowMode: span(v)} }, 0, int64(time.Hour)},
	{"max_text_length", func(v int64) room.SettingsChange { return room.SettingsChange{MaxTextLength: num(v)} }, 1, 10_000},
	{"pull_limit", func(v int64) room.SettingsChange { return room.SettingsChange{PullLimit: num(v)} }, 10, 1000},
	{"round_interval", func(v int64) room.SettingsChange { return room.SettingsChange{RoundInterval: span(v)} }, int64(20 * time.Millisecond), int64(5 * time.Second)},
	{"pull_mark", func(v int64) room.SettingsChange { return room.SettingsChange{PullMark: span(v)} }, int64(100 * time.Millisecond), int64(time.Minute)},
	{"offline_after", func(v int64) room.SettingsChange { return room.SettingsChange{OfflineAfter: span(v)} }, int64(time.Second), int64(time.Hour)},
	{"offline_notifications", func(v int64) room.SettingsChange { return room.SettingsChange{OfflineNotifications: num(v)} }, 1, 10_000},
	{"inline_percent", func(v int64) room.SettingsChange { return room.SettingsChange{InlinePercent: num(v)} }, 0, 100},
	{"max_attributes", func(v int64) room.SettingsChange { return room.SettingsChange{AttributeKeys: num(v)} }, 1, 10_000},
	{"max_attribute_key_bytes", func(v int64) room.SettingsChange { return room.SettingsChange{AttributeKeyBytes: num(v)} }, 1, 1024},
	{"max_attribute_value_bytes", func(v int64) room.SettingsChange { return room.SettingsChange{AttributeValue: num(v)} }, 1, 65_536},
	{"attribute_log_capacity", func(v int64) room.SettingsChange { return room.SettingsChange{AttributeLog: num(v)} }, 10, 10_000},
}

func num(v int64) *int            { return new(int(v)) }
func span(v int64) *time.Duration { return new(time.Duration(v)) }

func TestSettingsKeepToTheirRanges(t *testing.T) {
	t.Parallel()
	for _, b := range bounds {
		t.Run(b.setting, func(t *testing.T) {
			t.Parallel()
			for _, v := range []int64{b.low, b.high} {
				if got, err := room.DefaultSettings().Apply(b.change(v)); err != nil || got.Validate() != nil {
					t.Errorf("%d: %v", v, err)
				}
			}
			for _, v := range []int64{b.low - 1, b.high + 1, math.MinInt64, math.MaxInt64} {
				got, err := room.DefaultSettings().Apply(b.change(v))
				fault, ok := errors.AsType[*room.RangeError](err)
				if !ok || fault.Setting != b.setting {
					t.Errorf("%d: %v", v, err)
				}
				if !reflect.DeepEqual(got, room.DefaultSettings()) {
					t.Errorf("%d changed the settings to %+v", v, got)
				}
			}
		})
	}
}

func TestSettingsChangeEveryField(t *testing.T) {
	t.Parallel()
	want := room.Settings{
		Feed:          feed.Limits{Rate: 1, WhitelistRate: 2, SlowMode: 3, Capacity: 54},
		MaxTextLength: 5,
		Rules:         feed.Rules{{Bucket: feed.Low}},
		PullLimit:     17,
		RoundInterval: time.Second,
		Notify:        feed.NotifyPolicy{PullMark: 2 * time.Second, OfflineAfter: 3 * time.Second, OfflineNotifications: 4},
		InlinePercent: 11,
		Attributes:    attribute.Limits{Keys: 12, KeyBytes: 13, ValueBytes: 14, Log: 15, ViewersWrite: false},
	}
	got, err := room.DefaultSettings().Apply(room.SettingsChange{
		Rate: new(1), WhitelistRate: new(2), SlowMode: new(time.Duration(3)), Capacity: new(54),
		MaxTextLength: new(5), Rules: &want.Rules, PullLimit: new(17), RoundInterval: new(time.Second),
		PullMark: new(2 * time.Second), OfflineAfter: new(3 * time.Second), OfflineNotifications: new(4),
		InlinePercent: new(11), AttributeKeys: new(12), AttributeKeyBytes: new(13), AttributeValue: new(14),
		AttributeLog: new(15), ViewersWrite: new(false),
	})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if same, err := want.Apply(room.SettingsChange{}); err != nil || !reflect.DeepEqual(same, want) {
		t.Errorf("no change gave %+v, %v", same, err)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	t.Parallel()
	err := room.Settings{}.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("not a join: %v", err)
	}
	if got := len(joined.Unwrap()); got != 13 { // all but slow_mode and inline_percent
		t.Errorf("%d faults: %v", got, err)
	}
	_, err = room.DefaultSettings().Apply(room.SettingsChange{PullMark: new(time.Hour)})
	if want := "room: pull_mark is 1h0m0s, must be from 100ms to 1m0s"; err == nil || err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestRulesNameWhatExists(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		rules feed.Rules
		fault string
	}{
		{"none", nil, ""},
		{"the widest", feed.Rules{{Kind: feed.KindSystem, Role: live.RoleBackend, Bucket: feed.Low}}, ""},
		{"as many as may be", make(feed.Rules, room.MaxRules), ""},
		{"one more", make(feed.Rules, room.MaxRules+1), "bucket_rules"},
		{"no such bucket", feed.Rules{{}, {Bucket: feed.Buckets}}, "bucket_rules[1].bucket"},
		{"no such kind", feed.Rules{{Kind: feed.KindSystem + 1}}, "bucket_rules[0].kind"},
		{"no such role", feed.Rules{{Role: live.RoleBackend + 1}}, "bucket_rules[0].role"},
	} {
		_, err := room.DefaultSettings().Apply(room.SettingsChange{Rules: &tt.rules})
		fault, ok := errors.AsType[*room.RangeError](err)
		if ok != (tt.fault != "") || ok && fault.Setting != tt.fault {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
