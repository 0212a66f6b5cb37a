package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
	"github.com/ovation-live/ovation/internal/testkit"
)

// epoch is the one life of every log of the fake.
const epoch = "life"

// fake is as much of a server as the commands need, in memory. Its faults are fields;
// set them before it is used.
type fake struct {
	ovationv1connect.UnimplementedRoomServiceHandler
	ovationv1connect.UnimplementedFeedServiceHandler
	ovationv1connect.UnimplementedAttributeServiceHandler

	moderation fakeModeration
	quizzes    fakeQuiz
	visits     *fakeVisits
	events     fakeEvents

	url     string
	keep    int                           // entries that a bucket keeps; 0: all
	swallow func(*ovationv1.Message) bool // messages that nobody gets, nor hears of

	mu    sync.Mutex
	joins int
	rooms map[string]*fakeRoom
	lost  map[string]int    // how many answers of each procedure are lost, next
	seen  map[string]string // the role that called each procedure last
	peers map[string]bool   // where messages were sent from
}

// fakeRoom is one room of a fake. It is guarded by the fake's mu.
type fakeRoom struct {
	info    *ovationv1.Room
	log     [3][]*ovationv1.Message
	sent    map[string]*ovationv1.SendResponse // by sender and id
	attrs   map[string]*ovationv1.Attribute
	attrsAt int64
	clock   int64
	changed chan struct{} // closed when anything is new
}

// newFake starts a server with the room "demo".
func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{rooms: map[string]*fakeRoom{}, seen: map[string]string{}, peers: map[string]bool{}, visits: newFakeVisits()}
	f.moderation.words = map[string]map[string]*ovationv1.Word{}
	f.create(&ovationv1.Room{RoomId: "demo", Title: "Demo"})
	mux := http.NewServeMux()
	noted := connect.WithInterceptors(connect.UnaryInterceptorFunc(f.note))
	mux.Handle(ovationv1connect.NewRoomServiceHandler(f, noted))
	mux.Handle(ovationv1connect.NewFeedServiceHandler(f, noted))
	mux.Handle(ovationv1connect.NewAttributeServiceHandler(f, noted))
	mux.Handle(ovationv1connect.NewModerationServiceHandler(&f.moderation, noted))
	mux.Handle(ovationv1connect.NewQuizServiceHandler(&f.quizzes, noted))
	mux.Handle(ovationv1connect.NewAudienceServiceHandler(f.visits, noted))
	mux.Handle(ovationv1connect.NewEventServiceHandler(&f.events, noted))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// note keeps which role called what.
func (f *fake) note(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		claims, err := claimsOf(request.Header())
		if err != nil {
			return nil, failure(connect.CodeUnauthenticated, "token", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_TOKEN_INVALID})
		}
		f.mu.Lock()
		f.seen[request.Spec().Procedure] = claims.Role
		if request.Spec().Procedure == ovationv1connect.FeedServiceSendProcedure {
			f.peers[request.Peer().Addr] = true
		}
		lost := f.lost[request.Spec().Procedure] > 0
		if lost {
			f.lost[request.Spec().Procedure]--
		}
		f.mu.Unlock()
		response, err := next(ctx, request)
		if lost {
			return nil, connect.NewError(connect.CodeUnavailable, errors.New("the connection broke"))
		}
		return response, err
	}
}

// claims is what the fake reads of a token; it believes everyone.
type claims struct {
	Subject string `json:"sub"`
	Role    string `json:"role"`
}

func claimsOf(header http.Header) (claims, error) {
	c := claims{}
	parts := strings.Split(header.Get("Authorization"), ".")
	if len(parts) != 3 {
		return c, errors.New("no token")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return c, err
	}
	err = json.Unmarshal(body, &c)
	return c, err
}

func caller(ctx context.Context) claims {
	info, _ := connect.CallInfoForHandlerContext(ctx)
	c, _ := claimsOf(info.RequestHeader())
	return c
}

func (f *fake) create(info *ovationv1.Room) *ovationv1.Room {
	info.State, info.Revision, info.CreatedAt = ovationv1.RoomState_ROOM_STATE_LIVE, 1, 1_767_225_600_000_000
	if info.Settings == nil {
		info.Settings = &ovationv1.RoomSettings{}
	}
	f.rooms[info.GetRoomId()] = &fakeRoom{
		info: info, sent: map[string]*ovationv1.SendResponse{}, attrs: map[string]*ovationv1.Attribute{}, changed: make(chan struct{}),
	}
	return info
}

