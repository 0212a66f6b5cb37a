package ovation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
)

const fakeHeartbeat = 20 * time.Second

// subscription is one Subscribe call at the fake.
type subscription struct {
	request *ovationv1.SubscribeRequest
	header  http.Header
	ctx     context.Context //nolint:containedctx // as long as the call
	stream  *connect.ServerStream[ovationv1.SubscribeResponse]
}

// fake is a server with one room, whose log and attributes are the real ones, and
// whose streams do what a test says. Everything happens over memory.
type fake struct {
	ovationv1connect.UnimplementedFeedServiceHandler
	ovationv1connect.UnimplementedRoomServiceHandler
	ovationv1connect.UnimplementedAttributeServiceHandler
	ovationv1connect.UnimplementedQuizServiceHandler

	t        *testing.T
	listener *memoryListener
	base     string

	mu         sync.Mutex
	clock      live.Clock
	rings      *feed.Rings
	attributes *attribute.Map
	room       *ovationv1.Room
	changed    chan struct{} // closed when something is appended
	streams    int
	pulls      []*ovationv1.PullRequest
	attrPulls  int
	sends      []*ovationv1.SendRequest
	left       int
	acked      []string // frame ids, in order of arrival
	answered   []*ovationv1.SubmitAnswerRequest
	tokens     []string // authorization headers, in order of arrival

	// What a test sets; nil for the plain thing.
	onSubscribe func(n int, s *subscription) error
	onPull      func(*ovationv1.PullRequest) error
	onJoin      func() error
	beforePull  func(context.Context) // the answer is made before it
	onSend      func(n int) error
	onAnswer    func(n int) error
	afterSend   func() // the message is in the log, the answer is not out
	drop        bool   // messages that are sent
	endpoint    string // named by JoinRoom
	alter       string // the text of messages that are sent; empty: leave it
	onCall      func(token, procedure string) error
	wrap        func(http.Handler) http.Handler
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{
		t:        t,
		listener: &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})},
		base:     "http://fake",
		rings:    feed.NewRings(100, feed.Cursor{Epoch: "e1"}),
		room:     &ovationv1.Room{RoomId: "demo", State: ovationv1.RoomState_ROOM_STATE_LIVE, Revision: 1},
		changed:  make(chan struct{}),
	}
	f.attributes = attribute.NewMap()
	return f
}

// start serves until the test ends.
func (f *fake) start() {
	options := connect.WithInterceptors(recorder{f})
	mux := http.NewServeMux()
	mux.Handle(ovationv1connect.NewFeedServiceHandler(f, options))
	mux.Handle(ovationv1connect.NewRoomServiceHandler(f, options))
	mux.Handle(ovationv1connect.NewAttributeServiceHandler(f, options))
	mux.Handle(ovationv1connect.NewQuizServiceHandler(f, options))
	var handler http.Handler = mux
	if f.wrap != nil {
		handler = f.wrap(mux)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	quiet := log.New(io.Discard, "", 0)
	server := &http.Server{Handler: handler, Protocols: protocols, ReadHeaderTimeout: time.Second, ErrorLog: quiet}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(f.listener)
	}()
	f.t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
}

