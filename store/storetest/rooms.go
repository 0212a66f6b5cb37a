package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/store"
)

var roomsTests = []test{
	{"CreateReturnsTheRoomAsStored", createReturnsTheRoomAsStored},
	{"CreateDecidesWhatIsItsOwn", createDecidesWhatIsItsOwn},
	{"CreateAgainReturnsWhatWasCreated", createAgainReturnsWhatWasCreated},
	{"CreateAgainWithNilForEmptyIsTheSame", createAgainWithNilForEmptyIsTheSame},
	{"CreateAgainWithAnotherRoomIsRefused", createAgainWithAnotherRoomIsRefused},
	{"CreateIsRememberedForFiveMinutes", createIsRememberedForFiveMinutes},
	{"CreateOfATakenIDIsRefused", createOfATakenIDIsRefused},
	{"CreateThatWasRefusedIsNotRemembered", createThatWasRefusedIsNotRemembered},
	{"CreatePublishesNothing", createPublishesNothing},
	{"RoomsAreInOrderOfIDBytes", roomsAreInOrderOfIDBytes},
	{"RoomsArePaged", roomsArePaged},
	{"RoomsAreOfOneState", roomsAreOfOneState},
	{"UpdateAppliesAChange", updateAppliesAChange},
	{"UpdateRefusedChangesNothing", updateRefusedChangesNothing},
	{"EndEndsOnce", endEndsOnce},
	{"EndIsLaterThanEveryEntry", endIsLaterThanEveryEntry},
	{"EndEndsEverySession", endEndsEverySession},
	{"EndedRoomCanBeRead", endedRoomCanBeRead},
}

func createReturnsTheRoomAsStored(t *testing.T, s *rig) {
	want := newRoom("r")
	got := s.createAs(want, "request")
	if got.Created <= 0 {
		t.Fatalf("CreateRoom = %+v, want an instant of creation", got)
	}
	want.State, want.Revision, want.Created = room.Live, 1, got.Created
	if !sameRoom(got, want) {
		t.Errorf("CreateRoom = %+v\nwant %+v", got, want)
	}
	if stored := s.room("r"); !sameRoom(stored, want) {
		t.Errorf("Room = %+v\nwant %+v", stored, want)
	}
}

func createDecidesWhatIsItsOwn(t *testing.T, s *rig) {
	r := newRoom("r")
	r.State, r.Revision, r.Created, r.Ended = room.Ended, 9, 1, 2
	got := s.createAs(r, "")
	if got.State != room.Live || got.Revision != 1 || got.Created == 1 || got.Ended != 0 {
		t.Errorf("CreateRoom = %+v, want it live, at revision 1, created now", got)
	}
}

func createAgainReturnsWhatWasCreated(t *testing.T, s *rig) {
	first := s.createAs(newRoom("r"), "request")
	s.retitle("r", "another")
	s.end("r")
	if again := s.createAs(newRoom("r"), "request"); !sameRoom(first, again) {
		t.Errorf("again: %+v\nwant %+v", again, first)
	}
	if now := s.rooms(store.RoomQuery{Limit: 1})[0]; now.Title != "another" || now.State != room.Ended {
		t.Errorf("creating again changed the room: %+v", now)
	}
}

func createAgainWithNilForEmptyIsTheSame(t *testing.T, s *rig) {
	r := newRoom("r")
	r.Labels, r.Settings.Rules = map[string]string{}, feed.Rules{}
	first := s.createAs(r, "request")
	r.Labels, r.Settings.Rules = nil, nil
	if again := s.createAs(r, "request"); !sameRoom(first, again) {
		t.Errorf("again: %+v\nwant %+v", again, first)
	}
}

func createAgainWithAnotherRoomIsRefused(t *testing.T, s *rig) {
	s.createAs(newRoom("r"), "request")
	titled := newRoom("r")
	titled.Title = "another"
	labelled := newRoom("r")
	labelled.Labels = map[string]string{"topic": "chess"}
	faster := newRoom("r")
	faster.Settings.Feed.Rate++
	for _, other := range []room.Room{newRoom("other"), titled, labelled, faster} {
		if _, err := s.Rooms.CreateRoom(t.Context(), other, "request"); !errors.Is(err, store.ErrRequestReused) {
			t.Errorf("with %+v: %v, want ErrRequestReused", other, err)
		}
	}
	if rooms := s.rooms(store.RoomQuery{Limit: 10}); len(rooms) != 1 {
		t.Errorf("there are %d rooms, want 1", len(rooms))
	}
}

func createIsRememberedForFiveMinutes(t *testing.T, s *rig) {
	clock := s.clock(t)
	first := s.createAs(newRoom("r"), "request")
	clock.Advance(5*time.Minute - time.Millisecond)
	if again := s.createAs(newRoom("r"), "request"); !sameRoom(first, again) {
		t.Errorf("just before 5 minutes: %+v\nwant %+v", again, first)
	}
}