// in finds a room and locks the fake; the caller calls unlock, also after an error.
func (f *fake) in(id string) (r *fakeRoom, unlock func(), err error) {
	f.mu.Lock()
	r, ok := f.rooms[id]
	if !ok {
		err = failure(connect.CodeNotFound, "no such room", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_ROOM_NOT_FOUND})
	}
	return r, f.mu.Unlock, err
}

// tick returns the next room timestamp and wakes everyone. The caller holds mu.
func (r *fakeRoom) tick() int64 {
	r.clock = max(r.clock+1, time.Now().UnixMicro())
	close(r.changed)
	r.changed = make(chan struct{})
	return r.clock
}

// heads is how far the room is. The caller holds mu.
func (r *fakeRoom) heads() *ovationv1.Heads {
	cursor := &ovationv1.Cursor{Epoch: epoch}
	for b, log := range r.log {
		if n := len(log); n > 0 {
			place(cursor, b, log[n-1])
		}
	}
	return &ovationv1.Heads{Cursor: cursor, AttributesTimestamp: r.attrsAt, RoomRevision: r.info.GetRevision()}
}

// place moves a cursor behind a message.
func place(cursor *ovationv1.Cursor, bucket int, m *ovationv1.Message) {
	switch bucket {
	case 0:
		cursor.Whitelist, cursor.WhitelistSequence = m.GetTimestamp(), m.GetSequence()
	case 1:
		cursor.High, cursor.HighSequence = m.GetTimestamp(), m.GetSequence()
	default:
		cursor.Low, cursor.LowSequence = m.GetTimestamp(), m.GetSequence()
	}
}

// after returns what comes after a cursor. The caller holds mu.
func (f *fake) after(r *fakeRoom, cursor *ovationv1.Cursor, limit int) *ovationv1.Batch {
	from := [3]uint64{cursor.GetWhitelistSequence(), cursor.GetHighSequence(), cursor.GetLowSequence()}
	if cursor.GetEpoch() == "" { // the latest
		for b := range from {
			from[b] = uint64(max(len(r.log[b])-50, 0))
		}
		limit = 150
	}
	batch := &ovationv1.Batch{Cursor: proto.CloneOf(cursor)}
	if batch.GetCursor().GetEpoch() == "" {
		batch.Cursor = &ovationv1.Cursor{Epoch: epoch}
	}
	dropped := [3]uint64{}
	for b, log := range r.log {
		first := from[b]
		if gone := uint64(len(log) - f.keep); f.keep > 0 && len(log) > f.keep && first < gone && cursor.GetEpoch() != "" {
			dropped[b], first = gone-first, gone
		}
		for _, m := range log[first:] {
			if len(batch.GetMessages()) == limit {
				batch.More = true
				break
			}
			place(batch.GetCursor(), b, m)
			if f.swallow == nil || !f.swallow(m) {
				batch.Messages = append(batch.Messages, m)
			}
		}
	}
	batch.Dropped = &ovationv1.Dropped{Whitelist: dropped[0], High: dropped[1], Low: dropped[2]}
	return batch
}

func (f *fake) CreateRoom(_ context.Context, q *ovationv1.CreateRoomRequest) (*ovationv1.CreateRoomResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, taken := f.rooms[q.GetRoomId()]; taken {
		return nil, failure(connect.CodeAlreadyExists, "taken", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_ROOM_EXISTS})
	}
	room := &ovationv1.Room{RoomId: q.GetRoomId(), Title: q.GetTitle(), HostId: q.GetHostId(), Settings: q.GetSettings(), Labels: q.GetLabels()}
	return &ovationv1.CreateRoomResponse{Room: f.create(room)}, nil
}

func (f *fake) GetRoom(_ context.Context, q *ovationv1.GetRoomRequest) (*ovationv1.GetRoomResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetRoomResponse{Room: proto.CloneOf(r.info), Online: &ovationv1.Online{Users: 2, Sessions: 3}}, nil
}

