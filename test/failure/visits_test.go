package failure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/services"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/token"
)

const (
	// visitors is how many viewers come and go, if OVATION_FAILURE_VIEWERS does not say.
	visitors = 200
	// visitRoom is where.
	visitRoom = "visited"
	// clockSlack is by how much instants may lie outside those between which a client knows
	// that they are: all is on one machine.
	clockSlack = 50 * time.Millisecond
)

// sitting is one session of a visitor, as they saw it. Instants are in µs.
type sitting struct {
	user, session string
	asked         int64 // when they subscribed
	welcomed      int64 // when the stream had begun; 0: they do not know whether it has
	leaving       int64 // when they left; 0: they did not
	left          int64 // when that was acknowledged; 0: they do not know whether they have left
	unanswered    int64 // when they gave up that they are told so, with their stream; 0: they did not
	cut           int64 // when their stream broke; 0: it did not
}

// turnstile is a crowd of visitors who come to a room by live streams and leave it again, on
// any node that runs.
type turnstile struct {
	nodes   []string
	gone    atomic.Int32 // the node that is no more, and one
	clients []*http.Client
	over    atomic.Int64    // sittings that are over
	ctx     context.Context //nolint:containedctx // the crowd's life
	close   context.CancelFunc
	group   sync.WaitGroup
	killed  int64 // when the node was

	mu       sync.Mutex
	sittings []sitting
}

// crowdSize returns how many visitors come.
func crowdSize(t *testing.T) int {
	t.Helper()
	asked := os.Getenv("OVATION_FAILURE_VIEWERS")
	if asked == "" {
		return visitors
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		t.Fatalf("OVATION_FAILURE_VIEWERS is %q, want a number", asked)
	}
	return n
}

// open lets a crowd in.
func open(t *testing.T, d *deployment, size int) *turnstile {
	t.Helper()
	v := &turnstile{}
	v.ctx, v.close = context.WithCancel(context.Background())
	for _, n := range d.nodes {
		v.nodes = append(v.nodes, "http://"+n.address)
	}
	for range max(1, size/100) { // connections to each node
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		v.clients = append(v.clients, &http.Client{Transport: transport})
		t.Cleanup(transport.CloseIdleConnections)
	}
	for i := range size {
		user := fmt.Sprint("visitor-", i)
		signed, err := token.Mint(secret, token.Claims{
			User: live.UserID(user), Role: live.RoleViewer, Rooms: []live.RoomID{visitRoom}, Expires: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		v.group.Go(func() { v.comeAndGo(i, user, "Bearer "+signed) })
	}
	t.Cleanup(func() {
		v.close()
		v.group.Wait()
	})
	return v
}

// comeAndGo visits again and again until the crowd is to go.
func (v *turnstile) comeAndGo(i int, user, bearer string) {
	for n := 0; v.ctx.Err() == nil; n++ {
		one := v.sit(v.clients[i%len(v.clients)], v.node(), bearer, sitting{user: user, session: fmt.Sprintf("%s.%d", user, n)})
		v.mu.Lock()
		v.sittings = append(v.sittings, one)
		v.mu.Unlock()
		v.over.Add(1)
		v.pause(time.Second)
	}
}

// node returns the address of one that runs.
func (v *turnstile) node() string {
	gone := int(v.gone.Load()) - 1
	for {
		if i := rand.IntN(len(v.nodes)); i != gone {
			return v.nodes[i]
		}
	}
}

// pause waits a random time up to that, or until the crowd is to go.
func (v *turnstile) pause(most time.Duration) {
	select {
	case <-time.After(rand.N(most)):
	case <-v.ctx.Done():
	}
}

// sit subscribes, stays a while and leaves.
func (v *turnstile) sit(client *http.Client, node, bearer string, s sitting) sitting {
	with := connect.WithInterceptors(bearing(bearer))
	feed, room := ovationv1connect.NewFeedServiceClient(client, node, with), ovationv1connect.NewRoomServiceClient(client, node, with)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.asked = time.Now().UnixMicro()
	stream, err := feed.Subscribe(ctx, &ovationv1.SubscribeRequest{RoomId: visitRoom, SessionId: s.session})
	if err != nil || !stream.Receive() || stream.Msg().GetWelcome() == nil {
		s.cut = time.Now().UnixMicro()
		return s
	}
	s.welcomed = time.Now().UnixMicro()
	broken := make(chan int64, 1)
	go func() {
		for stream.Receive() {
			if stream.Msg().GetReconnect() != nil || stream.Msg().GetKicked() != nil {
				break
			}
		}
		broken <- time.Now().UnixMicro()
	}()
	defer func() {
		cancel()
		if s.cut == 0 {
			<-broken
		}
		_ = stream.Close()
	}()
	select {
	case s.cut = <-broken:
		return s
	case <-time.After(200*time.Millisecond + rand.N(3*time.Second)):
	case <-v.ctx.Done():
	}
	calling, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	s.leaving = time.Now().UnixMicro()
	if _, err := room.LeaveRoom(calling, &ovationv1.LeaveRoomRequest{RoomId: visitRoom, SessionId: s.session}); err == nil {
		s.left = time.Now().UnixMicro()
	} else {
		s.unanswered = time.Now().UnixMicro()
	}
	return s
}

// bearing adds a token to calls.
type bearing string

func (b bearing) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		request.Header().Set("Authorization", string(b))
		return next(ctx, request)
	}
}

