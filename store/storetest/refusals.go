package storetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var refusalsTests = []test{
	{"RoomNotFound", roomNotFound},
	{"RoomEnded", roomEnded},
	{"RoomEndedRefusesRepeatsToo", roomEndedRefusesRepeatsToo},
	{"ContextOverDoesNothing", contextOverDoesNothing},
}

// wantRoomError checks that an error is a sentinel, about a room.
func wantRoomError(t *testing.T, err error, id live.RoomID, sentinel error) {
	t.Helper()
	var about *store.RoomError
	if !errors.Is(err, sentinel) || !errors.As(err, &about) || about.Room != id {
		t.Errorf("%v, want %v about %q", err, sentinel, id)
		return
	}
	if !strings.Contains(err.Error(), string(id)) {
		t.Errorf("%q does not name the room %q", err, id)
	}
}

// call is one method of a role, called for a room.
type call struct {
	name    string
	changes bool // it changes a room, and so not one that has ended
	call    func(ctx context.Context, s *rig, id live.RoomID) error
}

// calls is every method that takes a room's id.
var calls = []call{
	{"Room", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Rooms.Room(ctx, id)
		return err
	}},
	{"UpdateRoom", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		title := "another"
		_, err := s.Rooms.UpdateRoom(ctx, id, room.Change{Title: &title})
		return err
	}},
	{"EndRoom", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Rooms.EndRoom(ctx, id)
		return err
	}},
	{"Append", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Log.Append(ctx, id, draft("ann", "hello"), under(roomy))
		return err
	}},
	{"Recall", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		at := live.Timestamp(1)
		if held, err := s.Log.Between(s.t.Context(), id, 0, 0, 1); err == nil && len(held) > 0 {
			at = held[0].Timestamp
		}
		_, err := s.Log.Recall(ctx, id, feed.Recall{Timestamp: at, By: "host", Staff: true}, under(roomy))
		return err
	}},
	{"Message", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Log.Message(ctx, id, 1)
		if errors.Is(err, feed.ErrNoMessage) {
			return nil
		}
		return err
	}},
	{"Read", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Log.Read(ctx, id, feed.Cursor{}, 10)
		return err
	}},
	{"Recent", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Log.Recent(ctx, id, feed.Cursor{}, 10)
		return err
	}},
	{"Between", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Log.Between(ctx, id, 0, 0, 10)
		return err
	}},
	{"Head", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Log.Head(ctx, id)
		return err
	}},
	{"UpdateAttributes", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Attributes.UpdateAttributes(ctx, id, batch("", set("k", "another")))
		return err
	}},
	{"AttributesSince", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Attributes.AttributesSince(ctx, id, "", 0)
		return err
	}},
	{"AttributeSnapshot", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Attributes.AttributeSnapshot(ctx, id, nil)
		return err
	}},
	{"Join", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, _, err := s.Presence.Join(ctx, id, stay("bob", "b"), time.Hour)
		return err
	}},
	{"Leave", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Presence.Leave(ctx, store.Departure{Room: id, User: "ann"})
		return err
	}},
	{"Members", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Presence.Members(ctx, id, "", 10)
		return err
	}},
	{"ApplySanction", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Sanctions.ApplySanction(ctx, order(id, moderation.Ban, "bob"))
		return err
	}},
	{"LiftSanction", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		return s.Sanctions.LiftSanction(ctx, store.SanctionLift{Room: id, Kind: moderation.Mute, User: "ann"})
	}},
	{"Sanctions", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Sanctions.Sanctions(ctx, query(id, moderation.Query{Past: true}))
		return err
	}},
	{"Follow", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		stop, err := s.Bus.Follow(ctx, id, func(store.Publication) {})
		if err == nil {
			stop()
		}
		return err
	}},
}

// anywhere is every method that takes no room's id, with changes to be seen.
var anywhere = []call{
	{"CreateRoom", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Rooms.CreateRoom(ctx, newRoom("new"), "request")
		return err
	}},
	{"Rooms", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Rooms.Rooms(ctx, store.RoomQuery{Limit: 10})
		return err
	}},
	{"Expire", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, _, err := s.Presence.Expire(ctx, 10)
		return err
	}},
	{"Settle", true, func(ctx context.Context, s *rig, _ live.RoomID) error { return s.Presence.Settle(ctx, nil) }},
	{"Renew", true, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Presence.Renew(ctx, map[live.RoomID][]store.Lease{id: {{Session: "a", User: "ann"}}}, time.Hour)
		return err
	}},
	{"Online", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Presence.Online(ctx, []live.RoomID{id})
		return err
	}},
	{"Marks", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Log.Marks(ctx, []live.RoomID{id})
		return err
	}},
	{"ApplySanction everywhere", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Sanctions.ApplySanction(ctx, order("", moderation.Ban, "bob"))
		return err
	}},
	{"LiftSanction everywhere", true, func(ctx context.Context, s *rig, _ live.RoomID) error {
		return s.Sanctions.LiftSanction(ctx, store.SanctionLift{Kind: moderation.Mute, User: "ann"})
	}},
	{"Sanctions of all rooms", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Sanctions.Sanctions(ctx, query("", moderation.Query{}))
		return err
	}},
	{"Standing", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Sanctions.Standing(ctx, id, "ann")
		return err
	}},
	{"Standing in no room", false, func(ctx context.Context, s *rig, _ live.RoomID) error {
		_, err := s.Sanctions.Standing(ctx, "", "ann")
		return err
	}},
	{"Standings", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Sanctions.Standings(ctx, id, []live.UserID{"ann"})
		return err
	}},
	{"SanctionRevisions", false, func(ctx context.Context, s *rig, id live.RoomID) error {
		_, err := s.Sanctions.SanctionRevisions(ctx, []live.RoomID{id})
		return err
	}},
}

