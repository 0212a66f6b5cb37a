package record

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	storev1 "github.com/ovation-live/ovation/gen/go/ovation/store/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

// MarshalRoom encodes a room, the same each time.
func MarshalRoom(r room.Room) ([]byte, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&storev1.Room{
		Id:       string(r.ID),
		Title:    r.Title,
		Host:     string(r.Host),
		State:    uint32(r.State),
		Settings: settingsTo(r.Settings),
		Labels:   r.Labels,
		Revision: r.Revision,
		Created:  int64(r.Created),
		Ended:    int64(r.Ended),
	})
	if err != nil {
		return nil, fmt.Errorf("record: room: %w", err)
	}
	return b, nil
}

// UnmarshalRoom reads what MarshalRoom wrote.
func UnmarshalRoom(b []byte) (room.Room, error) {
	var r storev1.Room
	if err := proto.Unmarshal(b, &r); err != nil {
		return room.Room{}, fmt.Errorf("record: room: %w", err)
	}
	return room.Room{
		ID:       live.RoomID(r.GetId()),
		Title:    r.GetTitle(),
		Host:     live.UserID(r.GetHost()),
		State:    room.State(r.GetState()), //nolint:gosec // as it was written
		Settings: settingsOf(r.GetSettings()),
		Labels:   labelsOf(r.GetLabels()),
		Revision: r.GetRevision(),
		Created:  live.Timestamp(r.GetCreated()),
		Ended:    live.Timestamp(r.GetEnded()),
	}, nil
}

// SettingsJSON encodes settings as JSON, for people and their queries.
func SettingsJSON(s room.Settings) ([]byte, error) {
	b, err := protojson.Marshal(settingsTo(s))
	if err != nil {
		return nil, fmt.Errorf("record: settings: %w", err)
	}
	return b, nil
}

// SettingsOfJSON reads what SettingsJSON wrote. What it does not know it passes over: a
// later build may have written it.
func SettingsOfJSON(b []byte) (room.Settings, error) {
	var s storev1.Settings
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, &s); err != nil {
		return room.Settings{}, fmt.Errorf("record: settings: %w", err)
	}
	return settingsOf(&s), nil
}

func settingsTo(s room.Settings) *storev1.Settings {
	rules := make([]*storev1.Rule, len(s.Rules))
	for i, r := range s.Rules {
		rules[i] = &storev1.Rule{Kind: uint32(r.Kind), Role: uint32(r.Role), Bucket: uint32(r.Bucket)}
	}
	return &storev1.Settings{
		Rate:                 int64(s.Feed.Rate),
		WhitelistRate:        int64(s.Feed.WhitelistRate),
		SlowMode:             s.Feed.SlowMode.Microseconds(),
		Capacity:             int64(s.Feed.Capacity),
		MaxTextLength:        int64(s.MaxTextLength),
		Rules:                rules,
		PullLimit:            int64(s.PullLimit),
		RoundInterval:        s.RoundInterval.Microseconds(),
		PullMark:             s.Notify.PullMark.Microseconds(),
		OfflineAfter:         s.Notify.OfflineAfter.Microseconds(),
		OfflineNotifications: int64(s.Notify.OfflineNotifications),
		InlinePercent:        int64(s.InlinePercent),
		AttributeKeys:        int64(s.Attributes.Keys),
		AttributeKeyBytes:    int64(s.Attributes.KeyBytes),
		AttributeValueBytes:  int64(s.Attributes.ValueBytes),
		AttributeLog:         int64(s.Attributes.Log),
		ViewersWrite:         s.Attributes.ViewersWrite,
	}
}

func settingsOf(s *storev1.Settings) room.Settings {
	return room.Settings{
		Feed: feed.Limits{
			Rate:          int(s.GetRate()),
			WhitelistRate: int(s.GetWhitelistRate()),
			SlowMode:      microseconds(s.GetSlowMode()),
			Capacity:      int(s.GetCapacity()),
		},
		MaxTextLength: int(s.GetMaxTextLength()),
		Rules:         rulesOf(s.GetRules()),
		PullLimit:     int(s.GetPullLimit()),
		RoundInterval: microseconds(s.GetRoundInterval()),
		Notify: feed.NotifyPolicy{
			PullMark:             microseconds(s.GetPullMark()),
			OfflineAfter:         microseconds(s.GetOfflineAfter()),
			OfflineNotifications: int(s.GetOfflineNotifications()),
		},
		InlinePercent: int(s.GetInlinePercent()),
		Attributes: attribute.Limits{
			Keys:         int(s.GetAttributeKeys()),
			KeyBytes:     int(s.GetAttributeKeyBytes()),
			ValueBytes:   int(s.GetAttributeValueBytes()),
			Log:          int(s.GetAttributeLog()),
			ViewersWrite: s.GetViewersWrite(),
		},
	}
}

// labelsOf returns nil for none: an encoding may say either.
func labelsOf(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	return labels
}

func rulesOf(rules []*storev1.Rule) feed.Rules {
	if len(rules) == 0 {
		return nil
	}
	all := make(feed.Rules, len(rules))
	for i, r := range rules {
		//nolint:gosec // as they were written
		all[i] = feed.Rule{Kind: feed.Kind(r.GetKind()), Role: live.Role(r.GetRole()), Bucket: feed.Bucket(r.GetBucket())}
	}
	return all
}

// microseconds returns a duration, as near to it as there is one.
func microseconds(n int64) time.Duration {
	const most = int64(math.MaxInt64 / time.Microsecond)
	return time.Duration(max(-most, min(n, most))) * time.Microsecond
}
