package quiz_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
)

// Who is in the room when an entry question is asked plays, also without a stream and
// without a word; those who run the room do not.
func TestWhoIsThereWithoutAStreamPlays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		s := node(t, set)
		create(t, s, 2)
		join := func(user string, role live.Role) {
			t.Helper()
			session := room.Session{ID: live.SessionID("session of " + user), User: live.UserID(user), Role: role}
			if _, _, err := set.Presence.Join(t.Context(), "r", session, time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		const crowd = 1500 // more than are read at a time
		for i := range crowd {
			join(fmt.Sprintf("viewer %04d", i), live.RoleViewer)
		}
		join("host", live.RoleHost)
		ask(t, s, 1)
		synctest.Wait()
		reveal(t, s, 1)
		join("late", live.RoleViewer)
		ask(t, s, 2)
		synctest.Wait()
		q := reveal(t, s, 2)
		if got := q.Round(1).Tally; got.Entered != crowd || got.Excused != crowd || q.Remaining != crowd {
			t.Errorf("%+v, %d left", got, q.Remaining)
		}
		for user, want := range map[string]rules.Status{"viewer 1499": rules.Playing, "host": rules.Spectator, "late": rules.Spectator} {
			_, got, err := s.Standing(t.Context(), viewer(user), ref, "")
			if err != nil || got.Status != want {
				t.Errorf("%s: %+v, %v, want %v", user, got.Status, err, want)
			}
		}
	})
}