func (b bearing) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", string(b))
		return conn
	}
}

func (bearing) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// counted waits until so many more sittings are over.
func (v *turnstile) counted(t *testing.T, more int) {
	t.Helper()
	until := v.over.Load() + int64(more)
	eventually(t, fmt.Sprintf("%d visitors have left again", more), func() bool { return v.over.Load() >= until })
}

// between says whether an instant lies where a client knows that it does.
func between(at, from, to int64) bool {
	return at >= from-clockSlack.Microseconds() && at <= to+clockSlack.Microseconds()
}

// fits says what is wrong with a visit, by what its visitor saw; "": nothing. Who asked to
// leave and was not answered was there until they gave up, or until their node was killed; and
// that they gave up can take as long to be known as they waited, for they or their node were
// that far behind.
func (s sitting) fits(v *ovationv1.Visit, killed int64) string {
	last := max(s.welcomed, s.left, s.cut)
	until := last
	if s.unanswered != 0 {
		until = max(last, s.unanswered+s.unanswered-s.leaving, killed)
	}
	switch {
	case v.GetUserId() != s.user:
		return "it is another user's"
	case !between(v.GetEnteredAt(), s.asked, max(s.welcomed, s.cut)):
		return "they entered at another time"
	case v.GetExitedAt() == 0 || v.GetAnomaly() != ovationv1.VisitAnomaly_VISIT_ANOMALY_UNSPECIFIED:
		return "it is not closed, or wrong"
	case s.left != 0 && s.cut == 0 && (v.GetInferred() || !between(v.GetExitedAt(), s.leaving, s.left)):
		return "they left at another time"
	case !v.GetInferred() && s.leaving == 0:
		return "they never left"
	case v.GetInferred() && !between(v.GetExitedAt(), last-rooms.StreamLease.Microseconds(), until+time.Second.Microseconds()):
		return "it was inferred too far from when they were last there"
	default:
		return ""
	}
}

// listAll returns all visits to the room.
func listAll(t *testing.T, audience ovationv1connect.AudienceServiceClient) (all []*ovationv1.Visit) {
	t.Helper()
	request := &ovationv1.ListVisitsRequest{RoomId: visitRoom, PageSize: 10_000}
	for {
		page, err := audience.ListVisits(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.GetVisits()...)
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			return all
		}
	}
}

// judgeVisits compares visits with what the visitors saw, one by one.
func (v *turnstile) judgeVisits(t *testing.T, all []*ovationv1.Visit) (inferred int) {
	t.Helper()
	found := make(map[string]*ovationv1.Visit, len(all))
	for _, one := range all {
		if found[one.GetSessionId()] != nil {
			t.Errorf("two visits of session %s", one.GetSessionId())
		}
		found[one.GetSessionId()] = one
	}
	for _, s := range v.sittings {
		one := found[s.session]
		delete(found, s.session)
		switch {
		case one == nil && s.welcomed != 0:
			t.Errorf("%+v is lost", s)
		case one == nil: // their call failed, and had no effect
		case s.fits(one, v.killed) != "":
			t.Errorf("%s:\n%+v\n%v", s.fits(one, v.killed), s, one)
		case one.GetInferred():
			inferred++
		}
	}
	if len(found) > 0 {
		t.Errorf("%d visits that nobody made, such as %v", len(found), slices.Collect(func(yield func(*ovationv1.Visit) bool) {
			for _, one := range found {
				if !yield(one) {
					return
				}
			}
		})[0])
	}
	return inferred
}