func createOfATakenIDIsRefused(t *testing.T, s *rig) {
	s.create("r")
	for _, request := range []string{"", "", "request", "request"} {
		if _, err := s.Rooms.CreateRoom(t.Context(), newRoom("r"), request); !errors.Is(err, store.ErrRoomExists) {
			t.Errorf("request %q: %v, want ErrRoomExists", request, err)
		}
	}
	s.end("r")
	_, err := s.Rooms.CreateRoom(t.Context(), newRoom("r"), "")
	wantRoomError(t, err, "r", store.ErrRoomExists)
}

func createThatWasRefusedIsNotRemembered(t *testing.T, s *rig) {
	s.create("r")
	if _, err := s.Rooms.CreateRoom(t.Context(), newRoom("r"), "request"); !errors.Is(err, store.ErrRoomExists) {
		t.Fatalf("%v, want ErrRoomExists", err)
	}
	s.createAs(newRoom("other"), "request")
}

func createPublishesNothing(t *testing.T, s *rig) {
	s.create("r")
	head := s.head("r")
	want := store.Head{Heads: feed.Heads{Cursor: feed.Cursor{Epoch: head.Cursor.Epoch}, Revision: 1}}
	if head != want || head.Cursor.Epoch == "" {
		t.Errorf("Head = %+v, want nothing but an epoch and revision 1", head)
	}
}

// ids returns the ids of rooms.
func ids(rooms []room.Room) []live.RoomID {
	all := make([]live.RoomID, len(rooms))
	for i, r := range rooms {
		all[i] = r.ID
	}
	return all
}

func roomsAreInOrderOfIDBytes(t *testing.T, s *rig) {
	want := []live.RoomID{" ", "10", "9", "B", "_", "a", "a b", "a-b", "a:b", "ab", "a{b}", "Ä", "ä", "日本", "🎤"}
	slices.Sort(want)
	for i := range want {
		s.create(want[(i*7)%len(want)])
	}
	if got := ids(s.rooms(store.RoomQuery{Limit: 100})); !slices.Equal(got, want) {
		t.Errorf("Rooms = %q\nwant %q", got, want)
	}
}

func roomsArePaged(t *testing.T, s *rig) {
	for _, i := range []int{4, 1, 3, 0, 2} {
		s.create(live.RoomID(fmt.Sprint("r", i)))
	}
	tests := []struct {
		after live.RoomID
		limit int
		want  []live.RoomID
	}{
		{"", 2, []live.RoomID{"r0", "r1"}},
		{"r1", 2, []live.RoomID{"r2", "r3"}},
		{"r3", 2, []live.RoomID{"r4"}},
		{"r4", 2, []live.RoomID{}},
		{"r11", 1, []live.RoomID{"r2"}},
		{"", 5, []live.RoomID{"r0", "r1", "r2", "r3", "r4"}},
	}
	for _, test := range tests {
		got := ids(s.rooms(store.RoomQuery{After: test.after, Limit: test.limit}))
		if !slices.Equal(got, test.want) {
			t.Errorf("after %q, %d: %q, want %q", test.after, test.limit, got, test.want)
		}
	}
}

func roomsAreOfOneState(t *testing.T, s *rig) {
	for i := range 6 {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		if i%2 == 0 {
			s.end(id)
		}
	}
	tests := []struct {
		state room.State
		want  []live.RoomID
	}{
		{room.Ended, []live.RoomID{"r0", "r2"}},
		{room.Live, []live.RoomID{"r1", "r3"}},
		{room.StateAny, []live.RoomID{"r0", "r1"}},
	}
	for _, test := range tests {
		if got := ids(s.rooms(store.RoomQuery{State: test.state, Limit: 2})); !slices.Equal(got, test.want) {
			t.Errorf("state %d: %q, want %q", test.state, got, test.want)
		}
	}
}

func updateAppliesAChange(t *testing.T, s *rig) {
	created := s.create("r")
	title, rate, rules := "another", 7, feed.Rules{{Kind: feed.KindGift, Bucket: feed.Low}}
	change := room.Change{
		Title:    &title,
		Settings: room.SettingsChange{Rate: &rate, Rules: &rules},
		Labels:   map[string]string{"topic": "", "mood": "calm"},
	}
	want, err := created.Apply(change)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.update("r", change); !sameRoom(got, want) || got.Revision != 2 {
		t.Errorf("UpdateRoom = %+v\nwant %+v", got, want)
	}
	s.eventually("Room returns the change", func() bool { return sameRoom(s.room("r"), want) })
	if revision := s.head("r").Revision; revision != 2 {
		t.Errorf("Head's revision = %d, want 2", revision)
	}
}