// ListRooms has one room a page.
func (f *fake) ListRooms(_ context.Context, q *ovationv1.ListRoomsRequest) (*ovationv1.ListRoomsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	response := &ovationv1.ListRoomsResponse{}
	for _, id := range slices.Sorted(maps.Keys(f.rooms)) {
		if id <= q.GetPageToken() {
			continue
		}
		if len(response.GetRooms()) == 1 {
			response.NextPageToken = response.GetRooms()[0].GetRoomId()
			break
		}
		response.Rooms = append(response.Rooms, proto.CloneOf(f.rooms[id].info))
	}
	return response, nil
}

func (f *fake) UpdateRoom(_ context.Context, q *ovationv1.UpdateRoomRequest) (*ovationv1.UpdateRoomResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	if q.GetSettings().GetSlowMode().AsDuration() < 0 {
		return nil, failure(connect.CodeInvalidArgument,
			"validation error: settings.slow_mode: must be greater than or equal to 0s and less than or equal to 3600s",
			&ovationv1.ErrorDetail{
				Reason:   ovationv1.ErrorReason_ERROR_REASON_INVALID_FIELD,
				Metadata: map[string]string{"field": "settings.slow_mode", "rule": "duration.gte_lte"},
			})
	}
	if q.Title != nil {
		r.info.Title = q.GetTitle()
	}
	proto.Merge(r.info.GetSettings(), q.GetSettings())
	r.info.Revision++
	return &ovationv1.UpdateRoomResponse{Room: proto.CloneOf(r.info)}, nil
}

func (f *fake) EndRoom(_ context.Context, q *ovationv1.EndRoomRequest) (*ovationv1.EndRoomResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	if r.info.GetState() != ovationv1.RoomState_ROOM_STATE_ENDED {
		r.info.State, r.info.EndedAt = ovationv1.RoomState_ROOM_STATE_ENDED, r.tick()
		f.visits.end(r.info.GetEndedAt())
	}
	return &ovationv1.EndRoomResponse{Room: proto.CloneOf(r.info)}, nil
}

func (f *fake) ListMembers(_ context.Context, q *ovationv1.ListMembersRequest) (*ovationv1.ListMembersResponse, error) {
	_, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if q.GetRoomId() == "quiet" {
		return &ovationv1.ListMembersResponse{}, nil
	}
	return &ovationv1.ListMembersResponse{Members: []*ovationv1.Member{
		{UserId: "ann", Name: "Ann\x1b[2J", Role: ovationv1.Role_ROLE_HOST, Sessions: 2, JoinedAt: 1_767_225_600_000_000},
	}}, err
}

func (f *fake) JoinRoom(_ context.Context, q *ovationv1.JoinRoomRequest) (*ovationv1.JoinRoomResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	if r.info.GetState() == ovationv1.RoomState_ROOM_STATE_ENDED {
		return nil, failure(connect.CodeFailedPrecondition, "ended", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED})
	}
	f.joins++
	return &ovationv1.JoinRoomResponse{
		Room: proto.CloneOf(r.info), SessionId: "session", Latest: f.after(r, nil, 0), Attributes: r.snapshot(), ServerAt: time.Now().UnixMicro(),
	}, nil
}

func (f *fake) LeaveRoom(context.Context, *ovationv1.LeaveRoomRequest) (*ovationv1.LeaveRoomResponse, error) {
	return &ovationv1.LeaveRoomResponse{}, nil
}

func (f *fake) SyncClock(_ context.Context, q *ovationv1.SyncClockRequest) (*ovationv1.SyncClockResponse, error) {
	now := time.Now().UnixMicro()
	return &ovationv1.SyncClockResponse{ClientSentAt: q.GetClientSentAt(), ReceivedAt: now, SentAt: now}, nil
}

func (f *fake) Pull(_ context.Context, q *ovationv1.PullRequest) (*ovationv1.PullResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	limit := int(q.GetLimit())
	if limit == 0 {
		limit = 100
	}
	return &ovationv1.PullResponse{Batch: f.after(r, q.GetCursor(), limit), Heads: r.heads()}, nil
}

