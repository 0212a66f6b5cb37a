package app_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/store"
	"github.com/ovation-live/ovation/store/memory"
)

// visitsTo returns the visits to a room.
func (n *node) visitsTo(t *testing.T, room string) []*ovationv1.Visit {
	t.Helper()
	got, err := n.backend(t).audience.ListVisits(t.Context(), &ovationv1.ListVisitsRequest{RoomId: room})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetVisits()
}

// Whoever subscribes on one node, and leaves, has visited; any node tells.
func TestStreamsAreVisits(t *testing.T) {
	t.Parallel()
	set := memory.New().Set()
	a, b := startOn(t, set), startOn(t, set)
	a.create(t, "r")
	viewer := a.clients(h2c.client(t, bearer(t, live.RoleViewer, "r")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := viewer.feed.Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: "r"})
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	testkit.Eventually(t, "the visit is open", func() bool {
		v := b.visitsTo(t, "r")
		return len(v) == 1 && v[0].GetExitedAt() == 0 && v[0].GetEnteredAt() > 0
	})
	session := stream.Msg().GetWelcome().GetSessionId()
	if _, err := viewer.rooms.LeaveRoom(t.Context(), &ovationv1.LeaveRoomRequest{RoomId: "r", SessionId: session}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the visit is closed", func() bool {
		v := b.visitsTo(t, "r")
		return len(v) == 1 && v[0].GetExitedAt() >= v[0].GetEnteredAt() && !v[0].GetInferred() && v[0].GetSessionId() == session
	})
	events, err := set.Events.Events(t.Context(), store.EventQuery{EventFilter: store.EventFilter{Rooms: []live.RoomID{"r"}}, Limit: 10})
	var told []store.Event
	for _, e := range events.Events {
		if e.Kind == store.EventKind(ovationv1.EventKind_EVENT_KIND_VISIT_CLOSED) {
			told = append(told, e)
		}
	}
	if err != nil || len(told) != 1 {
		t.Fatalf("%+v, %v; want one event", events, err)
	}
	body := new(ovationv1.Visit)
	if err := proto.Unmarshal(told[0].Payload, body); err != nil || body.GetSessionId() != session || body.GetLength() == nil {
		t.Errorf("%v, %v", body, err)
	}
}

// One event that is not what it may be, whatever is wrong with it, holds up no other of its
// batch. What bounds a batch is how large it is, and how many events it has.
func TestOneBadEventHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.backend(t)
	at := time.Now().Add(-time.Hour).UnixMicro()
	batch := func(bad *ovationv1.VisitEvent) *ovationv1.ReportVisitsRequest {
		events := []*ovationv1.VisitEvent{bad}
		for i := range 4 {
			events = append(events, &ovationv1.VisitEvent{RoomId: "r", UserId: fmt.Sprint("u", i), SessionId: "s", Version: 1, At: at})
		}
		return &ovationv1.ReportVisitsRequest{Events: events}
	}
	long := strings.Repeat("x", 257)
	for name, bad := range map[string]*ovationv1.VisitEvent{
		"nothing":           {},
		"a long room":       {RoomId: long, UserId: "u", SessionId: "s", Version: 1, At: at},
		"a long user":       {RoomId: "r", UserId: long, SessionId: "s", Version: 1, At: at},
		"a very long user":  {RoomId: "r", UserId: strings.Repeat(long, 3000), SessionId: "s", Version: 1, At: at},
		"a long session":    {RoomId: "r", UserId: "u", SessionId: long, Version: 1, At: at},
		"a version below 0": {RoomId: "r", UserId: "u", SessionId: "s", Version: math.MinInt64, At: at},
		"an instant of old": {RoomId: "r", UserId: "u", SessionId: "s", Version: 1, At: math.MinInt64},
		"an instant to be":  {RoomId: "r", UserId: "u", SessionId: "s", Version: 1, At: math.MaxInt64},
	} {
		got, err := c.audience.ReportVisits(t.Context(), batch(bad))
		if err != nil || got.GetAccepted() != 4 || len(got.GetSetAside()) != 1 || got.GetSetAside()[0].GetDetail() == "" ||
			len(got.GetSetAside()[0].GetEvent().GetUserId()) > 256 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	testkit.Eventually(t, "the others are merged", func() bool { return len(n.visitsTo(t, "r")) == 4 })
	large := batch(&ovationv1.VisitEvent{UserId: strings.Repeat(long, 5000)})
	if _, err := c.audience.ReportVisits(t.Context(), large); connect.CodeOf(err) != connect.CodeResourceExhausted {
		t.Errorf("larger than a request may be: %v", err)
	}
	many := &ovationv1.ReportVisitsRequest{Events: make([]*ovationv1.VisitEvent, 5001)}
	for i := range many.GetEvents() {
		many.Events[i] = new(ovationv1.VisitEvent)
	}
	if _, err := c.audience.ReportVisits(t.Context(), many); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("more than a batch may have: %v", err)
	}
}

