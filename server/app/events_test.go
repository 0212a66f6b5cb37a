package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/config"
)

// eventStream is a stream of events that is read.
type eventStream struct {
	t *testing.T
	*connect.ServerStreamForClient[ovationv1.StreamEventsResponse]
}

// events opens a stream, whose first frame says where its consumer is.
func (c clients) stream(t *testing.T, req *ovationv1.StreamEventsRequest) (eventStream, *ovationv1.EventConsumer) {
	t.Helper()
	stream, err := c.events.StreamEvents(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	if !stream.Receive() || len(stream.Msg().GetEvents()) > 0 || stream.Msg().GetConsumer().GetConsumer() != req.GetConsumer() {
		t.Fatalf("the first frame is %v, %v", stream.Msg(), stream.Err())
	}
	return eventStream{t, stream}, stream.Msg().GetConsumer()
}

// next returns the next so many events.
func (s eventStream) next(n int) (all []*ovationv1.Event) {
	s.t.Helper()
	for len(all) < n && s.Receive() {
		all = append(all, s.Msg().GetEvents()...)
	}
	if len(all) != n {
		s.t.Fatalf("%d events, want %d: %v, %v", len(all), n, all, s.Err())
	}
	return all
}

// What happens comes to whoever streams, over every protocol, with all its facts.
func TestEventsAreStreamed(t *testing.T) {
	t.Parallel()
	n := start(t)
	backend := n.backend(t)
	for i, opts := range [][]connect.ClientOption{nil, {connect.WithGRPC()}, {connect.WithGRPCWeb()}, {connect.WithProtoJSON()}} {
		room := string(rune('a' + i))
		c := n.clients(h2c.client(t, bearer(t, live.RoleBackend, "*")), opts...)
		stream, _ := c.stream(t, &ovationv1.StreamEventsRequest{
			Consumer: "consumer-" + room, Filter: &ovationv1.EventFilter{RoomIds: []string{room}},
		})
		n.create(t, room)
		created := stream.next(1)[0]
		if created.GetKind() != ovationv1.EventKind_EVENT_KIND_ROOM_CREATED || created.GetRoom().GetRoomId() != room ||
			created.GetRoomId() != room || created.GetEventId() == "" || created.GetCursor() == "" || created.GetHappenedAt() == 0 {
			t.Errorf("%v", created)
		}
		if _, err := backend.moderation.Ban(t.Context(), &ovationv1.BanRequest{RoomId: room, UserId: "u", Reason: "spam"}); err != nil {
			t.Fatal(err)
		}
		if _, err := backend.moderation.Unban(t.Context(), &ovationv1.UnbanRequest{RoomId: room, UserId: "u"}); err != nil {
			t.Fatal(err)
		}
		if _, err := backend.rooms.EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: room}); err != nil {
			t.Fatal(err)
		}
		rest := stream.next(3)
		if rest[0].GetSanction().GetReason() != "spam" || rest[1].GetSanction().GetLiftedAt() == 0 ||
			rest[2].GetRoom().GetState() != ovationv1.RoomState_ROOM_STATE_ENDED {
			t.Errorf("%v", rest)
		}
		if !slices.IsSortedFunc(append([]*ovationv1.Event{created}, rest...), func(a, b *ovationv1.Event) int {
			return int(a.GetSequence()) - int(b.GetSequence())
		}) {
			t.Errorf("not in order: %v", rest)
		}
		acked, err := c.events.AckEvents(t.Context(), &ovationv1.AckEventsRequest{
			Consumer: "consumer-" + room, Cursor: rest[1].GetCursor(),
		})
		if err != nil || acked.GetConsumer().GetLag() != 1 || acked.GetConsumer().GetCursor() != rest[1].GetCursor() {
			t.Errorf("%v, %v", acked, err)
		}
		_ = stream.Close()
		again, consumer := c.stream(t, &ovationv1.StreamEventsRequest{Consumer: "consumer-" + room})
		if got := again.next(1)[0]; got.GetEventId() != rest[2].GetEventId() || consumer.GetCursor() != rest[1].GetCursor() {
			t.Errorf("again came %v, at %v", got, consumer)
		}
	}
}

// Messages are events for those who ask for them by name, from then on.
func TestMessagesAreEventsForWhoAsks(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	c := n.backend(t)
	said := func(text string) *ovationv1.SendResponse {
		t.Helper()
		sent, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		return sent
	}
	said("unheard")
	stream, _ := c.stream(t, &ovationv1.StreamEventsRequest{Consumer: "c", Filter: &ovationv1.EventFilter{
		Kinds: []ovationv1.EventKind{ovationv1.EventKind_EVENT_KIND_MESSAGE_SENT, ovationv1.EventKind_EVENT_KIND_MESSAGE_RECALLED},
	}})
	sent := said("heard")
	if _, err := c.feed.RecallMessage(t.Context(), &ovationv1.RecallMessageRequest{RoomId: "r", Timestamp: sent.GetTimestamp()}); err != nil {
		t.Fatal(err)
	}
	all := stream.next(2)
	if all[0].GetMessage().GetText() != "heard" || all[1].GetMessage().GetRecalls() != sent.GetTimestamp() ||
		all[1].GetKind() != ovationv1.EventKind_EVENT_KIND_MESSAGE_RECALLED {
		t.Errorf("%v", all)
	}
}

