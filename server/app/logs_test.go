package app_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// sayings are texts that callers send, and that are nobody else's business.
const (
	sayingAccepted  = "saying-that-is-accepted"
	sayingDropped   = "saying-that-is-dropped"
	sayingMalformed = "saying-that-is-malformed"
	sayingTooLong   = "saying-that-is-too-long"
	sayingInValue   = "saying-in-an-attribute"
)

// The log of a busy server, all of it, has neither tokens nor secrets nor what people
// say; it does say who called, and where.
func TestLogsKeepSecrets(t *testing.T) {
	t.Parallel()
	n := start(t)
	n.create(t, "r")
	authorization := bearer(t, live.RoleViewer, "r")
	_, good, _ := strings.Cut(authorization, " ")
	forged := good[:len(good)-6] + "forged"
	unknown := mint(t, token.Claims{User: "u", Role: live.RoleViewer, Rooms: []live.RoomID{"elsewhere"}})
	for _, tr := range []transport{http1, h2c} {
		n.talk(t, n.clients(tr.client(t, authorization)))
		for _, signed := range []string{forged, unknown, "not-a-token-at-all", ""} {
			c := n.clients(tr.client(t, "Bearer "+signed))
			if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: sayingDropped}); err == nil {
				t.Error("a stranger sent a message")
			}
		}
		for _, body := range []string{
			`{"roomId":"r","text":` + sayingMalformed + `}`, `{"roomId":"r","kind":"` + sayingMalformed + `"}`, sayingMalformed,
		} {
			got := do(t, tr.client(t, authorization), "POST", n.url+"/ovation.v1.FeedService/Send", body, "Content-Type", "application/json")
			if got.status != 400 {
				t.Errorf("%s: %d", body, got.status)
			}
		}
	}
	n.logs.Wait(t, "stream ended")
	n.drain()
	<-n.stopped
	logs := n.logs.String()
	for what, hidden := range map[string]string{
		"the secret": secret, "a token": good, "a token's signature": good[strings.LastIndex(good, ".")+1:],
		"a forged token": forged, "a token of elsewhere": unknown, "what is no token": "not-a-token-at-all",
		"a message": sayingAccepted, "a message of a stranger": sayingDropped, "a malformed message": sayingMalformed,
		"a long message": sayingTooLong, "an attribute": sayingInValue,
	} {
		if i := strings.Index(logs, hidden); i >= 0 {
			t.Errorf("the log has %s: %.300s", what, logs[max(0, i-150):])
		}
	}
	for _, want := range []string{
		"user_id=viewer-1", "room_id=r", "request_id=", "session_id=", "reason=disconnected",
		"procedure=/ovation.v1.FeedService/Send", "code=invalid_argument", "code=unauthenticated", "code=permission_denied", "code=ok",
	} {
		if !strings.Contains(logs, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	if strings.Contains(logs, "level=WARN") || strings.Contains(logs, "level=ERROR") {
		t.Errorf("what callers do wrong is no fault of the server's:\n%s", logs)
	}
}

// talk says and does what viewers do, and some of what they may not.
func (n *node) talk(t *testing.T, c clients) {
	t.Helper()
	stream, err := c.feed.Subscribe(t.Context(), &ovationv1.SubscribeRequest{
		RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE,
	})
	if err != nil || !stream.Receive() {
		t.Fatal(err)
	}
	if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: sayingAccepted}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat(sayingTooLong, 500)
	if _, err := c.feed.Send(t.Context(), &ovationv1.SendRequest{RoomId: "r", Text: long}); err == nil {
		t.Error("a text of any length passes")
	}
	if _, err := c.feed.Pull(t.Context(), &ovationv1.PullRequest{RoomId: "r", Wait: durationpb.New(1)}); err != nil {
		t.Error(err)
	}
	_, err = c.attributes.UpdateAttributes(t.Context(), &ovationv1.UpdateAttributesRequest{
		RoomId: "r", Updates: []*ovationv1.AttributeUpdate{{Key: "k", Value: []byte(sayingInValue)}},
	})
	if err != nil {
		t.Error(err)
	}
	readMessage(t, stream)
	_ = stream.Close() // what comes of it is in the log
}
