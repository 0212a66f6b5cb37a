//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ovation-live/ovation/bench/internal/load"
	"github.com/ovation-live/ovation/bench/internal/process"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

const (
	// secret signs the tokens of a server that runs for as long as a measurement does.
	secret = "a secret for as long as a measurement lasts"
	// senders is how many messages are on their way to the server at once: as many
	// as it takes to keep the pace on a machine that is fully used.
	senders = 8
	// minMessageBytes is the smallest message that is sent here.
	minMessageBytes = 64
)

// ovation is an instance of Ovation's server.
type ovation struct {
	*process.Process

	delivery ovationv1.Delivery
	tokens   *tokens
	room     string // the one that is watched: another each time, for a store may be shared
	rooms    ovationv1connect.RoomServiceClient
	feed     ovationv1connect.FeedServiceClient
	state    ovationv1connect.AttributeServiceClient
	quizzes  ovationv1connect.QuizServiceClient
	gifts    ovationv1connect.GiftServiceClient
	wallets  ovationv1connect.WalletServiceClient
}

// ovationWith returns Ovation's server delivering in one of its ways, a room's rounds so
// far apart.
func ovationWith(delivery ovationv1.Delivery, round time.Duration, args ...string) contender {
	_, way, _ := strings.Cut(strings.ToLower(delivery.String()), "_")
	return contender{name: "ovation " + way, server: "ovation", start: func(ctx context.Context, b *bench) (instance, error) {
		o, err := startOvation(ctx, b, slices.Concat(fewUsers, args)...)
		if err != nil {
			return nil, err
		}
		o.delivery = delivery
		if err := o.createRoom(ctx, o.room, round); err != nil {
			o.Stop()
			return nil, err
		}
		return o, nil
	}}
}

// fewUsers takes the rates of users away, where a few stand for many.
var fewUsers = []string{"--user-connect-rate", "0", "--user-send-rate", "0", "--user-read-rate", "0", "--user-pulls", "0"}

// startOvation starts the server, with flags of its own.
func startOvation(ctx context.Context, b *bench, own ...string) (*ovation, error) {
	args := slices.Concat([]string{
		"--auth-secret", secret, "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0",
		"--log-level", "warn", "--drain-timeout", "2s",
	}, own, b.flags.ServerFlag)
	p, err := process.Start(ctx, b.log, b.binaries["ovation"], args...)
	if err != nil {
		return nil, err
	}
	o := &ovation{Process: p, tokens: b.tokens, room: "bench-" + rand.Text()[:8]}
	backend, err := token.Mint(secret, token.Claims{User: "backend", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
	if err != nil {
		p.Stop()
		return nil, err
	}
	client, base := caller(backend), "http://"+p.Public.String()
	o.rooms = ovationv1connect.NewRoomServiceClient(client, base)
	o.feed = ovationv1connect.NewFeedServiceClient(client, base)
	o.state = ovationv1connect.NewAttributeServiceClient(client, base)
	o.quizzes = ovationv1connect.NewQuizServiceClient(client, base)
	o.gifts = ovationv1connect.NewGiftServiceClient(client, base)
	o.wallets = ovationv1connect.NewWalletServiceClient(client, base)
	return o, nil
}

// bearer calls with a token.
type bearer struct {
	http.RoundTripper

	token string
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.RoundTripper.RoundTrip(req)
}

// caller returns what calls over one connection of cleartext HTTP/2.
func caller(signed string) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: bearer{&http.Transport{Protocols: protocols, DisableCompression: true}, signed}}
}

// createRoom creates a room that sheds nothing and where nobody is taken for gone.
func (o *ovation) createRoom(ctx context.Context, id string, round time.Duration) error {
	_, err := o.rooms.CreateRoom(ctx, &ovationv1.CreateRoomRequest{RoomId: id, Settings: &ovationv1.RoomSettings{
		UpstreamRate:         proto.Uint32(100_000),
		RoundInterval:        durationpb.New(round),
		OfflineAfter:         durationpb.New(time.Hour),
		OfflineNotifications: proto.Uint32(10_000),
	}})
	return err
}

func (o *ovation) process() *process.Process { return o.Process }

