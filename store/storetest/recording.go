package storetest

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var recordingTests = []test{
	{"RoomsAreRecorded", roomsAreRecorded},
	{"SanctionsAreRecorded", sanctionsAreRecorded},
	{"MessagesAreRecordedForWhoAsks", messagesAreRecordedForWhoAsks},
	{"RefusalsAreNotRecorded", refusalsAreNotRecorded},
}

// Payloads encodes what the suite looks at.
type Payloads struct{}

// RoomPayload implements store.Payloads.
func (Payloads) RoomPayload(r room.Room) []byte {
	return []byte(fmt.Sprint(r.ID, " ", r.State, " ", r.Revision, " ", r.Created, " ", r.Ended))
}

// SanctionPayload implements store.Payloads.
func (Payloads) SanctionPayload(s moderation.Sanction) []byte {
	return []byte(fmt.Sprint(s.Kind, " ", s.User, " ", s.Reason, " ", s.State, " ", s.LiftedBy))
}

// MessagePayload implements store.Payloads.
func (Payloads) MessagePayload(m *feed.Message) []byte { return []byte(m.Text) }

// records skips a test where the store was opened without payloads.
func (s *rig) records(t *testing.T) {
	t.Helper()
	if !s.Records {
		t.Skip("the store has nothing that it records by itself")
	}
}

// early is what may be recorded or not: it was sent just before somebody asked for messages.
const early = "early"

// wantRecorded waits for events that were recorded, and compares their kinds and payloads.
func (s *rig) wantRecorded(q store.EventQuery, want ...string) []store.Event {
	s.t.Helper()
	var all []store.Event
	q.Limit = 100
	s.eventually(fmt.Sprint(len(want), " events are recorded"), func() bool {
		all = slices.DeleteFunc(s.events(q), func(e store.Event) bool { return string(e.Payload) == early })
		return len(all) >= len(want)
	})
	var got []string
	for _, e := range all {
		got = append(got, strconv.Itoa(int(e.Kind))+" "+string(e.Payload))
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("recorded is %q\nwant %q", got, want)
	}
	return all
}

func roomsAreRecorded(t *testing.T, s *rig) {
	s.records(t)
	for range 2 {
		s.createAs(newRoom("r"), "request")
	}
	s.retitle("r", "another")
	created := s.room("r")
	for range 2 {
		s.end("r")
	}
	ended := s.room("r")
	all := s.wantRecorded(store.EventQuery{},
		fmt.Sprint("4 r ", room.Live, " 1 ", created.Created, " 0"),
		fmt.Sprint("5 r ", room.Ended, " ", ended.Revision, " ", created.Created, " ", ended.Ended))
	if all[0].Room != "r" || all[0].At != created.Created || all[1].At != ended.Ended || all[0].ID == all[1].ID {
		t.Errorf("%+v", all)
	}
}

func sanctionsAreRecorded(t *testing.T, s *rig) {
	s.records(t)
	s.create("r")
	ban := order("r", moderation.Ban, "ann")
	ban.RequestID, ban.Reason = "request", "first"
	s.sanction(ban)
	s.sanction(ban)
	again := order("r", moderation.Ban, "ann")
	again.Reason = "second"
	s.sanction(again)
	s.sanction(order("", moderation.Mute, "bob"))
	for range 2 {
		s.lift("r", moderation.Ban, "ann")
	}
	by := ban.By
	lifted := "lifter"
	q := store.EventQuery{EventFilter: store.EventFilter{Kinds: []store.EventKind{store.SanctionApplied, store.SanctionLifted}}}
	all := s.events(store.EventQuery{EventFilter: q.EventFilter, Limit: 100})
	if len(all) == 5 { // whoever lifts is the suite's to say
		_, _ = fmt.Sscanf(string(all[4].Payload), fmt.Sprint(moderation.Ban, " ann second ", moderation.Lifted, " %s"), &lifted)
	}
	all = s.wantRecorded(q,
		fmt.Sprint("7 ", moderation.Ban, " ann first ", moderation.Active, " "),
		fmt.Sprint("8 ", moderation.Ban, " ann first ", moderation.Lifted, " ", by),
		fmt.Sprint("7 ", moderation.Ban, " ann second ", moderation.Active, " "),
		fmt.Sprint("7 ", moderation.Mute, " bob ", s.reasonOf("", "bob"), " ", moderation.Active, " "),
		fmt.Sprint("8 ", moderation.Ban, " ann second ", moderation.Lifted, " ", lifted))
	if all[3].Room != "" || all[4].Room != "r" || all[1].At < all[0].At {
		t.Errorf("%+v", all)
	}
}

// reasonOf returns the reason of what acts on a user.
func (s *rig) reasonOf(id live.RoomID, user live.UserID) string {
	s.t.Helper()
	all, err := s.Sanctions.Sanctions(s.t.Context(), store.SanctionQuery{
		Room: id, Query: moderation.Query{User: user, Limit: 1},
	})
	if err != nil || len(all) != 1 {
		s.t.Fatalf("Sanctions = %+v, %v", all, err)
	}
	return all[0].Reason
}

func messagesAreRecordedForWhoAsks(t *testing.T, s *rig) {
	s.records(t)
	s.create("r")
	s.create("other")
	s.send("r", draft("ann", early))
	open := opening("c", "o", store.StartLatest)
	open.Kinds, open.Rooms = []store.EventKind{store.MessageSent, store.MessageRecalled}, []live.RoomID{"r"}
	if _, err := s.Consumers.OpenConsumer(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	s.send("other", draft("ann", "elsewhere"))
	first := s.send("r", draft("ann", "first"))
	s.send("r", draft("bob", "second"))
	q := store.EventQuery{EventFilter: store.EventFilter{Kinds: open.Kinds}}
	all := s.wantRecorded(q, "9 first", "9 second")
	if all[0].Room != "r" || all[0].At != first.Place.Timestamp {
		t.Errorf("%+v, want the message %+v", all[0], first)
	}
	s.recall("r", first.Place.Timestamp, "host")
	s.wantRecorded(q, "9 first", "9 second", "10 ")
	if err := s.Consumers.DeleteConsumer(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	s.send("r", draft("ann", "third"))
	s.wantArchived("r", "third")
	s.wantRecorded(q, "9 first", "9 second", "10 ")
}

// wantArchived waits until a message is in the history.
func (s *rig) wantArchived(id live.RoomID, text string) {
	s.t.Helper()
	s.eventually("it is archived", func() bool {
		all, err := s.History.History(s.t.Context(), id, 0, 0, 1000)
		return err == nil && slices.ContainsFunc(all, func(m *feed.Message) bool { return m.Text == text })
	})
}

func refusalsAreNotRecorded(t *testing.T, s *rig) {
	s.records(t)
	s.create("r")
	_, err := s.Rooms.CreateRoom(t.Context(), newRoom("r"), "")
	if err == nil {
		t.Error("a room was created twice")
	}
	protect := order("r", moderation.Protect, "ann")
	protect.For = time.Hour
	s.sanction(protect)
	if _, err := s.Sanctions.ApplySanction(t.Context(), order("r", moderation.Ban, "ann")); err == nil {
		t.Error("who is protected was banned")
	}
	s.lift("r", moderation.Mute, "ann")
	if all := s.events(store.EventQuery{Limit: 10}); len(all) != 2 {
		t.Errorf("recorded is %+v", all)
	}
}