func (f *fake) Send(ctx context.Context, q *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	sender := q.GetOnBehalfOf()
	if sender == "" {
		sender = caller(ctx).Subject
	}
	if answer, ok := r.sent[sender+"/"+q.GetClientMessageId()]; ok {
		answer = proto.CloneOf(answer)
		answer.Duplicate = true
		return answer, nil
	}
	switch {
	case r.info.GetState() == ovationv1.RoomState_ROOM_STATE_ENDED:
		return nil, failure(connect.CodeFailedPrecondition, "ended", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_ROOM_ENDED})
	case len([]rune(q.GetText())) > 500:
		return nil, failure(connect.CodeInvalidArgument, "too long", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LONG})
	case q.GetText() == "too many":
		return &ovationv1.SendResponse{
			Status: ovationv1.SendStatus_SEND_STATUS_DROPPED_RATE_LIMITED, Bucket: ovationv1.Bucket_BUCKET_LOW, RetryAfter: durationpb.New(time.Second),
		}, nil
	}
	altered := strings.ReplaceAll(q.GetText(), "rude", "****")
	b := 2
	if q.GetKind() != ovationv1.MessageKind_MESSAGE_KIND_TEXT {
		b = 1
	}
	m := &ovationv1.Message{
		Timestamp: r.tick(), Sequence: uint64(len(r.log[b]) + 1), Bucket: ovationv1.Bucket(b + 1), Kind: q.GetKind(), SenderId: sender,
		SenderName: q.GetOnBehalfOfName(), Text: altered, Payload: q.GetPayload(), ContentType: q.GetContentType(), Style: q.GetStyle(),
	}
	r.log[b] = append(r.log[b], m)
	answer := &ovationv1.SendResponse{
		Status: ovationv1.SendStatus_SEND_STATUS_ACCEPTED, Timestamp: m.GetTimestamp(), Bucket: m.GetBucket(), Sequence: m.GetSequence(), Epoch: epoch,
	}
	if altered != q.GetText() {
		answer.AlteredText = altered
	}
	r.sent[sender+"/"+q.GetClientMessageId()] = answer
	return answer, nil
}

// ListHistory pages by two.
func (f *fake) ListHistory(_ context.Context, q *ovationv1.ListHistoryRequest) (*ovationv1.ListHistoryResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	all := slices.Concat(r.log[0], r.log[1], r.log[2])
	slices.SortFunc(all, func(a, b *ovationv1.Message) int { return cmp.Compare(a.GetTimestamp(), b.GetTimestamp()) })
	from := q.GetFromAt()
	if q.GetPageToken() != "" {
		from, _ = strconv.ParseInt(q.GetPageToken(), 10, 64)
	}
	response := &ovationv1.ListHistoryResponse{}
	for _, m := range all {
		switch {
		case m.GetTimestamp() < from, q.GetUntilAt() > 0 && m.GetTimestamp() >= q.GetUntilAt():
		case len(response.GetMessages()) == 2:
			response.NextPageToken = strconv.FormatInt(m.GetTimestamp(), 10)
			return response, nil
		default:
			response.Messages = append(response.Messages, m)
		}
	}
	return response, nil
}

func (f *fake) Subscribe(ctx context.Context, q *ovationv1.SubscribeRequest, stream *connect.ServerStream[ovationv1.SubscribeResponse]) error {
	inline := q.GetDelivery() == ovationv1.Delivery_DELIVERY_INLINE
	cursor := q.GetCursor()
	for first := true; ; first = false {
		r, unlock, err := f.in(q.GetRoomId())
		if err != nil {
			unlock()
			return err
		}
		changed, ended := r.changed, r.info.GetState() == ovationv1.RoomState_ROOM_STATE_ENDED
		heads := r.heads()
		var frames []*ovationv1.SubscribeResponse
		switch {
		case first:
			delivery := ovationv1.Delivery_DELIVERY_NOTIFY
			if inline {
				delivery = ovationv1.Delivery_DELIVERY_INLINE
			}
			frames = append(frames, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Welcome{Welcome: &ovationv1.Welcome{
				SessionId: "session", HeartbeatInterval: durationpb.New(10 * time.Second), Heads: heads, Delivery: delivery, Room: proto.CloneOf(r.info),
			}}})
		case !inline:
			frames = append(frames, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Notify{Notify: &ovationv1.Notify{Heads: heads, Messages: true}}})
		}
		for more := inline; more; {
			batch := f.after(r, cursor, 100)
			cursor, more = batch.GetCursor(), batch.GetMore()
			frames = append(frames, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Batch{Batch: &ovationv1.InlineBatch{Batch: batch, Heads: heads}}})
		}
		if ended {
			frames = append(frames, &ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_RoomEnded{RoomEnded: &ovationv1.RoomEnded{}}})
		}
		unlock()
		for _, frame := range frames {
			if err := stream.Send(frame); err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *fakeRoom) snapshot(keys ...string) *ovationv1.AttributeSnapshot {
	snapshot := &ovationv1.AttributeSnapshot{Timestamp: r.attrsAt, Epoch: epoch}
	for _, key := range slices.Sorted(maps.Keys(r.attrs)) {
		if len(keys) == 0 || slices.Contains(keys, key) {
			snapshot.Attributes = append(snapshot.Attributes, r.attrs[key])
		}
	}
	return snapshot
}

