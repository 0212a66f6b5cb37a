package main

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// fakeModeration is as much of a ModerationService as the commands need, in memory.
type fakeModeration struct {
	ovationv1connect.UnimplementedModerationServiceHandler

	mu        sync.Mutex
	sanctions []*ovationv1.Sanction
	words     map[string]map[string]*ovationv1.Word // by room/list, then text
	puts      []*ovationv1.PutWordsRequest
	kicks     []*ovationv1.KickRequest
	onPut     func(n int) error // set before use
}

// applied is when the fake applies everything.
const applied = int64(1_767_225_600_000_000)

// apply adds a sanction.
func (f *fakeModeration) apply(
	ctx context.Context, kind ovationv1.SanctionKind, room, user, reason string, duration *durationpb.Duration,
) (*ovationv1.Sanction, error) {
	if user == "host" {
		return nil, failure(connect.CodeFailedPrecondition, "protected", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_USER_PROTECTED})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &ovationv1.Sanction{
		SanctionId: strconv.Itoa(len(f.sanctions) + 1), Kind: kind, RoomId: room, UserId: user, Reason: reason, AppliedBy: caller(ctx).Subject,
		AppliedAt: applied, State: ovationv1.SanctionState_SANCTION_STATE_ACTIVE,
	}
	if duration != nil {
		s.UntilAt = applied + duration.AsDuration().Microseconds()
	}
	f.sanctions = append(f.sanctions, s)
	return s, nil
}

// lift ends what acts of a kind.
func (f *fakeModeration) lift(kind ovationv1.SanctionKind, room, user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sanctions {
		if s.GetKind() == kind && s.GetRoomId() == room && s.GetUserId() == user {
			s.State, s.LiftedAt = ovationv1.SanctionState_SANCTION_STATE_LIFTED, applied
		}
	}
}

func (f *fakeModeration) Ban(ctx context.Context, q *ovationv1.BanRequest) (*ovationv1.BanResponse, error) {
	s, err := f.apply(ctx, ovationv1.SanctionKind_SANCTION_KIND_BAN, q.GetRoomId(), q.GetUserId(), q.GetReason(), q.GetDuration())
	return &ovationv1.BanResponse{Sanction: s}, err
}

func (f *fakeModeration) Unban(_ context.Context, q *ovationv1.UnbanRequest) (*ovationv1.UnbanResponse, error) {
	f.lift(ovationv1.SanctionKind_SANCTION_KIND_BAN, q.GetRoomId(), q.GetUserId())
	return &ovationv1.UnbanResponse{}, nil
}

func (f *fakeModeration) Mute(ctx context.Context, q *ovationv1.MuteRequest) (*ovationv1.MuteResponse, error) {
	s, err := f.apply(ctx, ovationv1.SanctionKind_SANCTION_KIND_MUTE, q.GetRoomId(), q.GetUserId(), q.GetReason(), q.GetDuration())
	return &ovationv1.MuteResponse{Sanction: s}, err
}

func (f *fakeModeration) Unmute(_ context.Context, q *ovationv1.UnmuteRequest) (*ovationv1.UnmuteResponse, error) {
	f.lift(ovationv1.SanctionKind_SANCTION_KIND_MUTE, q.GetRoomId(), q.GetUserId())
	return &ovationv1.UnmuteResponse{}, nil
}

func (f *fakeModeration) MuteRoom(ctx context.Context, q *ovationv1.MuteRoomRequest) (*ovationv1.MuteRoomResponse, error) {
	s, err := f.apply(ctx, ovationv1.SanctionKind_SANCTION_KIND_ROOM_MUTE, q.GetRoomId(), "", q.GetReason(), q.GetDuration())
	return &ovationv1.MuteRoomResponse{Sanction: s}, err
}

func (f *fakeModeration) UnmuteRoom(_ context.Context, q *ovationv1.UnmuteRoomRequest) (*ovationv1.UnmuteRoomResponse, error) {
	f.lift(ovationv1.SanctionKind_SANCTION_KIND_ROOM_MUTE, q.GetRoomId(), "")
	return &ovationv1.UnmuteRoomResponse{}, nil
}

func (f *fakeModeration) Protect(ctx context.Context, q *ovationv1.ProtectRequest) (*ovationv1.ProtectResponse, error) {
	s, err := f.apply(ctx, ovationv1.SanctionKind_SANCTION_KIND_PROTECT, q.GetRoomId(), q.GetUserId(), q.GetReason(), q.GetDuration())
	return &ovationv1.ProtectResponse{Sanction: s}, err
}

func (f *fakeModeration) Unprotect(_ context.Context, q *ovationv1.UnprotectRequest) (*ovationv1.UnprotectResponse, error) {
	f.lift(ovationv1.SanctionKind_SANCTION_KIND_PROTECT, q.GetRoomId(), q.GetUserId())
	return &ovationv1.UnprotectResponse{}, nil
}