// quizCalls is every method about quizzes that takes a room's id, of roles that the store has.
func (s *rig) quizCalls() []call {
	if hasQuizzes(s.Set) {
		return quizzesCalls
	}
	return nil
}

// quizAnywhere is every other method of those roles, and of others that not every store has.
func (s *rig) quizAnywhere() (all []call) {
	if hasQuizzes(s.Set) {
		all = append(all, quizzesAnywhere...)
	}
	if hasAnswers(s.Set) {
		all = append(all, answersCalls...)
	}
	if hasLedger(s.Set) {
		all = append(all, ledgerCalls...)
	}
	if hasVisits(s.Set) {
		all = append(all, visitsCalls...)
	}
	if hasReports(s.Set) {
		all = append(all, reportsCalls...)
	}
	return all
}

func roomNotFound(t *testing.T, s *rig) {
	s.create("r")
	for _, c := range slices.Concat(calls, wordsCalls, historyCalls, s.quizCalls()) {
		for _, id := range []live.RoomID{"absent", "R", "r "} {
			t.Run(c.name, func(t *testing.T) { wantRoomError(t, c.call(t.Context(), s, id), id, store.ErrRoomNotFound) })
		}
	}
}

func roomEnded(t *testing.T, s *rig) {
	s.create("r")
	s.send("r", draft("ann", "hello"))
	s.end("r")
	head := s.head("r")
	for _, c := range slices.Concat(calls, wordsCalls, historyCalls, s.quizCalls()) {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(t.Context(), s, "r"); c.changes {
				wantRoomError(t, err, "r", store.ErrRoomEnded)
			} else if err != nil {
				t.Errorf("%v, want that it works in an ended room", err)
			}
		})
	}
	s.wantHead("r", head)
}

func roomEndedRefusesRepeatsToo(t *testing.T, s *rig) {
	s.create("r")
	s.send("r", full)
	s.apply("r", batch("request", set("k", "1")))
	s.join("r", "ann", "a")
	ban := order("r", moderation.Ban, "bob")
	ban.RequestID = "request"
	s.sanction(ban)
	s.end("r")
	_, err := s.Log.Append(t.Context(), "r", full, under(roomy))
	wantRoomError(t, err, "r", store.ErrRoomEnded)
	_, err = s.Attributes.UpdateAttributes(t.Context(), "r", batch("request", set("k", "1")))
	wantRoomError(t, err, "r", store.ErrRoomEnded)
	_, _, err = s.Presence.Join(t.Context(), "r", stay("ann", "a"), time.Hour)
	wantRoomError(t, err, "r", store.ErrRoomEnded)
	_, err = s.Sanctions.ApplySanction(t.Context(), ban)
	wantRoomError(t, err, "r", store.ErrRoomEnded)
}

func contextOverDoesNothing(t *testing.T, s *rig) {
	s.create("r")
	s.send("r", draft("ann", "hello"))
	s.sanction(order("r", moderation.Mute, "ann"))
	s.sanction(order("", moderation.Mute, "ann"))
	s.announce(nodeOf("old"), time.Hour)
	s.record(event("old", "r"))
	var q quiz.Quiz
	if hasQuizzes(s.Set) {
		q = s.draftQuiz("r", "q")
		s.addTasks(q.Ref, taskOf(q.Ref, quiz.StageClose, 0, 1))
	}
	s.pass(time.Millisecond) // so that it is old enough to be pruned
	revision := s.revision("r")
	s.joinFor("r", stay("ann", "a"), moment)
	s.apply("r", by("ann", batch("", seat("k", "1"))))
	s.lapse()
	head, before := s.head("r"), s.room("r")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range slices.Concat(calls, wordsCalls, historyCalls, nodesCalls, eventsCalls, anywhere, s.quizCalls(), s.quizAnywhere()) {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(ctx, s, "r"); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the context's error", err)
			}
		})
	}
	s.wantHead("r", head)
	if now := s.room("r"); !sameRoom(now, before) {
		t.Errorf("the room changed from %+v\nto %+v", before, now)
	}
	s.wantOnline("r", 1, 1)
	if now := s.revision("r"); now != revision {
		t.Errorf("the sanctions changed from %+v to %+v", revision, now)
	}
	if n := len(s.rooms(store.RoomQuery{Limit: 10})); n != 1 {
		t.Errorf("%d rooms, want 1", n)
	}
	if got := s.expire(10); len(got) != 1 { // neither renewed, nor gone
		t.Errorf("Expire = %+v, want ann", got)
	}
	s.wantNodes(nodeOf("old"))
	s.wantEvents(s.events(store.EventQuery{Limit: 10}), event("old", "r"))
	s.wantConsumer("consumer", false, 0)
	if hasQuizzes(s.Set) {
		s.wantQuiz(q)
		s.wantClaim(taskOf(q.Ref, quiz.StageClose, 0, 1))
		s.wantWritten(ledger.Account{})
	}
	if hasAnswers(s.Set) {
		s.wantSeal(slotOf("r", 1))
	}
}
