package hostile

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// bad is a token that is not to be taken, and the reason that its bearer is told.
type bad struct{ name, authorization, reason string }

// badTokens returns one of each kind, of a user.
func badTokens(t *testing.T, user string) []bad {
	t.Helper()
	day := 24 * time.Hour
	claims := token.Claims{User: live.UserID(user), Role: live.RoleHost, Rooms: []live.RoomID{token.AnyRoom}}
	foreign, err := token.Mint("another secret of thirty-two bytes", claims)
	if err != nil {
		t.Fatal(err)
	}
	good := mint(t, claims)
	head, rest, _ := strings.Cut(good, ".")
	body, signature, _ := strings.Cut(rest, ".")
	expired := claims
	expired.Expires = time.Now().Add(-day)
	none := "eyJhbGciOiJub25lIn0" // {"alg":"none"}
	return []bad{
		{"none", "", "TOKEN_MISSING"},
		{"another scheme", "Basic " + good, "TOKEN_MISSING"},
		{"noise", "Bearer " + user, "TOKEN_INVALID"},
		{"of another secret", "Bearer " + foreign, "TOKEN_INVALID"},
		{"unsigned", "Bearer " + none + "." + body + ".", "TOKEN_INVALID"},
		{"signature cut", "Bearer " + head + "." + body + "." + signature[:len(signature)-4], "TOKEN_INVALID"},
		{"large", "Bearer " + head + "." + strings.Repeat("A", 32<<10) + "." + signature, "TOKEN_INVALID"},
		{"expired yesterday", "Bearer " + mint(t, expired), "TOKEN_EXPIRED"},
		{"issued tomorrow", "Bearer " + timed(t, user, jwt.IssuedAtKey, time.Now().Add(day)), "TOKEN_INVALID"},
		{"good from tomorrow", "Bearer " + timed(t, user, jwt.NotBeforeKey, time.Now().Add(day)), "TOKEN_INVALID"},
	}
}