func updateRefusedChangesNothing(t *testing.T, s *rig) {
	created := s.create("r")
	rate, title := 0, "another"
	_, err := s.Rooms.UpdateRoom(t.Context(), "r", room.Change{Title: &title, Settings: room.SettingsChange{Rate: &rate}})
	var outOfRange *room.RangeError
	if !errors.As(err, &outOfRange) || outOfRange.Setting != "upstream_rate" {
		t.Errorf("a setting out of range: %v, want a RangeError of it", err)
	}
	labels := make(map[string]string)
	for i := range room.MaxLabels + 1 {
		labels[fmt.Sprint(i)] = "x"
	}
	_, err = s.Rooms.UpdateRoom(t.Context(), "r", room.Change{Title: &title, Labels: labels})
	if !errors.Is(err, room.ErrTooManyLabels) {
		t.Errorf("too many labels: %v, want ErrTooManyLabels", err)
	}
	if now := s.room("r"); !sameRoom(now, created) {
		t.Errorf("Room = %+v\nwant %+v", now, created)
	}
	if head := s.head("r"); head.Revision != 1 || head.Sequence != 0 {
		t.Errorf("Head = %+v, want revision 1 and nothing published", head)
	}
}

func endEndsOnce(t *testing.T, s *rig) {
	want := s.create("r")
	ended := s.end("r")
	want = want.End(ended.Ended)
	if !sameRoom(ended, want) || ended.Ended < ended.Created {
		t.Errorf("EndRoom = %+v\nwant %+v", ended, want)
	}
	head := s.head("r")
	if head.Revision != 2 || head.Sequence != 1 {
		t.Errorf("Head = %+v, want revision 2 and one publication", head)
	}
	if again := s.end("r"); !sameRoom(again, want) {
		t.Errorf("again: %+v\nwant %+v", again, want)
	}
	s.wantHead("r", head)
	s.eventually("Room returns the end", func() bool { return sameRoom(s.room("r"), want) })
}

func endIsLaterThanEveryEntry(t *testing.T, s *rig) {
	s.create("r")
	sent, put := s.send("r", draft("ann", "hello")).Place.Timestamp, s.put("r", "k", "v").Timestamp
	if ended := s.end("r").Ended; ended <= sent || ended <= put {
		t.Errorf("ended at %d, not after %d and %d", ended, sent, put)
	}
}

func endEndsEverySession(t *testing.T, s *rig) {
	s.create("r")
	s.joinFor("r", stay("ann", "a1"), moment)
	s.join("r", "ann", "a2")
	s.join("r", "bob", "b1")
	s.end("r")
	if online, members := s.online("r"), s.members("r", "", 10); online != (room.Online{}) || len(members) > 0 {
		t.Errorf("Online = %+v, Members = %+v; want nobody", online, members)
	}
	if gone := s.renew("r", time.Hour, stay("ann", "a1"), stay("bob", "b1")); !slices.Equal(gone, []live.SessionID{"a1", "b1"}) {
		t.Errorf("Renew = %q, want both gone", gone)
	}
	if s.leave("r", "ann", "") {
		t.Error("Leave ended a session of an ended room")
	}
	s.lapse()
	if departures := s.expire(10); len(departures) > 0 {
		t.Errorf("Expire = %+v, want none", departures)
	}
	if sequence := s.head("r").Sequence; sequence != 1 {
		t.Errorf("%d publications, want that of the end alone", sequence)
	}
}

func endedRoomCanBeRead(t *testing.T, s *rig) {
	s.create("r")
	place := s.send("r", draft("ann", "hello")).Place
	s.join("r", "host", "h")
	at := s.apply("r", batch("", seat("seat", "1"))).Timestamp
	s.end("r")
	if m := s.message("r", place.Timestamp); m.Text != "hello" {
		t.Errorf("Message = %+v", m)
	}
	if got := s.read("r", feed.Cursor{}, 10); len(got.Messages) != 1 {
		t.Errorf("Read = %+v, want the message", got)
	}
	if got := s.all("r"); len(got) != 1 {
		t.Errorf("Between = %+v, want the message", got)
	}
	s.leave("r", "host", "")
	want := []attribute.Attribute{{Key: "seat", Value: []byte("1"), Timestamp: at, Owner: "host", DeleteOnLeave: true}}
	if got := s.snapshot("r"); !sameAttributes(got.Attributes, want) {
		t.Errorf("AttributeSnapshot = %+v, want that an ended room keeps everything", got)
	}
	if delta := s.since("r", s.head("r").Cursor.Epoch, 0); delta.Changes == nil || len(delta.Changes.List) != 1 {
		t.Errorf("AttributesSince = %+v, want the change", delta)
	}
}