func (f *fake) UpdateAttributes(ctx context.Context, q *ovationv1.UpdateAttributesRequest) (*ovationv1.UpdateAttributesResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	for _, u := range q.GetUpdates() {
		if u.IfTimestamp != nil && u.GetIfTimestamp() != r.attrs[u.GetKey()].GetTimestamp() {
			return nil, failure(connect.CodeAborted, "changed", &ovationv1.ErrorDetail{
				Reason: ovationv1.ErrorReason_ERROR_REASON_ATTRIBUTE_CONFLICT, Metadata: map[string]string{"key": u.GetKey()},
			})
		}
	}
	r.attrsAt = r.tick()
	for _, u := range q.GetUpdates() {
		if u.GetDelete() {
			delete(r.attrs, u.GetKey())
			continue
		}
		owner := ""
		if u.GetOwn() {
			owner = caller(ctx).Subject
		}
		r.attrs[u.GetKey()] = &ovationv1.Attribute{
			Key: u.GetKey(), Value: u.GetValue(), Timestamp: r.attrsAt, OwnerId: owner, DeleteOnLeave: u.GetDeleteOnLeave(),
		}
	}
	return &ovationv1.UpdateAttributesResponse{Timestamp: r.attrsAt, Epoch: epoch}, nil
}

func (f *fake) GetAttributes(_ context.Context, q *ovationv1.GetAttributesRequest) (*ovationv1.GetAttributesResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	return &ovationv1.GetAttributesResponse{Snapshot: r.snapshot(q.GetKeys()...)}, nil
}

func (f *fake) PullAttributes(_ context.Context, q *ovationv1.PullAttributesRequest) (*ovationv1.PullAttributesResponse, error) {
	r, unlock, err := f.in(q.GetRoomId())
	defer unlock()
	if err != nil {
		return nil, err
	}
	return &ovationv1.PullAttributesResponse{Result: &ovationv1.PullAttributesResponse_Snapshot{Snapshot: r.snapshot()}, Epoch: epoch}, nil
}

// joined is how many sessions began.
func (f *fake) joined() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.joins
}

// awaitJoins waits until so many sessions began.
func (f *fake) awaitJoins(t *testing.T, n int) {
	t.Helper()
	testkit.Eventually(t, "so many sessions began", func() bool { return f.joined() >= n })
}

// running is a command that was started.
type running struct {
	out, err testkit.Output
	code     chan int
}

// start starts a command against the fake.
func (f *fake) start(ctx context.Context, args ...string) *running {
	return f.startWith(ctx, "", args...)
}

// startWith is start with something on standard input.
func (f *fake) startWith(ctx context.Context, stdin string, args ...string) *running {
	r := &running{code: make(chan int, 1)}
	args = append([]string{"--server", f.url, "--user", "ann"}, args...)
	go func() { r.code <- run(ctx, args, strings.NewReader(stdin), &r.out, &r.err) }()
	return r
}

// do runs a command to its end and checks the exit code.
func (f *fake) do(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	return f.doWith(t, code, "", args...)
}

// doWith is do with something on standard input.
func (f *fake) doWith(t *testing.T, code int, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	r := f.startWith(t.Context(), stdin, args...)
	if got := <-r.code; got != code {
		t.Errorf("%v: exit code %d, want %d\n%s%s", args, got, code, r.out.String(), r.err.String())
	}
	return r.out.String(), r.err.String()
}