// timed mints a token with a time that token.Mint does not set.
func timed(t *testing.T, user, claim string, at time.Time) string {
	t.Helper()
	made, err := jwt.NewBuilder().Subject(user).Expiration(time.Now().Add(48*time.Hour)).
		Claim(token.ClaimRole, "viewer").Claim(token.ClaimRooms, []string{"*"}).Claim(claim, at).Build()
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Sign(made, jwt.WithKey(jwa.HS256(), []byte(secret)))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// Each bad token is answered with its reason, and an address that goes on with them is not
// listened to for a while. Clocks that are a day off are among them.
func TestBadTokens(t *testing.T) {
	n := size(5000, 20_000)
	attack{name: fmt.Sprintf("%d bad tokens", n), most: 96, do: func(t *testing.T, s *server) {
		for i, b := range badTokens(t, "mallory") {
			c := s.caller(t, i, 2, b.authorization)
			if got := c.call(t, "FeedService/Pull", `{"roomId":"steady"}`); got.status != 401 || got.reason != b.reason {
				t.Errorf("%s: %d %s", b.name, got.status, got.body)
			}
		}
		forged := bearer(t, "mallory")
		var told tally
		c := s.caller(t, 0, 2, "")
		each(n, 50, func(i int) {
			c := c
			c.authorization = fmt.Sprintf("%s%d", forged, i)
			told.count(c.call(t, "FeedService/Pull", `{"roomId":"steady"}`))
		})
		t.Logf("told %v", told.answers)
		if told.answers["401 TOKEN_INVALID"]+told.answers["429 LIMIT_EXCEEDED"] != n || told.answers["429 LIMIT_EXCEEDED"] == 0 {
			t.Errorf("told %v", told.answers)
		}
	}}.run(t)
}

// Rooms that are not there, not the caller's, or no rooms at all.
func TestWrongRooms(t *testing.T) {
	n := size(3000, 10_000)
	attack{name: fmt.Sprintf("%d calls in wrong rooms", n), most: 96, do: func(t *testing.T, s *server) {
		for _, tt := range []struct{ rooms, room, reason string }{
			{"*", "nowhere", "ROOM_NOT_FOUND"},
			{"elsewhere", steadyRoom, "ROOM_FORBIDDEN"},
			{"*", "../../etc/passwd", "INVALID_FIELD"},
			{"*", strings.Repeat("r", 65), "INVALID_FIELD"},
			{"*", "", "INVALID_FIELD"},
		} {
			c := s.caller(t, 0, 2, bearer(t, "lost", live.RoomID(tt.rooms)))
			for _, procedure := range []string{"RoomService/JoinRoom", "RoomService/GetRoom", "FeedService/Pull", "FeedService/Send", "AttributeService/GetAttributes"} {
				got := c.call(t, procedure, fmt.Sprintf(`{"roomId":%q,"text":"x"}`, tt.room))
				if procedure != "FeedService/Send" && procedure != "FeedService/Pull" && got.reason == "INVALID_FIELD" && tt.reason != "INVALID_FIELD" {
					got = c.call(t, procedure, fmt.Sprintf(`{"roomId":%q}`, tt.room)) // it has no text
				}
				if got.reason != tt.reason {
					t.Errorf("%s of %q: %d %s", procedure, tt.room, got.status, got.body)
				}
			}
		}
		var callers []caller
		for i := range attackers {
			callers = append(callers, s.caller(t, i, 2, bearer(t, fmt.Sprintf("lost-%d", i))))
		}
		var told tally
		each(n, attackers, func(i int) {
			got := callers[i%attackers].call(t, "FeedService/Pull", fmt.Sprintf(`{"roomId":"nowhere-%d","wait":"60s"}`, i))
			told.count(got)
			if got.reason != "ROOM_NOT_FOUND" && got.reason != "LIMIT_EXCEEDED" {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		t.Logf("told %v", told.answers)
	}}.run(t)
}

// Cursors of another epoch, of the future, or that never were, begin anew and are told so;
// none skips anything in silence, and none is the server's undoing.
func TestWildCursors(t *testing.T) {
	n := size(2000, 10_000)
	attack{name: fmt.Sprintf("%d cursors from nowhere", n), most: 96, do: func(t *testing.T, s *server) {
		sane := s.honest(t, token.Claims{User: "sane", Role: live.RoleViewer, Rooms: []live.RoomID{token.AnyRoom}})
		head, err := sane.Feed().Pull(t.Context(), &ovationv1.PullRequest{RoomId: steadyRoom})
		if err != nil {
			t.Fatal(err)
		}
		now := head.GetHeads().GetCursor()
		for name, c := range map[string]*ovationv1.Cursor{
			"of another epoch":    {Epoch: "another", Low: now.GetLow(), LowSequence: now.GetLowSequence()},
			"without an epoch":    {Low: now.GetLow(), LowSequence: now.GetLowSequence()},
			"from tomorrow":       {Epoch: now.GetEpoch(), Low: now.GetLow() + 86_400_000_000},
			"from the end of all": {Epoch: now.GetEpoch(), Low: math.MaxInt64, LowSequence: math.MaxUint64},
			"of all buckets":      {Epoch: now.GetEpoch(), Whitelist: math.MaxInt64, High: math.MaxInt64, Low: math.MaxInt64},
		} {
			got, err := sane.Feed().Pull(t.Context(), &ovationv1.PullRequest{RoomId: steadyRoom, Cursor: c})
			if err != nil || !got.GetBatch().GetResync() || len(got.GetBatch().GetMessages()) == 0 {
				t.Errorf("%s: %v, %v", name, got.GetBatch().GetResync(), err)
			}
			if welcome, err := begin(t, sane, c); err != nil || !welcome.GetResync() {
				t.Errorf("%s, subscribing: %v, %v", name, welcome, err)
			}
		}
		c := s.caller(t, 0, 2, bearer(t, "negative"))
		if got := c.call(t, "FeedService/Pull", `{"roomId":"steady","cursor":{"low":"-1"}}`); got.reason != "INVALID_FIELD" {
			t.Errorf("negative: %d %s", got.status, got.body)
		}
		s.wildCursors(t, n, now.GetEpoch())
	}}.run(t)
}

// begin subscribes where a cursor says, and returns what the stream begins with.
func begin(t *testing.T, c *ovation.Client, cursor *ovationv1.Cursor) (*ovationv1.Welcome, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := c.Feed().Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: steadyRoom, Cursor: cursor})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if !stream.Receive() {
		return nil, stream.Err()
	}
	return stream.Msg().GetWelcome(), nil
}

// wildCursors pulls by cursors that are anything.
func (s *server) wildCursors(t *testing.T, n int, epoch string) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	bodies := make([]string, n)
	for i := range bodies {
		place := func() int64 { return random.Int64() >> random.IntN(64) }
		sequence := func() uint64 { return random.Uint64() >> random.IntN(65) }
		bodies[i] = fmt.Sprintf(`{"roomId":"steady","limit":10000,"cursor":{"epoch":%q,"whitelist":"%d","high":"%d","low":"%d",`+
			`"whitelistSequence":"%d","highSequence":"%d","lowSequence":"%d"}}`,
			epoch, place(), place(), place(), sequence(), sequence(), sequence())
	}
	var callers []caller
	for i := range attackers {
		callers = append(callers, s.caller(t, i, 2, bearer(t, fmt.Sprintf("wild-%d", i))))
	}
	var told tally
	each(n, attackers, func(i int) {
		got := callers[i%attackers].call(t, "FeedService/Pull", bodies[i])
		told.count(got)
		if got.status != 200 && got.reason != "LIMIT_EXCEEDED" {
			t.Errorf("%s: %d %s", bodies[i], got.status, got.body)
		}
	})
	t.Logf("told %v", told.answers)
}

// A clock may say anything: it is told the server's, and its own as it was.
func TestWrongClocks(t *testing.T) {
	n := size(1000, 10_000)
	attack{name: fmt.Sprintf("%d clocks that are wrong", n), most: 96, do: func(t *testing.T, s *server) {
		backend := s.honest(t, token.Claims{User: "clocks", Role: live.RoleBackend, Rooms: []live.RoomID{token.AnyRoom}})
		now, day := time.Now().UnixMicro(), (24 * time.Hour).Microseconds()
		clocks := []int64{math.MinInt64, math.MaxInt64, 0, -1, now - day, now + day}
		each(n, 20, func(i int) {
			sent := clocks[i%len(clocks)]
			before := time.Now().UnixMicro()
			got, err := backend.Feed().SyncClock(t.Context(), &ovationv1.SyncClockRequest{ClientSentAt: sent})
			after := time.Now().UnixMicro()
			if err != nil || got.GetClientSentAt() != sent || got.GetReceivedAt() < before || got.GetSentAt() < got.GetReceivedAt() || got.GetSentAt() > after {
				t.Errorf("%d: %v, %v, between %d and %d", sent, got, err, before, after)
			}
		})
	}}.run(t)
}