func TestEventStreamsEnd(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := n.backend(t)
	first, _ := c.stream(t, &ovationv1.StreamEventsRequest{Consumer: "c"})
	second, _ := c.stream(t, &ovationv1.StreamEventsRequest{Consumer: "c"})
	for first.Receive() {
	}
	if got := reason(first.Err()); got != ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED {
		t.Errorf("replaced, it ends with %v", first.Err())
	}
	_, err := c.events.PutWebhook(t.Context(), &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{
		Consumer: "c", Url: "http://127.0.0.1:1", Secret: "0123456789abcdef",
	}})
	if got := reason(err); got != ovationv1.ErrorReason_ERROR_REASON_CONSUMER_CONFLICT {
		t.Errorf("a webhook of one that streams: %v", err)
	}
	n.drain()
	for second.Receive() {
	}
	if got := detail(second.Err()); got.GetReason() != ovationv1.ErrorReason_ERROR_REASON_DRAINING || got.GetRetryAfter() == nil {
		t.Errorf("drained, it ends with %v", second.Err())
	}
	if err := <-n.stopped; err != nil {
		t.Error(err)
	}
	n.stopped <- nil
}

func TestEventCallsAreRefused(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := n.backend(t)
	hook := &ovationv1.Webhook{Consumer: "h", Url: "http://127.0.0.1:1", Secret: "0123456789abcdef", Paused: true}
	if _, err := c.events.PutWebhook(t.Context(), &ovationv1.PutWebhookRequest{Webhook: hook}); err != nil {
		t.Fatal(err)
	}
	stream, err := c.events.StreamEvents(t.Context(), &ovationv1.StreamEventsRequest{Consumer: "h"})
	if err != nil || stream.Receive() || reason(stream.Err()) != ovationv1.ErrorReason_ERROR_REASON_CONSUMER_CONFLICT {
		t.Errorf("a stream of a webhook's consumer: %v, %v", err, stream.Err())
	}
	_, err = c.events.AckEvents(t.Context(), &ovationv1.AckEventsRequest{Consumer: "h", Cursor: "nonsense"})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_EVENT_CURSOR_INVALID {
		t.Errorf("a cursor of nowhere: %v", err)
	}
	_, err = c.events.PutWebhook(t.Context(), &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{Consumer: "i", Url: "http://h"}})
	if got := detail(err); got.GetReason() != ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD || got.GetMetadata()["field"] != "webhook.secret" {
		t.Errorf("a webhook without secret: %v", err)
	}
	_, err = c.events.ListConsumers(t.Context(), &ovationv1.ListConsumersRequest{PageToken: "x"})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID {
		t.Errorf("a page token: %v", err)
	}
	listed, err := c.events.ListConsumers(t.Context(), &ovationv1.ListConsumersRequest{})
	if err != nil || len(listed.GetConsumers()) != 1 || listed.GetConsumers()[0].GetWebhook().GetSecret() != "" ||
		listed.GetConsumers()[0].GetWebhook().GetUrl() != hook.GetUrl() || listed.GetConsumers()[0].GetActive() {
		t.Errorf("%v, %v", listed, err)
	}
	if _, err := c.events.DeleteConsumer(t.Context(), &ovationv1.DeleteConsumerRequest{Consumer: "h"}); err != nil {
		t.Fatal(err)
	}
	_, err = c.events.AckEvents(t.Context(), &ovationv1.AckEventsRequest{Consumer: "h", Cursor: listed.GetConsumers()[0].GetCursor()})
	if reason(err) != ovationv1.ErrorReason_ERROR_REASON_CONSUMER_NOT_FOUND {
		t.Errorf("a consumer that is gone: %v", err)
	}
}

// A webhook on Redis and Postgres: what it does not take is a dead letter, and comes again.
func TestWebhookOnServices(t *testing.T) {
	t.Parallel()
	n := start(t, onServices(t), func(c *config.Config) { c.WebhookAddresses = "private" })
	c := n.backend(t)
	var mu sync.Mutex
	var got []*ovationv1.Event
	refuse := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e ovationv1.Event
		if err := protojson.Unmarshal(body, &e); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if refuse {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		got = append(got, &e)
	}))
	t.Cleanup(server.Close)
	_, err := c.events.PutWebhook(t.Context(), &ovationv1.PutWebhookRequest{Webhook: &ovationv1.Webhook{
		Consumer: "hook", Url: server.URL, Secret: "0123456789abcdef", GiveUpAfter: durationpb.New(0),
		Start: ovationv1.EventStart_EVENT_START_EARLIEST,
	}})
	if err != nil {
		t.Fatal(err)
	}
	n.create(t, "r")
	var letters []*ovationv1.DeadLetter
	testkit.Eventually(t, "it is a dead letter", func() bool {
		listed, err := c.events.ListDeadLetters(t.Context(), &ovationv1.ListDeadLettersRequest{Consumer: "hook"})
		letters = listed.GetDeadLetters()
		return err == nil && len(letters) == 1
	})
	if l := letters[0]; l.GetLastStatus() != 502 || l.GetEvent().GetRoom().GetRoomId() != "r" || l.GetAttempts() != 1 {
		t.Errorf("%v", l)
	}
	mu.Lock()
	refuse = false
	mu.Unlock()
	again, err := c.events.RetryDeadLetters(t.Context(), &ovationv1.RetryDeadLettersRequest{
		DeadLetterIds: []string{letters[0].GetDeadLetterId()},
	})
	if err != nil || again.GetRetried() != 1 {
		t.Errorf("%v, %v", again, err)
	}
	testkit.Eventually(t, "it is taken", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == 1 && got[0].GetEventId() == letters[0].GetEvent().GetEventId()
	})
}
