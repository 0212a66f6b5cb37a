package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
)

// Room converts a room.
func Room(r room.Room) *ovationv1.Room {
	return &ovationv1.Room{
		RoomId:    string(r.ID),
		Title:     r.Title,
		HostId:    string(r.Host),
		State:     RoomState(r.State),
		Settings:  settings(r.Settings),
		Revision:  r.Revision,
		CreatedAt: int64(r.Created),
		EndedAt:   int64(r.Ended),
		Labels:    r.Labels,
	}
}

// RoomState converts a state.
func RoomState(s room.State) ovationv1.RoomState { return ovationv1.RoomState(s) }

// RoomStateFrom converts a state; UNSPECIFIED becomes StateAny.
func RoomStateFrom(s ovationv1.RoomState) room.State { return room.State(s) } //nolint:gosec // validated: defined only

// Role converts a role.
func Role(r live.Role) ovationv1.Role { return ovationv1.Role(r) }

// Online converts a count.
func Online(o room.Online) *ovationv1.Online {
	return &ovationv1.Online{Users: int64(o.Users), Sessions: int64(o.Sessions)}
}

// Member converts a member.
func Member(m room.Member) *ovationv1.Member {
	return &ovationv1.Member{
		UserId:   string(m.User),
		Name:     m.Name,
		Role:     Role(m.Role),
		JoinedAt: int64(m.Joined),
		Sessions: uint32(m.Sessions), //nolint:gosec // a count of devices
	}
}

func settings(s room.Settings) *ovationv1.RoomSettings {
	viewers := ovationv1.ViewerAttributes_VIEWER_ATTRIBUTES_READ
	if s.Attributes.ViewersWrite {
		viewers = ovationv1.ViewerAttributes_VIEWER_ATTRIBUTES_OWN
	}
	return &ovationv1.RoomSettings{
		UpstreamRate:           number(s.Feed.Rate),
		WhitelistRate:          number(s.Feed.WhitelistRate),
		SlowMode:               durationpb.New(s.Feed.SlowMode),
		MaxTextLength:          number(s.MaxTextLength),
		BucketRules:            rules(s.Rules),
		RingCapacity:           number(s.Feed.Capacity),
		PullLimit:              number(s.PullLimit),
		RoundInterval:          durationpb.New(s.RoundInterval),
		PullMark:               durationpb.New(s.Notify.PullMark),
		OfflineAfter:           durationpb.New(s.Notify.OfflineAfter),
		OfflineNotifications:   number(s.Notify.OfflineNotifications),
		InlinePercent:          number(s.InlinePercent),
		MaxAttributes:          number(s.Attributes.Keys),
		MaxAttributeKeyBytes:   number(s.Attributes.KeyBytes),
		MaxAttributeValueBytes: number(s.Attributes.ValueBytes),
		AttributeLogCapacity:   number(s.Attributes.Log),
		ViewerAttributes:       viewers.Enum(),
	}
}

// SettingsChange converts the settings of a request: what is not set stays.
func SettingsChange(s *ovationv1.RoomSettings) room.SettingsChange {
	if s == nil {
		return room.SettingsChange{}
	}
	return room.SettingsChange{
		Rate:                 numberFrom(s.UpstreamRate),
		WhitelistRate:        numberFrom(s.WhitelistRate),
		Capacity:             numberFrom(s.RingCapacity),
		SlowMode:             durationFrom(s.GetSlowMode()),
		MaxTextLength:        numberFrom(s.MaxTextLength),
		Rules:                rulesFrom(s.GetBucketRules()),
		PullLimit:            numberFrom(s.PullLimit),
		RoundInterval:        durationFrom(s.GetRoundInterval()),
		PullMark:             durationFrom(s.GetPullMark()),
		OfflineAfter:         durationFrom(s.GetOfflineAfter()),
		OfflineNotifications: numberFrom(s.OfflineNotifications),
		InlinePercent:        numberFrom(s.InlinePercent),
		AttributeKeys:        numberFrom(s.MaxAttributes),
		AttributeKeyBytes:    numberFrom(s.MaxAttributeKeyBytes),
		AttributeValue:       numberFrom(s.MaxAttributeValueBytes),
		AttributeLog:         numberFrom(s.AttributeLogCapacity),
		ViewersWrite:         viewersWrite(s.ViewerAttributes),
	}
}

func rules(rs feed.Rules) *ovationv1.BucketRules {
	out := &ovationv1.BucketRules{Rules: make([]*ovationv1.BucketRule, len(rs))}
	for i, r := range rs {
		out.Rules[i] = &ovationv1.BucketRule{Kind: Kind(r.Kind), Role: Role(r.Role), Bucket: Bucket(r.Bucket)}
	}
	return out
}

func rulesFrom(rs *ovationv1.BucketRules) *feed.Rules {
	if rs == nil {
		return nil
	}
	out := make(feed.Rules, len(rs.GetRules()))
	for i, r := range rs.GetRules() {
		out[i] = feed.Rule{
			Kind:   KindFrom(r.GetKind()),
			Role:   live.Role(r.GetRole()), //nolint:gosec // validated: defined only
			Bucket: BucketFrom(r.GetBucket()),
		}
	}
	return &out
}

func viewersWrite(v *ovationv1.ViewerAttributes) *bool {
	if v == nil {
		return nil
	}
	return new(*v == ovationv1.ViewerAttributes_VIEWER_ATTRIBUTES_OWN)
}

func number(n int) *uint32 { return new(uint32(n)) } //nolint:gosec // settings are validated: small, not negative

func numberFrom(n *uint32) *int {
	if n == nil {
		return nil
	}
	v := int(*n)
	return &v
}

func durationFrom(d *durationpb.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	v := d.AsDuration()
	return &v
}
