package room

import (
	"errors"
	"fmt"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
)

const (
	// MaxLabels is how many labels a room has at most.
	MaxLabels = 32
	// MaxRules is how many rules map kinds and senders to buckets at most.
	MaxRules = 64
)

// ErrTooManyLabels says that a change would give a room more than MaxLabels.
var ErrTooManyLabels = fmt.Errorf("room: more than %d labels", MaxLabels)

// Settings is what can be changed about a room while it is live.
type Settings struct {
	Feed          feed.Limits
	MaxTextLength int // Unicode code points
	Rules         feed.Rules
	PullLimit     int // messages a pull returns at most, in a small room
	RoundInterval time.Duration
	Notify        feed.NotifyPolicy
	InlinePercent int // of the subscribers that leave the delivery to the server
	Attributes    attribute.Limits
}

// DefaultSettings returns the settings of a room that has set none.
func DefaultSettings() Settings {
	return Settings{
		Feed:          feed.Limits{Rate: 200, WhitelistRate: 1000, Capacity: 1000},
		MaxTextLength: 500,
		Rules:         feed.DefaultRules(),
		PullLimit:     200,
		RoundInterval: 100 * time.Millisecond,
		Notify: feed.NotifyPolicy{
			PullMark:             2 * time.Second,
			OfflineAfter:         30 * time.Second,
			OfflineNotifications: 30,
		},
		Attributes: attribute.DefaultLimits(),
	}
}

// SettingsChange is a change to settings: what is nil stays.
type SettingsChange struct {
	Rate, WhitelistRate, Capacity                    *int
	SlowMode                                         *time.Duration
	MaxTextLength                                    *int
	Rules                                            *feed.Rules
	PullLimit                                        *int
	RoundInterval, PullMark, OfflineAfter            *time.Duration
	OfflineNotifications, InlinePercent              *int
	AttributeKeys, AttributeKeyBytes, AttributeValue *int
	AttributeLog                                     *int
	ViewersWrite                                     *bool
}

// Apply returns the settings after a change, or the settings as they were and every
// rule that the result would break.
func (s Settings) Apply(c SettingsChange) (Settings, error) {
	before := s
	set(&s.Feed.Rate, c.Rate)
	set(&s.Feed.WhitelistRate, c.WhitelistRate)
	set(&s.Feed.Capacity, c.Capacity)
	set(&s.Feed.SlowMode, c.SlowMode)
	set(&s.MaxTextLength, c.MaxTextLength)
	set(&s.Rules, c.Rules)
	set(&s.PullLimit, c.PullLimit)
	set(&s.RoundInterval, c.RoundInterval)
	set(&s.Notify.PullMark, c.PullMark)
	set(&s.Notify.OfflineAfter, c.OfflineAfter)
	set(&s.Notify.OfflineNotifications, c.OfflineNotifications)
	set(&s.InlinePercent, c.InlinePercent)
	set(&s.Attributes.Keys, c.AttributeKeys)
	set(&s.Attributes.KeyBytes, c.AttributeKeyBytes)
	set(&s.Attributes.ValueBytes, c.AttributeValue)
	set(&s.Attributes.Log, c.AttributeLog)
	set(&s.Attributes.ViewersWrite, c.ViewersWrite)
	if err := s.Validate(); err != nil {
		return before, err
	}
	return s, nil
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Validate returns every rule that the settings break, joined; nil if they are
// sound.
func (s Settings) Validate() error {
	return errors.Join(
		within("upstream_rate", s.Feed.Rate, 1, 100_000),
		within("whitelist_rate", s.Feed.WhitelistRate, 1, 100_000),
		within("ring_capacity", s.Feed.Capacity, 50, 10_000),
		within("slow_mode", s.Feed.SlowMode, 0, time.Hour),
		within("max_text_length", s.MaxTextLength, 1, 10_000),
		withinRules(s.Rules),
		within("pull_limit", s.PullLimit, 10, 1000),
		within("round_interval", s.RoundInterval, 20*time.Millisecond, 5*time.Second),
		within("pull_mark", s.Notify.PullMark, 100*time.Millisecond, time.Minute),
		within("offline_after", s.Notify.OfflineAfter, time.Second, time.Hour),
		within("offline_notifications", s.Notify.OfflineNotifications, 1, 10_000),
		within("inline_percent", s.InlinePercent, 0, 100),
		within("max_attributes", s.Attributes.Keys, 1, 10_000),
		within("max_attribute_key_bytes", s.Attributes.KeyBytes, 1, 1024),
		within("max_attribute_value_bytes", s.Attributes.ValueBytes, 1, 65_536),
		within("attribute_log_capacity", s.Attributes.Log, 10, 10_000),
	)
}

// RangeError says that a setting is out of its range.
type RangeError struct {
	Setting   string
	Value     string
	Low, High string
}

// Error implements error.
func (e *RangeError) Error() string {
	return fmt.Sprintf("room: %s is %s, must be from %s to %s", e.Setting, e.Value, e.Low, e.High)
}

// withinRules checks that there are not too many rules and that each names a kind,
// a role and a bucket that exist.
func withinRules(rules feed.Rules) error {
	errs := []error{within("bucket_rules", len(rules), 0, MaxRules)}
	for i, r := range rules {
		name := fmt.Sprintf("bucket_rules[%d].", i)
		errs = append(errs,
			within(name+"kind", int(r.Kind), int(feed.KindAny), int(feed.KindSystem)),
			within(name+"role", int(r.Role), int(live.RoleNone), int(live.RoleBackend)),
			within(name+"bucket", int(r.Bucket), 0, feed.Buckets-1))
	}
	return errors.Join(errs...)
}

// within checks that a setting lies in its range.
func within[T int | time.Duration](setting string, value, low, high T) error {
	if value >= low && value <= high {
		return nil
	}
	return &RangeError{setting, fmt.Sprint(value), fmt.Sprint(low), fmt.Sprint(high)}
}