// count is what some visits come to.
type count struct {
	users, peak int
	total       time.Duration
}

// countOf adds visits up: nobody's are at the same time, but of those who were cut.
func countOf(all []*ovationv1.Visit) (c count) {
	type step struct {
		at   int64
		by   int
		user string
	}
	var steps []step
	for _, v := range all {
		steps = append(steps, step{v.GetEnteredAt(), 1, v.GetUserId()}, step{v.GetExitedAt(), -1, v.GetUserId()})
	}
	slices.SortFunc(steps, func(a, b step) int { return int(a.at-b.at)*4 + a.by - b.by })
	online, there, since := 0, make(map[string]int), make(map[string]int64)
	for i, s := range steps {
		if there[s.user] > 0 {
			c.total += time.Duration(s.at-since[s.user]) * time.Microsecond
		}
		since[s.user] = s.at
		there[s.user] += s.by
		online += s.by
		if i+1 == len(steps) || steps[i+1].at != s.at {
			c.peak = max(c.peak, online)
		}
	}
	c.users = len(there)
	return c
}

// Visitors come and go by streams of three nodes while one is killed and Postgres is away for
// a while. Every visit is known afterwards, as its visitor saw it, and every figure is that of
// the visits.
func TestVisitsWhileANodeIsKilledAndPostgresIsPaused(t *testing.T) {
	begin(t)
	postgres := services.NewPostgres(t)
	d := deploy(t, services.SharedRedis(t), postgres.NewDatabase(t))
	operator := d.nodes[1].client(t, "operator", live.RoleBackend)
	if _, err := operator.Rooms().CreateRoom(t.Context(), &ovationv1.CreateRoomRequest{RoomId: visitRoom}); err != nil {
		t.Fatal(err)
	}
	size := crowdSize(t)
	v := open(t, d, size)
	v.counted(t, size)
	v.gone.Store(1)
	d.nodes[0].kill(t)
	v.killed = time.Now().UnixMicro()
	v.counted(t, size)
	postgres.Pause(t)
	v.counted(t, size)
	postgres.Resume(t)
	v.counted(t, size)
	v.close()
	v.group.Wait()

	audience := operator.Audience()
	watch := func() (*ovationv1.WatchTime, error) {
		got, err := audience.GetWatchTime(t.Context(), &ovationv1.GetWatchTimeRequest{RoomId: visitRoom})
		return got.GetWatchTime(), err
	}
	sure := 0
	for _, s := range v.sittings {
		if s.welcomed != 0 {
			sure++
		}
	}
	eventually(t, "all visits are closed", func() bool {
		w, err := watch()
		return err == nil && w.GetOpen() == 0 && w.GetVisits() >= int64(sure)
	})
	all := listAll(t, audience)
	inferred := v.judgeVisits(t, all)
	if _, err := operator.Rooms().EndRoom(t.Context(), &ovationv1.EndRoomRequest{RoomId: visitRoom}); err != nil {
		t.Fatal(err)
	}
	want := countOf(all)
	w, err := watch()
	if err != nil || w.GetVisits() != int64(len(all)) || w.GetUsers() != int64(want.users) || w.GetTotal().AsDuration() != want.total ||
		w.GetInferred() != int64(inferred) || w.GetAnomalies() != 0 {
		t.Errorf("%v, %v; want %d visits, %d inferred, %+v", w, err, len(all), inferred, want)
	}
	got, err := audience.GetAttendance(t.Context(), &ovationv1.GetAttendanceRequest{RoomId: visitRoom, WithCurve: true})
	a := got.GetAttendance()
	if err != nil || a.GetPeak() != int64(want.peak) || a.GetUniqueUsers() != int64(want.users) || a.GetWatchTime().AsDuration() != want.total {
		t.Errorf("%v, %v; want %+v", a, err, want)
	}
	var enters, exits int64
	for _, m := range a.GetCurve() {
		enters, exits = enters+m.GetEnters(), exits+m.GetExits()
	}
	if enters != int64(len(all)) || exits != enters {
		t.Errorf("the curve has %d enters and %d exits of %d visits", enters, exits, len(all))
	}
	t.Logf("| a node of three is killed (`kill -9`) while %d viewers come and go, then Postgres is stopped for a while | %d visits, %d inferred, all as the viewers saw them |",
		size, len(all), inferred)
}
