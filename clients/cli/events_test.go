package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// fakeEvents is the event service of a fake.
type fakeEvents struct {
	ovationv1connect.UnimplementedEventServiceHandler

	mu       sync.Mutex
	events   []*ovationv1.Event
	streamed *ovationv1.StreamEventsRequest
	acked    string
	put      *ovationv1.Webhook
	deleted  string
	letters  []*ovationv1.DeadLetter
}

// StreamEvents sends all events, and then another replaces the stream.
func (f *fakeEvents) StreamEvents(
	_ context.Context, request *ovationv1.StreamEventsRequest, stream *connect.ServerStream[ovationv1.StreamEventsResponse],
) error {
	f.mu.Lock()
	f.streamed = request
	events := f.events
	f.mu.Unlock()
	if err := stream.Send(&ovationv1.StreamEventsResponse{Events: events}); err != nil {
		return err
	}
	return failure(connect.CodeAborted, "another stream", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_CONSUMER_REPLACED})
}

// AckEvents implements EventService.
func (f *fakeEvents) AckEvents(_ context.Context, request *ovationv1.AckEventsRequest) (*ovationv1.AckEventsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acked = request.GetCursor()
	return &ovationv1.AckEventsResponse{}, nil
}

// ListConsumers implements EventService.
func (f *fakeEvents) ListConsumers(context.Context, *ovationv1.ListConsumersRequest) (*ovationv1.ListConsumersResponse, error) {
	return &ovationv1.ListConsumersResponse{Consumers: []*ovationv1.EventConsumer{
		{Consumer: "billing", Lag: 12_345, OldestAt: applied, Active: true, Webhook: &ovationv1.Webhook{Url: "https://b.example"}},
		{Consumer: "search", Dropped: 7},
	}}, nil
}

// DeleteConsumer implements EventService.
func (f *fakeEvents) DeleteConsumer(
	_ context.Context, request *ovationv1.DeleteConsumerRequest,
) (*ovationv1.DeleteConsumerResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deleted = request.GetConsumer()
	return &ovationv1.DeleteConsumerResponse{}, nil
}

// PutWebhook implements EventService.
func (f *fakeEvents) PutWebhook(_ context.Context, request *ovationv1.PutWebhookRequest) (*ovationv1.PutWebhookResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.put = request.GetWebhook()
	return &ovationv1.PutWebhookResponse{Consumer: &ovationv1.EventConsumer{Consumer: f.put.GetConsumer()}}, nil
}

// ListDeadLetters lists two a page.
func (f *fakeEvents) ListDeadLetters(
	_ context.Context, request *ovationv1.ListDeadLettersRequest,
) (*ovationv1.ListDeadLettersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, _ := strconv.Atoi(request.GetPageToken())
	until := min(from+2, len(f.letters))
	response := &ovationv1.ListDeadLettersResponse{DeadLetters: f.letters[from:until]}
	if until < len(f.letters) {
		response.NextPageToken = strconv.Itoa(until)
	}
	return response, nil
}

// RetryDeadLetters implements EventService.
func (f *fakeEvents) RetryDeadLetters(
	_ context.Context, request *ovationv1.RetryDeadLettersRequest,
) (*ovationv1.RetryDeadLettersResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.letters)
	f.letters = slices.DeleteFunc(f.letters, func(l *ovationv1.DeadLetter) bool {
		return slices.Contains(request.GetDeadLetterIds(), l.GetDeadLetterId())
	})
	return &ovationv1.RetryDeadLettersResponse{Retried: int64(before - len(f.letters))}, nil
}

