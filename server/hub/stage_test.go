package hub_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// tb is what testing and rapid have in common.
type tb interface {
	Helper()
	Fatalf(format string, args ...any)
}

// theRoom is the room of every stage.
const theRoom live.RoomID = "r"

// stage is one room, its store and a hub.
type stage struct {
	tb
	store  *backing
	hub    *hub.Hub
	room   room.Room
	shower *shower
}

// roomWith returns a room whose settings differ from the defaults.
func roomWith(change func(*room.Settings)) room.Room {
	r := room.Room{ID: theRoom, Title: "Opening", Settings: room.DefaultSettings()}
	r.Settings.Feed.Rate, r.Settings.Feed.WhitelistRate = 100_000, 100_000
	r.Settings.Attributes.ViewersWrite = true
	if change != nil {
		change(&r.Settings)
	}
	return r
}

// play runs a test on a stage of its own, in time that passes when all wait.
func play(t *testing.T, change func(*room.Settings), test func(*stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, roomWith(change))
		defer s.hub.Close()
		test(s)
	})
}

func newStage(t tb, r room.Room) *stage {
	t.Helper()
	return newMeasuredStage(t, r, hub.NewMetrics(nil))
}

// newMeasuredStage is newStage with a hub that counts.
func newMeasuredStage(t tb, r room.Room, m *hub.Metrics) *stage {
	t.Helper()
	s := &stage{tb: t, store: newBacking(), shower: new(shower)}
	created, err := s.store.now().CreateRoom(context.Background(), r, "")
	s.must(err)
	s.room = created
	s.store.record(s.store.now(), r.ID)
	s.hub = hub.New(hub.Source{Rooms: s.store, Log: s.store, Bus: s.store},
		hub.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: m, Quizzes: s.shower})
	return s
}

// ctx returns a context that is never over.
func (s *stage) ctx() context.Context { return context.Background() }

// must fails on an error.
func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// limits returns what the room accepts.
func (s *stage) limits() store.Limits {
	return store.Limits{Limits: s.room.Settings.Feed, Revision: s.room.Revision}
}

// say appends one message and returns its place.
func (s *stage) say(b feed.Bucket, text string) feed.Receipt {
	s.Helper()
	receipt, err := s.store.now().Append(context.Background(), theRoom, feed.Draft{
		Content: feed.Content{Kind: feed.KindText, Sender: "host", Text: text}, Bucket: b,
	}, s.limits())
	s.must(err)
	if receipt.Outcome != feed.Accepted {
		s.Fatalf("%q was not accepted: %+v", text, receipt)
	}
	return receipt
}

// sayMany appends n messages.
func (s *stage) sayMany(b feed.Bucket, n int) {
	s.Helper()
	for i := range n {
		s.say(b, fmt.Sprint("message ", i))
	}
}

// setAttribute changes an attribute.
func (s *stage) setAttribute(key, value string) {
	s.Helper()
	_, err := s.store.now().UpdateAttributes(context.Background(), theRoom, store.AttributeUpdate{
		Actor: attribute.Actor{User: "host", Privileged: true}, Limits: s.room.Settings.Attributes,
		Updates: []attribute.Update{{Key: key, Value: []byte(value)}},
	})
	s.must(err)
}

// change changes the room.
func (s *stage) change(c room.Change) {
	s.Helper()
	_, err := s.store.now().UpdateRoom(context.Background(), theRoom, c)
	s.must(err)
}

// end ends the room.
func (s *stage) end() {
	s.Helper()
	_, err := s.store.now().EndRoom(context.Background(), theRoom)
	s.must(err)
}

// head returns how far the store is.
func (s *stage) head() store.Head {
	s.Helper()
	head, err := s.store.now().Head(context.Background(), theRoom)
	s.must(err)
	return s.store.descended(head)
}

// passing lets time pass, then waits until nothing moves any more.
func passing(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// seat subscribes a user, and takes what the stream has by hand.
func (s *stage) seat(user live.UserID, delivery hub.Delivery, c feed.Cursor) *seat {
	s.Helper()
	v, err := s.trySeat(hub.Subscription{
		Room: theRoom, Session: room.Session{ID: live.SessionID(user) + "'s", User: user}, Delivery: delivery, Cursor: c,
	})
	s.must(err)
	return v
}

func (s *stage) trySeat(sub hub.Subscription) (*seat, error) {
	bell := hub.NewBell()
	subscriber, welcome, err := s.hub.Subscribe(context.Background(), sub, bell)
	if err != nil {
		return nil, err
	}
	return &seat{s, subscriber, decoded(s, welcome).GetWelcome(), bell}, nil
}

// seat is a subscriber whose frames are taken by hand.
type seat struct {
	*stage
	sub     *hub.Subscriber
	welcome *ovationv1.Welcome
	bell    hub.Bell
}

// leave unsubscribes.
func (v *seat) leave() { v.hub.Unsubscribe(v.sub) }

// take returns all frames that are due.
func (v *seat) take() []*ovationv1.SubscribeResponse {
	v.Helper()
	var out []*ovationv1.SubscribeResponse
	for {
		frames, done := v.sub.Next(nil)
		for _, f := range frames {
			out = append(out, decoded(v, f))
		}
		if done || len(frames) == 0 {
			return out
		}
	}
}

// decoded decodes a frame.
func decoded(t tb, f *wire.Frame) *ovationv1.SubscribeResponse {
	t.Helper()
	b, err := f.AppendProto(nil)
	m := new(ovationv1.SubscribeResponse)
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		t.Fatalf("frame: %v", err)
	}
	return m
}

// texts returns the texts of the messages in batches.
func texts(frames []*ovationv1.SubscribeResponse) []string {
	var out []string
	for _, f := range frames {
		for _, m := range f.GetBatch().GetBatch().GetMessages() {
			out = append(out, m.GetText())
		}
	}
	return out
}

// kinds returns what kinds of frames there are, by their names in the contract.
func kinds(frames []*ovationv1.SubscribeResponse) []string {
	var out []string
	for _, f := range frames {
		m := f.ProtoReflect()
		out = append(out, string(m.WhichOneof(m.Descriptor().Oneofs().Get(0)).Name()))
	}
	return out
}