// client returns a client of the fake.
func (f *fake) client(options ...Option) *Client {
	f.t.Helper()
	transport := newTransport(f.base, f.listener.dial)
	options = append([]Option{WithToken("token"), WithHTTPClient(&http.Client{Transport: transport})}, options...)
	c, err := New(f.base, options...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(transport.CloseIdleConnections)
	return c
}

// join starts the fake and enters its room.
func (f *fake) join(options ...JoinOption) *Room {
	f.t.Helper()
	f.start()
	return f.joinWith(f.client(), options...)
}

func (f *fake) joinWith(c *Client, options ...JoinOption) *Room {
	f.t.Helper()
	room, err := c.Join(f.t.Context(), "demo", options...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(room.Close)
	return room
}

// say appends messages to a bucket.
func (f *fake) say(bucket feed.Bucket, texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, text := range texts {
		appendTo(f.rings, &f.clock, live.At(time.Now()), bucket, text)
	}
	f.signal()
}

// signal wakes whoever waits for a change; f.mu is held.
func (f *fake) signal() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// set changes an attribute.
func (f *fake) set(key, value string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	update := attribute.Update{Key: key, Value: []byte(value)}
	limits := attribute.DefaultLimits()
	plan, err := f.attributes.Plan(attribute.Actor{Privileged: true}, limits, []attribute.Update{update})
	if err != nil {
		panic(err)
	}
	f.attributes.Commit(plan, f.clock.Next(live.At(time.Now())), limits)
	f.signal()
}

// loseLog begins another life of the room's log.
func (f *fake) loseLog(epoch live.Epoch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rings = feed.NewRings(100, feed.Cursor{Epoch: epoch})
	f.attributes = attribute.NewMap()
	f.signal()
}

// relive has the room's log go on in another life, with all that it had.
func (f *fake) relive(epoch live.Epoch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.rings
	f.rings = feed.NewRings(100, feed.Cursor{Epoch: epoch})
	f.rings.Descend(before.Ancestry().Followed(before.Head()))
	for _, m := range before.Between(0, 0, 100) {
		f.rings.Apply(m)
	}
	f.signal()
}

func (f *fake) heads() *ovationv1.Heads {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.headsLocked()
}

func (f *fake) headsLocked() *ovationv1.Heads {
	return &ovationv1.Heads{
		Cursor:              protoCursor(f.rings.Head()),
		AttributesTimestamp: int64(f.attributes.Timestamp()),
		RoomRevision:        f.room.Revision,
	}
}

// batchAfter reads the log.
func (f *fake) batchAfter(c *ovationv1.Cursor, limit int) *ovationv1.Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	return protoBatch(f.rings.Select(feedCursor(c), limit))
}

// count reads a counter.
func (f *fake) count(counter func() int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return counter()
}

// JoinRoom implements RoomService.
func (f *fake) JoinRoom(_ context.Context, request *ovationv1.JoinRoomRequest) (*ovationv1.JoinRoomResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.onJoin != nil {
		if err := f.onJoin(); err != nil {
			return nil, err
		}
	}
	session := request.SessionId
	if session == "" {
		session = "s1"
	}
	return &ovationv1.JoinRoomResponse{
		Room:       proto.CloneOf(f.room),
		SessionId:  session,
		Online:     &ovationv1.Online{Users: 1, Sessions: 1},
		Latest:     protoBatch(f.rings.Select(feed.Cursor{}, feed.FirstPull)),
		Attributes: f.snapshotLocked(),
		ServerAt:   time.Now().Add(time.Hour).UnixMicro(),
		Endpoint:   f.endpoint,
	}, nil
}

// GetRoom implements RoomService.
func (f *fake) GetRoom(context.Context, *ovationv1.GetRoomRequest) (*ovationv1.GetRoomResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &ovationv1.GetRoomResponse{Room: proto.CloneOf(f.room)}, nil
}

// LeaveRoom implements RoomService.
func (f *fake) LeaveRoom(context.Context, *ovationv1.LeaveRoomRequest) (*ovationv1.LeaveRoomResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left++
	return &ovationv1.LeaveRoomResponse{}, nil
}

// Subscribe implements FeedService.
func (f *fake) Subscribe(
	ctx context.Context, request *ovationv1.SubscribeRequest, stream *connect.ServerStream[ovationv1.SubscribeResponse],
) error {
	f.mu.Lock()
	n := f.streams
	f.streams++
	f.mu.Unlock()
	s := &subscription{request: request, ctx: ctx, stream: stream}
	if info, ok := connect.CallInfoForHandlerContext(ctx); ok {
		s.header = info.RequestHeader()
	}
	if f.onSubscribe == nil {
		return f.plainStream(s)
	}
	return f.onSubscribe(n, s)
}

// plainStream notifies until the caller leaves.
func (f *fake) plainStream(s *subscription) error {
	if err := s.welcome(f, ovationv1.Delivery_DELIVERY_NOTIFY); err != nil {
		return err
	}
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		select {
		case <-changed:
			if err := s.notify(f); err != nil {
				return err
			}
		case <-time.After(fakeHeartbeat):
			if err := s.heartbeat(f); err != nil {
				return err
			}
		case <-s.ctx.Done():
			return nil
		}
	}
}