// A room's end closes what is open in it, at its instant, and its figures are exact then.
func TestEndOfARoomClosesItsVisits(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.backend(t)
	at := time.Now().Add(-time.Hour).UnixMicro()
	event := func(user string, version, at int64) *ovationv1.VisitEvent {
		return &ovationv1.VisitEvent{RoomId: "r", UserId: user, SessionId: "s", Version: version, At: at}
	}
	minute := time.Minute.Microseconds()
	got, err := c.audience.ReportVisits(t.Context(), &ovationv1.ReportVisitsRequest{Events: []*ovationv1.VisitEvent{
		event("ann", 2, at+10*minute), event("ann", 1, at), event("bob", 1, at+5*minute), event("bob", 0, at),
	}})
	if err != nil || got.GetAccepted() != 3 || len(got.GetSetAside()) != 1 ||
		got.GetSetAside()[0].GetReason() != ovationv1.SetAsideReason_SET_ASIDE_REASON_MALFORMED {
		t.Fatalf("%v, %v", got, err)
	}
	ended, err := c.rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: "r"})
	if err != nil {
		t.Fatal(err)
	}
	end := ended.GetRoom().GetEndedAt()
	testkit.Eventually(t, "all is closed", func() bool {
		w, err := c.audience.GetWatchTime(t.Context(), &ovationv1.GetWatchTimeRequest{RoomId: "r"})
		return err == nil && w.GetWatchTime().GetVisits() == 2 && w.GetWatchTime().GetOpen() == 0
	})
	w, err := c.audience.GetWatchTime(t.Context(), &ovationv1.GetWatchTimeRequest{RoomId: "r", ByDay: true, TimeZone: "Asia/Shanghai"})
	total := time.Duration(10*minute+end-at-5*minute) * time.Microsecond
	if err != nil || w.GetWatchTime().GetTotal().AsDuration() != total || w.GetWatchTime().GetInferred() != 1 || len(w.GetWatchTime().GetDays()) == 0 {
		t.Errorf("%v, %v; want %v", w, err, total)
	}
	a, err := c.audience.GetAttendance(t.Context(), &ovationv1.GetAttendanceRequest{RoomId: "r", WithCurve: true, WithRetention: true})
	figures := a.GetAttendance()
	if err != nil || figures.GetPeak() != 2 || figures.GetPeakAt() != at+5*minute || figures.GetUniqueUsers() != 2 ||
		figures.GetWatchTime().AsDuration() != total || figures.GetAverageWatchTime().AsDuration() != (total/2).Truncate(time.Microsecond) ||
		len(figures.GetCurve()) < 60 || figures.GetRetention()[10].GetUsers() != 2 || figures.GetRetention()[11].GetUsers() != 1 {
		t.Errorf("%v, %v", figures, err)
	}
	aside, err := c.audience.ListSetAsideVisits(t.Context(), &ovationv1.ListSetAsideVisitsRequest{})
	if err != nil || len(aside.GetSetAside()) != 1 || aside.GetSetAside()[0].GetEvent().GetUserId() != "bob" {
		t.Errorf("%v, %v", aside, err)
	}
	_, err = c.audience.GetWatchTime(t.Context(), &ovationv1.GetWatchTimeRequest{RoomId: "r", TimeZone: "Nowhere"})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD || detail(err).GetMetadata()["field"] != "time_zone" {
		t.Errorf("%v", err)
	}
}
