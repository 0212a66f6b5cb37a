package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// namedOtherwise is the requests that name rooms in other ways than by a room_id of
// their own, which is what bans are looked up by. All are calls of backends, whom no ban
// keeps out; one that is not needs a look-up of its own.
var namedOtherwise = []string{
	"AudienceService.ReportVisits events.room_id",
	"EventService.PutWebhook webhook.filter.room_ids",
	"EventService.StreamEvents filter.room_ids",
	"GiftService.PutGift gift.room_id",
	"RoomService.LinkRooms other_room_id",
	"RoomService.UnlinkRooms other_room_id",
}

// Every request of the contract that names a room says so in a way that is seen before
// its handler, built or not.
func TestRequestsNameTheirRooms(t *testing.T) {
	t.Parallel()
	otherwise := make(map[string]bool)
	named := 0
	methods(t, func(m protoreflect.MethodDescriptor, _ bool) {
		for _, path := range roomFields(m.Input(), "", nil) {
			if path != "room_id" {
				otherwise[string(m.Parent().Name())+"."+string(m.Name())+" "+path] = true
				continue
			}
			named++
			kind, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := kind.New().Interface().(interface{ GetRoomId() string }); !ok {
				t.Errorf("%s does not say its room", m.Input().FullName())
			}
		}
	})
	if got := slices.Sorted(maps.Keys(otherwise)); !slices.Equal(got, namedOtherwise) {
		t.Errorf("rooms are named otherwise by\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(namedOtherwise, "\n"))
	}
	if named < 50 {
		t.Errorf("%d requests name a room", named)
	}
}

// roomFields returns the paths of the fields of a message that name rooms.
func roomFields(m protoreflect.MessageDescriptor, prefix string, above []protoreflect.FullName) (paths []string) {
	if slices.Contains(above, m.FullName()) {
		return nil
	}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		path := prefix + string(f.Name())
		switch {
		case f.Message() != nil:
			paths = append(paths, roomFields(f.Message(), path+".", append(above, m.FullName()))...)
		case strings.Contains(string(f.Name()), "room_id"):
			paths = append(paths, path)
		}
	}
	return paths
}