func (o *ovation) dialect() load.Dialect {
	request, err := proto.Marshal(&ovationv1.SubscribeRequest{RoomId: o.room, Delivery: o.delivery})
	if err != nil {
		panic(err) // it holds what can be encoded
	}
	return load.Dialect{
		Procedure: ovationv1connect.FeedServiceSubscribeProcedure,
		Headers:   connectStream,
		Request:   request,
		Read:      readFrame,
		Bearer:    o.tokens.of,
	}
}

// publish says something in the room: messages to who gets them inline. Who is notified
// and does not pull is left alone for a while where there are messages, and told of
// changed attributes in every round: so these are what viewers are notified of here.
func (o *ovation) publish(ctx context.Context, what order) (published, error) {
	if o.delivery == ovationv1.Delivery_DELIVERY_INLINE {
		return o.say(ctx, what)
	}
	return o.change(ctx, what)
}

// say sends messages at an even pace.
func (o *ovation) say(ctx context.Context, what order) (published, error) {
	text := o.text(what.bytes)
	var accepted atomic.Int64
	err := paced(ctx, what, func(ctx context.Context, _ int) error {
		resp, err := o.feed.Send(ctx, &ovationv1.SendRequest{RoomId: o.room, Text: text})
		if err != nil {
			return err
		}
		if resp.GetStatus() != ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
			return fmt.Errorf("a message was answered %v", resp.GetStatus())
		}
		accepted.Add(1)
		return nil
	})
	return published{frames: accepted.Load(), messages: accepted.Load()}, err
}

// change changes an attribute at an even pace.
func (o *ovation) change(ctx context.Context, what order) (published, error) {
	var changes, mark atomic.Int64
	err := paced(ctx, what, func(ctx context.Context, i int) error {
		resp, err := o.state.UpdateAttributes(ctx, &ovationv1.UpdateAttributesRequest{
			RoomId: o.room, Updates: []*ovationv1.AttributeUpdate{{Key: "n", Value: fmt.Append(nil, i)}},
		})
		if err != nil {
			return err
		}
		changes.Add(1)
		raise(&mark, resp.GetTimestamp())
		return nil
	})
	return published{frames: changes.Load(), mark: mark.Load()}, err
}

// raise makes n at least to.
func raise(n *atomic.Int64, to int64) {
	for {
		before := n.Load()
		if before >= to || n.CompareAndSwap(before, to) {
			return
		}
	}
}

// paced does something at an even pace, catching up where the machine is late.
func paced(ctx context.Context, o order, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range senders {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= o.count {
					return
				}
				due := begun.Add(time.Duration(float64(i) / o.rate * float64(time.Second)))
				if err := until(ctx, due); err != nil {
					return
				}
				if err := do(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// until waits for an instant.
func until(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// text returns a text that makes a message of so many bytes on the wire.
func (o *ovation) text(bytes int) string {
	message := &ovationv1.Message{
		Timestamp: time.Now().UnixMicro(), Sequence: 1 << 10, Bucket: ovationv1.Bucket_BUCKET_LOW,
		Kind: ovationv1.MessageKind_MESSAGE_KIND_TEXT, SenderId: "backend", Text: strings.Repeat("x", minMessageBytes),
	}
	around := proto.Size(&ovationv1.Batch{Messages: []*ovationv1.Message{message}}) - minMessageBytes
	return strings.Repeat("a message, ", bytes)[:max(bytes-around, 1)]
}

func (o *ovation) complete(p published, viewers int64, since load.Standing) bool {
	if p.mark > 0 {
		return since.Behind == 0
	}
	return since.Messages+since.Dropped >= p.messages*viewers
}

// tokens are those of viewers: minting takes time, so each is minted once.
type tokens struct{ minted []string }

// mint makes tokens for so many viewers.
func (t *tokens) mint(ctx context.Context, n int) error {
	for i := len(t.minted); i < n; i++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		signed, err := token.Mint(secret, token.Claims{
			User: live.UserID(fmt.Sprintf("viewer-%d", i)), Role: live.RoleViewer, Rooms: []live.RoomID{token.AnyRoom},
		})
		if err != nil {
			return err
		}
		t.minted = append(t.minted, signed)
	}
	return nil
}

// of returns a viewer's token.
func (t *tokens) of(viewer int) string { return t.minted[viewer] }