func TestEventsTail(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.events.events = []*ovationv1.Event{
		{Kind: ovationv1.EventKind_EVENT_KIND_ROOM_ENDED, RoomId: "demo", HappenedAt: applied, Cursor: "c1", Body: &ovationv1.Event_Room{
			Room: &ovationv1.Room{Title: "Demo\x1b"},
		}},
		{Kind: ovationv1.EventKind_EVENT_KIND_SANCTION_APPLIED, HappenedAt: applied, Cursor: "c2", Body: &ovationv1.Event_Sanction{
			Sanction: &ovationv1.Sanction{Kind: ovationv1.SanctionKind_SANCTION_KIND_BAN, UserId: "bob", AppliedBy: "host", Reason: "spam"},
		}},
	}
	stdout, stderr := f.do(t, exitFailed, "events", "tail", "c", "--kind", "room-ended,sanction-applied", "--room", "demo", "--from", "earliest")
	want := clock(applied) + " room-ended       demo  Demo\\x1b\n" + clock(applied) + " sanction-applied -  ban of bob by host  spam\n"
	if stdout != want || !strings.Contains(stderr, "started again elsewhere") {
		t.Errorf("%q, %q; want %q", stdout, stderr, want)
	}
	asked := f.events.streamed
	if f.events.acked != "c2" || asked.GetStart() != ovationv1.EventStart_EVENT_START_EARLIEST || len(asked.GetFilter().GetKinds()) != 2 ||
		!slices.Equal(asked.GetFilter().GetRoomIds(), []string{"demo"}) {
		t.Errorf("acknowledged %q, asked for %v", f.events.acked, asked)
	}
	stdout, _ = f.do(t, exitFailed, "events", "tail", "c", "--json")
	if strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, `"cursor":"c1"`) {
		t.Errorf("%s", stdout)
	}
}

func TestEventsConsumers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "events", "consumers")
	if !strings.Contains(stdout, "billing") || !strings.Contains(stdout, "12,345") || !strings.Contains(stdout, "https://b.example") ||
		!strings.Contains(stdout, "away") {
		t.Errorf("%s", stdout)
	}
	stdout, _ = f.do(t, exitOK, "events", "forget", "search")
	if f.events.deleted != "search" || stdout != "there is no consumer search any more\n" {
		t.Errorf("%q, %q", f.events.deleted, stdout)
	}
}

func TestEventsWebhook(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	stdout, _ := f.do(t, exitOK, "events", "webhook", "put", "billing", "https://b.example/x", "--webhook-secret", "0123456789abcdef",
		"--give-up-after", "0s", "--kind", "gift-settled", "--paused")
	w := f.events.put
	if w.GetSecret() != "0123456789abcdef" || w.GetGiveUpAfter() == nil || w.GetGiveUpAfter().AsDuration() != 0 || !w.GetPaused() ||
		w.GetTimeout().GetSeconds() != 10 || stdout != "webhook billing rests, and would send to https://b.example/x\n" {
		t.Errorf("%v, %q", w, stdout)
	}
	stdout, _ = f.do(t, exitOK, "events", "webhook", "put", "billing", "https://u:p@b.example/x")
	if got := f.events.put.GetUrl(); got != "https://u:p@b.example/x" || stdout != "webhook billing sends to https://u:xxxxx@b.example/x\n" {
		t.Errorf("%q, %q", got, stdout)
	}
	f.do(t, exitOK, "events", "webhook", "put", "billing", "https://b.example/x")
	if w := f.events.put; w.GetGiveUpAfter() != nil || w.GetSecret() != "" {
		t.Errorf("%v", w)
	}
	f.do(t, exitUsage, "events", "webhook", "put", "billing", "https://b.example/x", "--wait", "2m")
	f.do(t, exitUsage, "events", "webhook", "put", "billing", "https://b.example/x", "--kind", "nothing")
}

func TestEventsDeadLetters(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for i := range 5 {
		f.events.letters = append(f.events.letters, &ovationv1.DeadLetter{
			DeadLetterId: strconv.Itoa(i), Consumer: "billing", LastStatus: 503, LastError: "it answered 503\x1b", GivenUpAt: applied,
			Event: &ovationv1.Event{Kind: ovationv1.EventKind_EVENT_KIND_ROOM_ENDED, RoomId: "demo"},
		})
	}
	stdout, _ := f.do(t, exitOK, "events", "dead-letters", "billing")
	if strings.Count(stdout, "\n") != 5 || !strings.Contains(stdout, `it answered 503\x1b`) || !strings.Contains(stdout, "room-ended") {
		t.Errorf("%s", stdout)
	}
	f.do(t, exitUsage, "events", "retry")
	f.do(t, exitUsage, "events", "retry", "1", "--consumer", "billing")
	if stdout, _ = f.do(t, exitOK, "events", "retry", "1", "7"); stdout != "1 dead letter on the way again\n" {
		t.Errorf("%s", stdout)
	}
	if stdout, _ = f.do(t, exitOK, "events", "retry", "--consumer", "billing"); stdout != "4 dead letters on the way again\n" {
		t.Errorf("%s", stdout)
	}
	if _, stderr := f.do(t, exitOK, "events", "dead-letters"); !strings.Contains(stderr, "there is no dead letter") {
		t.Errorf("%s", stderr)
	}
}
