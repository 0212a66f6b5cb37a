package storetest

import (
	"fmt"
	"maps"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
)

// wantMarks checks that the marks of rooms, some of which may be absent, are what their
// heads say.
func (s *rig) wantMarks(ids ...live.RoomID) {
	s.t.Helper()
	want := make(map[live.RoomID]store.Mark)
	for _, id := range ids {
		if head, err := s.Log.Head(s.t.Context(), id); err == nil {
			want[id] = store.Mark{Epoch: head.Cursor.Epoch, Sequence: head.Sequence, Revision: head.Revision}
		}
	}
	if got, err := s.Log.Marks(s.t.Context(), ids); err != nil || !maps.Equal(got, want) {
		s.t.Errorf("Marks = %+v, %v\nwant %+v", got, err, want)
	}
}

func marksAreOfManyRooms(t *testing.T, s *rig) {
	ids := []live.RoomID{"absent"}
	for i := range 20 {
		id := live.RoomID(fmt.Sprint("r", i))
		s.create(id)
		s.sendAll(id, drafts(i))
		ids = append(ids, id)
	}
	s.put("r3", "k", "v")
	s.retitle("r5", "another")
	s.end("r7")
	s.wantMarks(ids...)
	s.wantMarks()
	if got, err := s.Log.Marks(t.Context(), ids); len(got) != 20 {
		t.Errorf("Marks = %+v, %v of 20 rooms and one that is absent", got, err)
	}
}
