package rpc_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/chat"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/server/rpc"
	"github.com/ovation-live/ovation/server/words"
	"github.com/ovation-live/ovation/store/memory"
	"github.com/ovation-live/ovation/token"
)

// bearer adds a token to calls and streams.
type bearer string

func (b bearer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		req.Header().Set("Authorization", "Bearer "+string(b))
		return next(ctx, req)
	}
}

func (b bearer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", "Bearer "+string(b))
		return conn
	}
}

func (b bearer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// as returns the token of a user.
func as(t *testing.T, user live.UserID, role live.Role) connect.ClientOption {
	t.Helper()
	minted, err := token.Mint("secret", token.Claims{User: user, Role: role, Rooms: []live.RoomID{token.AnyRoom}})
	if err != nil {
		t.Fatal(err)
	}
	return connect.WithInterceptors(bearer(minted))
}

// startFeed serves rooms and their messages over HTTP/2 without TLS, and returns where.
func startFeed(t *testing.T) (*http.Client, string) {
	t.Helper()
	client, url, _ := startFeedWithin(t, 0)
	return client, url
}

// startFeedWithin is startFeed with a bound on how long a frame may take to be read. It
// returns the hub too.
func startFeedWithin(t *testing.T, writeWithin time.Duration) (*http.Client, string, *hub.Hub) {
	t.Helper()
	return startFeedBounded(t, rpc.Limits{RequestBytes: 1 << 20, CompressBytes: 1 << 10, WriteWithin: writeWithin})
}

// startFeedReading is startFeed with a bound on how long a request may take to arrive.
func startFeedReading(t *testing.T, readWithin time.Duration, edits ...func(*http.Server)) (*http.Client, string) {
	t.Helper()
	client, url, _ := startFeedBounded(t, rpc.Limits{RequestBytes: 1 << 20, CompressBytes: 1 << 10, ReadWithin: readWithin}, edits...)
	return client, url
}

func startFeedBounded(t *testing.T, limits rpc.Limits, edits ...func(*http.Server)) (*http.Client, string, *hub.Hub) {
	t.Helper()
	set, logger := memory.New().Set(), slog.New(slog.NewTextHandler(io.Discard, nil))
	h := hub.New(hub.Source{Rooms: set.Rooms, Log: set.Log, Bus: set.Bus}, hub.Config{Logger: logger})
	r := rooms.New(set, h, rand.Text)
	mux := http.NewServeMux()
	chain := interceptor.Chain(interceptor.Observer{Logger: logger}, auth.NewVerifier("secret"), interceptor.Limits{}, rpc.Translate)
	rpc.Register(mux, rpc.Services{Rooms: r, Chat: chat.New(set, h, r, rooms.NewKeeper(r, logger, nil), chat.Config{Filter: words.NewFilter(set, logger), Logger: logger})},
		limits, rpc.Chain{Built: chain, Unbuilt: chain, Request: interceptor.Requests(interceptor.Observer{Logger: logger})})
	server := httptest.NewUnstartedServer(interceptor.WithRequestID(mux))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server.Config.Protocols = protocols
	for _, edit := range edits {
		edit(server.Config)
	}
	server.Start()
	t.Cleanup(h.Close)
	t.Cleanup(server.Close)
	t.Cleanup(func() { h.Drain(context.Background(), hub.Farewell{}) })
	onlyHTTP2 := new(http.Protocols)
	onlyHTTP2.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: onlyHTTP2}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, server.URL, h
}

// TestSharedFramesSurviveConnectsPools has many streams take the same frames in every
// protocol, while calls make connect use its buffers over and over: what everyone
// reads is what was said.
func TestSharedFramesSurviveConnectsPools(t *testing.T) {
	t.Parallel()
	client, url := startFeed(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rate := uint32(100_000)
	_, err := ovationv1connect.NewRoomServiceClient(client, url, as(t, "host", live.RoleHost)).CreateRoom(ctx,
		&ovationv1.CreateRoomRequest{RoomId: "r", Settings: &ovationv1.RoomSettings{UpstreamRate: &rate, WhitelistRate: &rate}})
	if err != nil {
		t.Fatal(err)
	}

	const streams, messages = 24, 400
	protocols := []connect.ClientOption{
		connect.WithClientOptions(), connect.WithProtoJSON(), connect.WithGRPC(), connect.WithGRPCWeb(),
	}
	var group, welcomed sync.WaitGroup
	welcomed.Add(streams)
	for i := range streams {
		feed := ovationv1connect.NewFeedServiceClient(client, url,
			as(t, live.UserID(fmt.Sprint("viewer ", i)), live.RoleViewer), protocols[i%len(protocols)])
		group.Go(func() {
			if err := readAll(ctx, feed, messages, welcomed.Done); err != nil {
				t.Errorf("stream %d: %v", i, err)
			}
		})
	}
	welcomed.Wait()
	for sender := range 4 {
		feed := ovationv1connect.NewFeedServiceClient(client, url, as(t, "host", live.RoleHost), protocols[sender])
		group.Go(func() {
			for i := sender; i < messages; i += 4 {
				if _, err := feed.Send(ctx, &ovationv1.SendRequest{RoomId: "r", Text: text(i)}); err != nil {
					t.Errorf("Send: %v", err)
				}
				if _, err := feed.Pull(ctx, &ovationv1.PullRequest{RoomId: "r"}); err != nil {
					t.Errorf("Pull: %v", err)
				}
			}
		})
	}
	group.Wait()
}

// text is a text that shows if any of it was overwritten, of any length.
func text(i int) string { return fmt.Sprintf("%d:%s.", i, strings.Repeat(string(rune('a'+i%26)), i)) }

// readAll reads a stream until it has carried n messages, each of them whole and once.
func readAll(ctx context.Context, feed ovationv1connect.FeedServiceClient, n int, welcomed func()) error {
	stream, err := feed.Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: "r", Delivery: ovationv1.Delivery_DELIVERY_INLINE})
	if err != nil {
		welcomed()
		return err
	}
	defer stream.Close()
	seen := make(map[string]bool)
	for stream.Receive() {
		if stream.Msg().GetWelcome() != nil {
			welcomed()
		}
		for _, m := range stream.Msg().GetBatch().GetBatch().GetMessages() {
			var i int
			if _, err := fmt.Sscanf(m.GetText(), "%d:", &i); err != nil || m.GetText() != text(i) || seen[m.GetText()] {
				return fmt.Errorf("got %q, seen before: %v", m.GetText(), seen[m.GetText()])
			}
			seen[m.GetText()] = true
		}
		if len(seen) == n {
			return nil
		}
	}
	return fmt.Errorf("the stream ended after %d messages: %w", len(seen), stream.Err())
}