// Pull implements FeedService.
func (f *fake) Pull(ctx context.Context, request *ovationv1.PullRequest) (*ovationv1.PullResponse, error) {
	f.mu.Lock()
	f.pulls = append(f.pulls, request)
	f.mu.Unlock()
	if f.onPull != nil {
		if err := f.onPull(request); err != nil {
			return nil, err
		}
	}
	deadline := time.After(request.GetWait().AsDuration())
	for {
		f.mu.Lock()
		response := &ovationv1.PullResponse{
			Batch: protoBatch(f.rings.Select(feedCursor(request.Cursor), 10)),
			Heads: f.headsLocked(),
		}
		changed := f.changed
		f.mu.Unlock()
		if len(response.Batch.Messages) > 0 || response.Batch.Resync || request.GetWait().AsDuration() == 0 {
			if f.beforePull != nil {
				f.beforePull(ctx)
			}
			return response, nil
		}
		select {
		case <-changed:
		case <-deadline:
			request.Wait = nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Send implements FeedService.
func (f *fake) Send(_ context.Context, request *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	f.mu.Lock()
	n := len(f.sends)
	f.sends = append(f.sends, request)
	f.mu.Unlock()
	if f.onSend != nil {
		if err := f.onSend(n); err != nil {
			return nil, err
		}
	}
	if f.drop {
		const dropped = ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED
		return &ovationv1.SendResponse{Status: dropped, RetryAfter: durationpb.New(time.Second)}, nil
	}
	if f.alter != "" {
		request.Text = f.alter
	}
	m := f.appendSent(request)
	if f.afterSend != nil {
		f.afterSend()
	}
	return &ovationv1.SendResponse{
		Status:    ovationv1.SendStatus_SEND_STATUS_ACCEPTED,
		Timestamp: int64(m.Timestamp),
		Sequence:  m.Sequence,
		Bucket:    ovationv1.Bucket_BUCKET_LOW,

		AlteredText: f.alter,
	}, nil
}

func (f *fake) appendSent(request *ovationv1.SendRequest) *feed.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.signal()
	content := feed.Content{Kind: feed.KindText, Text: request.Text, ClientMessageID: request.ClientMessageId}
	return appendContent(f.rings, &f.clock, live.At(time.Now()), feed.Low, content)
}

// SyncClock implements FeedService: the server is an hour ahead.
func (f *fake) SyncClock(_ context.Context, request *ovationv1.SyncClockRequest) (*ovationv1.SyncClockResponse, error) {
	now := time.Now().Add(time.Hour).UnixMicro()
	return &ovationv1.SyncClockResponse{ClientSentAt: request.ClientSentAt, ReceivedAt: now, SentAt: now}, nil
}

// PullAttributes implements AttributeService.
func (f *fake) PullAttributes(
	_ context.Context, request *ovationv1.PullAttributesRequest,
) (*ovationv1.PullAttributesResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attrPulls++
	epoch := string(f.rings.Head().Epoch)
	response := &ovationv1.PullAttributesResponse{Epoch: epoch}
	changes, ok := f.attributes.Since(live.Timestamp(request.After))
	if !ok || (request.Epoch != "" && request.Epoch != epoch) {
		response.Result = &ovationv1.PullAttributesResponse_Snapshot{Snapshot: f.snapshotLocked()}
		return response, nil
	}
	response.Result = &ovationv1.PullAttributesResponse_Changes{Changes: protoChanges(changes)}
	return response, nil
}

func (f *fake) snapshotLocked() *ovationv1.AttributeSnapshot {
	s := f.attributes.Snapshot()
	out := &ovationv1.AttributeSnapshot{Timestamp: int64(s.Timestamp), Epoch: string(f.rings.Head().Epoch)}
	for _, a := range s.Attributes {
		out.Attributes = append(out.Attributes, &ovationv1.Attribute{Key: a.Key, Value: a.Value, Timestamp: int64(a.Timestamp)})
	}
	return out
}

// changesAfter returns what happened to the attributes since.
func (f *fake) changesAfter(after live.Timestamp) *ovationv1.AttributeChanges {
	f.mu.Lock()
	defer f.mu.Unlock()
	changes, ok := f.attributes.Since(after)
	if !ok {
		panic("the log does not reach back")
	}
	return protoChanges(changes)
}

func protoChanges(in attribute.Changes) *ovationv1.AttributeChanges {
	out := &ovationv1.AttributeChanges{After: int64(in.After), Timestamp: int64(in.Timestamp)}
	for _, c := range in.List {
		a := &ovationv1.Attribute{Key: c.Attribute.Key, Value: c.Attribute.Value, Timestamp: int64(c.Attribute.Timestamp)}
		out.Changes = append(out.Changes, &ovationv1.AttributeChange{Attribute: a, Deleted: c.Deleted})
	}
	return out
}

// welcome sends the first frame.
func (s *subscription) welcome(f *fake, delivery ovationv1.Delivery, changes ...func(*ovationv1.Welcome)) error {
	f.mu.Lock()
	continues := s.request.Cursor == nil || f.rings.Continues(feedCursor(s.request.Cursor))
	w := &ovationv1.Welcome{
		SessionId:         s.request.SessionId,
		HeartbeatInterval: durationpb.New(fakeHeartbeat),
		Heads:             f.headsLocked(),
		Delivery:          delivery,
		Resync:            !continues,
		Room:              proto.CloneOf(f.room),
	}
	f.mu.Unlock()
	if w.SessionId == "" {
		w.SessionId = "s2"
	}
	for _, change := range changes {
		change(w)
	}
	return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Welcome{Welcome: w}})
}

func (s *subscription) notify(f *fake) error {
	n := &ovationv1.Notify{Heads: f.heads(), Messages: true, Attributes: true}
	return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Notify{Notify: n}})
}