func (f *fakeModeration) AddModerator(ctx context.Context, q *ovationv1.AddModeratorRequest) (*ovationv1.AddModeratorResponse, error) {
	if q.GetUserId() == "banned" {
		return nil, failure(connect.CodeFailedPrecondition, "banned", &ovationv1.ErrorDetail{Reason: ovationv1.ErrorReason_ERROR_REASON_USER_BANNED})
	}
	s, err := f.apply(ctx, ovationv1.SanctionKind_SANCTION_KIND_APPOINT, q.GetRoomId(), q.GetUserId(), q.GetReason(), q.GetDuration())
	return &ovationv1.AddModeratorResponse{Sanction: s}, err
}

func (f *fakeModeration) RemoveModerator(_ context.Context, q *ovationv1.RemoveModeratorRequest) (*ovationv1.RemoveModeratorResponse, error) {
	f.lift(ovationv1.SanctionKind_SANCTION_KIND_APPOINT, q.GetRoomId(), q.GetUserId())
	return &ovationv1.RemoveModeratorResponse{}, nil
}

// Kick finds two sessions of everyone but "nobody", who is not there.
func (f *fakeModeration) Kick(_ context.Context, q *ovationv1.KickRequest) (*ovationv1.KickResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kicks = append(f.kicks, q)
	switch {
	case q.GetUserId() == "nobody":
		return &ovationv1.KickResponse{}, nil
	case q.GetSessionId() != "":
		return &ovationv1.KickResponse{Sessions: 1}, nil
	}
	return &ovationv1.KickResponse{Sessions: 2}, nil
}

// ListSanctions has one sanction a page.
func (f *fakeModeration) ListSanctions(_ context.Context, q *ovationv1.ListSanctionsRequest) (*ovationv1.ListSanctionsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	response := &ovationv1.ListSanctionsResponse{}
	before := len(f.sanctions)
	if q.GetPageToken() != "" {
		before, _ = strconv.Atoi(q.GetPageToken())
	}
	for i := before - 1; i >= 0; i-- {
		s := f.sanctions[i]
		switch {
		case q.GetRoomId() != "" && s.GetRoomId() != "" && s.GetRoomId() != q.GetRoomId(),
			q.GetUserId() != "" && s.GetUserId() != q.GetUserId(),
			len(q.GetKinds()) > 0 && !slices.Contains(q.GetKinds(), s.GetKind()),
			!q.GetWithPast() && s.GetState() != ovationv1.SanctionState_SANCTION_STATE_ACTIVE:
			continue
		case len(response.GetSanctions()) == 1:
			response.NextPageToken = strconv.Itoa(i + 1)
			return response, nil
		}
		response.Sanctions = append(response.Sanctions, s)
	}
	return response, nil
}

func (f *fakeModeration) PutWords(_ context.Context, q *ovationv1.PutWordsRequest) (*ovationv1.PutWordsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.puts = append(f.puts, q)
	if f.onPut != nil {
		if err := f.onPut(len(f.puts)); err != nil {
			return nil, err
		}
	}
	key := q.GetRoomId() + "/" + q.GetListId()
	if f.words[key] == nil || q.GetMode() == ovationv1.PutWordsMode_PUT_WORDS_MODE_REPLACE {
		f.words[key] = map[string]*ovationv1.Word{}
	}
	for _, word := range q.GetWords() {
		if q.GetMode() == ovationv1.PutWordsMode_PUT_WORDS_MODE_REMOVE {
			delete(f.words[key], word.GetText())
			continue
		}
		f.words[key][word.GetText()] = word
	}
	return &ovationv1.PutWordsResponse{List: f.list(q.GetRoomId(), q.GetListId())}, nil
}

// list is a list as it is. The caller holds mu.
func (f *fakeModeration) list(room, list string) *ovationv1.WordList {
	return &ovationv1.WordList{
		RoomId: room, ListId: list, Words: int64(len(f.words[room+"/"+list])), Revision: int64(len(f.puts)), ChangedAt: applied,
	}
}

// ListWords has two words a page, or all lists on one.
func (f *fakeModeration) ListWords(_ context.Context, q *ovationv1.ListWordsRequest) (*ovationv1.ListWordsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	response := &ovationv1.ListWordsResponse{}
	if q.GetListId() == "" {
		for _, key := range slices.Sorted(maps.Keys(f.words)) {
			if name, ok := cutRoom(key, q.GetRoomId()); ok {
				response.Lists = append(response.Lists, f.list(q.GetRoomId(), name))
			}
		}
		return response, nil
	}
	words := f.words[q.GetRoomId()+"/"+q.GetListId()]
	for _, text := range slices.Sorted(maps.Keys(words)) {
		if text <= q.GetPageToken() {
			continue
		}
		if len(response.GetWords()) == 2 {
			response.NextPageToken = response.GetWords()[1].GetText()
			break
		}
		response.Words = append(response.Words, words[text])
	}
	return response, nil
}

// cutRoom takes the room off a list's key.
func cutRoom(key, room string) (list string, ok bool) {
	if len(key) <= len(room) || key[:len(room)+1] != room+"/" {
		return "", false
	}
	return key[len(room)+1:], true
}
