package wire_test

import (
	"testing"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/wire"
)

// The numbers of kinds and states are those of the contract.
func TestSanctionNumbers(t *testing.T) {
	t.Parallel()
	kinds := map[moderation.Kind]ovationv1.SanctionKind{
		moderation.Ban:      ovationv1.SanctionKind_SANCTION_KIND_BAN,
		moderation.Mute:     ovationv1.SanctionKind_SANCTION_KIND_MUTE,
		moderation.RoomMute: ovationv1.SanctionKind_SANCTION_KIND_ROOM_MUTE,
		moderation.Protect:  ovationv1.SanctionKind_SANCTION_KIND_PROTECT,
		moderation.Appoint:  ovationv1.SanctionKind_SANCTION_KIND_APPOINT,
	}
	for ours, theirs := range kinds {
		if got := wire.Sanction(moderation.Sanction{Kind: ours}).GetKind(); got != theirs {
			t.Errorf("%v became %v", theirs, got)
		}
		if got := wire.SanctionKindsFrom([]ovationv1.SanctionKind{theirs}); len(got) != 1 || got[0] != ours {
			t.Errorf("%v became %v", theirs, got)
		}
	}
	states := map[moderation.State]ovationv1.SanctionState{
		moderation.Active:  ovationv1.SanctionState_SANCTION_STATE_ACTIVE,
		moderation.Expired: ovationv1.SanctionState_SANCTION_STATE_EXPIRED,
		moderation.Lifted:  ovationv1.SanctionState_SANCTION_STATE_LIFTED,
	}
	for ours, theirs := range states {
		if got := wire.Sanction(moderation.Sanction{State: ours}).GetState(); got != theirs {
			t.Errorf("%v became %v", theirs, got)
		}
	}
	if len(kinds)+1 != len(ovationv1.SanctionKind_name) || len(states)+1 != len(ovationv1.SanctionState_name) {
		t.Error("the contract has others")
	}
}