func (s *subscription) heartbeat(f *fake) error {
	h := &ovationv1.Heartbeat{Heads: f.heads()}
	return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Heartbeat{Heartbeat: h}})
}

// batch sends messages inline.
func (s *subscription) batch(f *fake, b *ovationv1.Batch, attributes *ovationv1.AttributeChanges) error {
	inline := &ovationv1.InlineBatch{Batch: b, Attributes: attributes, Heads: f.heads()}
	return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Batch{Batch: inline}})
}

func (s *subscription) kick(reason ovationv1.KickReason, mayReconnect bool) error {
	k := &ovationv1.Kicked{Reason: reason, MayReconnect: mayReconnect}
	return s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Kicked{Kicked: k}})
}

// inline sends everything after a cursor as it comes, until the caller leaves.
func (s *subscription) inline(f *fake, cursor *ovationv1.Cursor) error {
	for {
		f.mu.Lock()
		changed := f.changed
		f.mu.Unlock()
		if b := f.batchAfter(cursor, 10); len(b.Messages) > 0 || b.Resync || cursor != nil && b.Cursor.Epoch != cursor.Epoch {
			cursor = b.Cursor
			if err := s.batch(f, b, nil); err != nil {
				return err
			}
			continue
		}
		select {
		case <-changed:
		case <-s.ctx.Done():
			return nil
		}
	}
}

// failure makes an error as the server does.
func failure(code connect.Code, reason ovationv1.ErrorReason, retryAfter time.Duration) error {
	err := connect.NewError(code, errors.New(reason.String()))
	detail := &ovationv1.ErrorDetail{Reason: reason}
	if retryAfter > 0 {
		detail.RetryAfter = durationpb.New(retryAfter)
	}
	d, wrong := connect.NewErrorDetail(detail)
	if wrong != nil {
		panic(wrong)
	}
	err.AddDetail(d)
	return err
}

// recorder notes tokens, and asks the test about every call.
type recorder struct{ f *fake }

func (r recorder) judge(header http.Header, procedure string) error {
	token := header.Get("Authorization")
	r.f.mu.Lock()
	r.f.tokens = append(r.f.tokens, token)
	judge := r.f.onCall
	r.f.mu.Unlock()
	if judge == nil {
		return nil
	}
	return judge(token, procedure)
}

func (r recorder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		if err := r.judge(request.Header(), request.Spec().Procedure); err != nil {
			return nil, err
		}
		return next(ctx, request)
	}
}

func (r recorder) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (r recorder) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		if err := r.judge(conn.RequestHeader(), conn.Spec().Procedure); err != nil {
			return err
		}
		return next(ctx, conn)
	}
}

// memoryListener hands the server ends of pipes to Accept.
type memoryListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.IPAddr{} }

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// next returns the next event of a type, passing over others; it fails the test if the
// stay ends or nothing comes for an hour.
func next[E Event](t *testing.T, room *Room) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	var passed []string
	for {
		event, err := room.Next(ctx)
		if err != nil {
			t.Fatalf("%v, after %d others, at last %v", err, len(passed), passed[max(0, len(passed)-5):])
		}
		if e, ok := event.(E); ok {
			return e
		}
		passed = append(passed, fmt.Sprintf("%T", event))
	}
}

// read returns the texts of the next n messages; it fails the test if some are missing.
func read(t *testing.T, room *Room, n int) []string {
	t.Helper()
	var texts []string
	for len(texts) < n {
		m := next[*Messages](t, room)
		if m.Dropped.Total() != 0 || m.Unexplained != 0 {
			t.Fatalf("missing: %+v, unexplained %d", m.Dropped, m.Unexplained)
		}
		for _, message := range m.Messages {
			texts = append(texts, message.Text)
		}
	}
	return texts
}

// end reads until the stay is over and returns why.
func end(t *testing.T, room *Room) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for {
		if _, err := room.Next(ctx); err != nil {
			return err
		}
	}
}

// numbers returns the numbers from one to another as texts.
func numbers(from, to int) (texts []string) {
	for i := from; i <= to; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}

// AckFrame implements QuizService.
func (f *fake) AckFrame(_ context.Context, request *ovationv1.AckFrameRequest) (*ovationv1.AckFrameResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acked = append(f.acked, request.FrameIds...)
	return &ovationv1.AckFrameResponse{}, nil
}

// SubmitAnswer implements QuizService.
func (f *fake) SubmitAnswer(
	_ context.Context, request *ovationv1.SubmitAnswerRequest,
) (*ovationv1.SubmitAnswerResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answered = append(f.answered, request)
	if f.onAnswer != nil {
		if err := f.onAnswer(len(f.answered)); err != nil {
			return nil, err
		}
	}
	return &ovationv1.SubmitAnswerResponse{Option: request.Option}, nil
}
