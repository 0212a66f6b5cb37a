package wire

import (
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/moderation"
)

// Sanction converts a sanction.
func Sanction(s moderation.Sanction) *ovationv1.Sanction {
	return &ovationv1.Sanction{
		SanctionId: s.ID,
		Kind:       ovationv1.SanctionKind(s.Kind),
		RoomId:     string(s.Room),
		UserId:     string(s.User),
		Reason:     s.Reason,
		AppliedBy:  string(s.By),
		AppliedAt:  int64(s.At),
		UntilAt:    int64(s.Until),
		State:      ovationv1.SanctionState(s.State),
		LiftedBy:   string(s.LiftedBy),
		LiftedAt:   int64(s.LiftedAt),
	}
}

// Sanctions converts sanctions.
func Sanctions(all []moderation.Sanction) []*ovationv1.Sanction {
	out := make([]*ovationv1.Sanction, len(all))
	for i, s := range all {
		out[i] = Sanction(s)
	}
	return out
}

// SanctionKindsFrom converts the kinds of a request.
func SanctionKindsFrom(kinds []ovationv1.SanctionKind) []moderation.Kind {
	out := make([]moderation.Kind, len(kinds))
	for i, k := range kinds {
		out[i] = moderation.Kind(k) //nolint:gosec // validated: defined only
	}
	return out
}
