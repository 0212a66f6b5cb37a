package feed

import "github.com/ovation-live/ovation/live"

// Bucket is a message's priority: lower is more important.
type Bucket uint8

// The buckets, in the order in which they are read.
const (
	Whitelist Bucket = iota
	High
	Low
	// Buckets is how many there are.
	Buckets = 3
)

// String returns the bucket's name as metrics and reports carry it.
func (b Bucket) String() string {
	switch b {
	case Whitelist:
		return "whitelist"
	case High:
		return "high"
	case Low:
		return "low"
	default:
		return "unknown"
	}
}

// Rule sends messages of one kind, from senders of one role, to a bucket. KindAny
// and RoleNone match any.
type Rule struct {
	Kind   Kind
	Role   live.Role
	Bucket Bucket
}

// Rules maps kind and sender to a bucket: the first rule that matches decides.
type Rules []Rule

// DefaultRules returns the mapping of a room that has set none: the system and
// those who run the room to WHITELIST, plain text and likes to LOW.
func DefaultRules() Rules {
	return Rules{
		{Kind: KindSystem, Bucket: Whitelist},
		{Role: live.RoleHost, Bucket: Whitelist},
		{Role: live.RoleModerator, Bucket: Whitelist},
		{Kind: KindText, Bucket: Low},
		{Kind: KindLike, Bucket: Low},
	}
}

// Bucket returns the bucket for a message of the given kind from a sender of the
// given role: that of the first rule that matches, HIGH if none does.
func (rs Rules) Bucket(kind Kind, role live.Role) Bucket {
	for _, r := range rs {
		if (r.Kind == KindAny || r.Kind == kind) && (r.Role == live.RoleNone || r.Role == role) {
			return r.Bucket
		}
	}
	return High
}
