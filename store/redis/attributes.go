package redis

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

var (
	commitAttributes = load("attributes", "update")
	readAttributes   = load("attributes", "since")
)

// What lua/update.lua answers besides.
const (
	updateRepeated status = iota + statusEnded + 1
	updateReused
	updateAbsent
	updateStale
)

// rememberRequests is how long a request id is remembered.
const rememberRequests = 5 * time.Minute

// errContended says that others changed a map each time that a batch was planned.
var errContended = errors.New("the room's attributes change too fast")

// UpdateAttributes implements store.Attributes: it plans on this node's copy of the map
// and commits the plan, unless the map has changed meanwhile. Batches of one room go one
// after the other, so that a node never stands in its own way.
func (s *Store) UpdateAttributes(
	ctx context.Context, id live.RoomID, u store.AttributeUpdate,
) (store.AttributePosition, error) {
	if err := ctx.Err(); err != nil {
		return store.AttributePosition{}, err
	}
	r := s.maps.of(id)
	patience := time.NewTimer(s.config.Timeout)
	defer patience.Stop()
	if err := r.take(ctx, patience.C); err != nil {
		return store.AttributePosition{}, err
	}
	defer r.release()
	b := batch{AttributeUpdate: u, request: requestOf(u)}
	for {
		position, done, err := s.try(ctx, id, r, &b)
		if done || err != nil {
			return position, err
		}
		select {
		case <-patience.C:
			return store.AttributePosition{}, unavailable(errContended)
		default:
		}
	}
}

// batch is an update under way.
type batch struct {
	store.AttributeUpdate        // Limits and Revision are those that it is planned under
	request               string // what it is remembered by; "" is not
}

// requestOf returns what an update is remembered by, no two alike.
func requestOf(u store.AttributeUpdate) string {
	if u.RequestID == "" {
		return ""
	}
	return string(appendLength(nil, len(u.Actor.User))) + string(u.Actor.User) + u.RequestID
}

// try plans a batch and commits it. It is not done where the plan was of a map, or under
// limits, that are not the present ones: those are known then.
func (s *Store) try(
	ctx context.Context, id live.RoomID, r *mapCopy, b *batch,
) (_ store.AttributePosition, done bool, err error) {
	from, plan, refused := r.plan(*b)
	code, rest, err := s.run(ctx, commitAttributes, id, b.args(from, plan, refused == nil)...)
	if err != nil {
		return store.AttributePosition{}, false, err
	}
	a := fieldsOf(rest)
	switch code {
	case statusOK:
		at, revision := live.Timestamp(a.number()), a.number()
		if a.err != nil {
			return store.AttributePosition{}, true, a.err
		}
		s.compare(id, revision, b.Revision)
		if refused != nil {
			return store.AttributePosition{}, true, refused
		}
		r.committed(from, plan, at)
		return store.AttributePosition{Epoch: from.epoch, Timestamp: at}, true, nil
	case updateRepeated:
		first := store.AttributePosition{Epoch: live.Epoch(a.text()), Timestamp: live.Timestamp(a.number())}
		return first, true, a.err
	case updateStale:
		return store.AttributePosition{}, false, b.renew(a, r, from)
	case updateReused:
		return store.AttributePosition{}, true, store.ErrRequestReused
	case updateAbsent:
		return store.AttributePosition{}, true, &store.RoomError{Room: id, Err: store.ErrAbsent}
	default:
		return store.AttributePosition{}, true, refusal(id, code)
	}
}

// args returns what lua/update.lua takes for a plan from a place.
func (b *batch) args(from place, plan attribute.Plan, commit bool) []string {
	digest := ""
	if b.request != "" {
		d := b.Digest()
		digest = string(d[:])
	}
	leaving, changes := plan.Leaving(), plan.Changes()
	args := make([]string, 0, 9+len(leaving)+len(changes))
	args = append(args,
		string(from.epoch), decimal(from.at), decimal(b.Revision),
		b.request, digest, decimal(rememberRequests.Microseconds()),
		decimal(b.Limits.Log), truth(commit), decimal(len(leaving)))
	for _, user := range leaving {
		args = append(args, string(user))
	}
	for _, c := range changes {
		args = append(args, packChange(c))
	}
	return args
}

// renew brings a map to the present, and a batch under the room's own limits if they are
// later, as lua/update.lua says.
func (b *batch) renew(a *answer, r *mapCopy, from place) error {
	revision := a.number()
	own := attribute.Limits{
		Keys: int(a.number()), KeyBytes: int(a.number()), ValueBytes: int(a.number()),
		Log: int(a.number()), ViewersWrite: a.number() == 1,
	}
	if a.err != nil {
		return a.err
	}
	if b.Revision < revision {
		b.Limits, b.Revision = own, revision
	}
	delta, err := decodeAttributes(a.rest, from.at)
	if err == nil {
		r.adopt(from, delta)
	}
	return err
}

// AttributesSince implements store.Attributes.
func (s *Store) AttributesSince(
	ctx context.Context, id live.RoomID, epoch live.Epoch, after live.Timestamp,
) (store.AttributeDelta, error) {
	rest, err := s.ask(ctx, readAttributes, id, string(epoch), decimal(after))
	if err != nil {
		return store.AttributeDelta{}, err
	}
	return decodeAttributes(rest, after)
}

// AttributeSnapshot implements store.Attributes: from this node's copy of the map while
// what is cached of the room says that nobody has changed it.
func (s *Store) AttributeSnapshot(ctx context.Context, id live.RoomID, keys []string) (store.AttributeDelta, error) {
	r := s.maps.of(id)
	epoch, at, err := s.attributesPlace(ctx, id)
	if err != nil {
		return store.AttributeDelta{}, err
	}
	if delta, ok := r.get(epoch, at, keys); ok {
		return delta, nil
	}
	from := r.place()
	delta, err := s.AttributesSince(ctx, id, from.epoch, from.at)
	if err != nil {
		return store.AttributeDelta{}, err
	}
	if r.adopt(from, delta) {
		if delta, ok := r.get(delta.Epoch, at, keys); ok {
			return delta, nil
		}
	}
	return s.wholeSnapshot(ctx, id, keys)
}

// wholeSnapshot reads the map without a copy of it: this node's was changed while it was
// brought to the present.
func (s *Store) wholeSnapshot(ctx context.Context, id live.RoomID, keys []string) (store.AttributeDelta, error) {
	delta, err := s.AttributesSince(ctx, id, "", 0)
	if err != nil {
		return store.AttributeDelta{}, err
	}
	if delta.Snapshot == nil {
		return store.AttributeDelta{}, errMalformed
	}
	part := attribute.Restore(*delta.Snapshot).Get(keys)
	return store.AttributeDelta{Epoch: delta.Epoch, Snapshot: &part}, nil
}

// attributesPlace returns where the room's map was when that was last read, at most a
// second ago; no epoch if it is not known.
func (s *Store) attributesPlace(ctx context.Context, id live.RoomID) (live.Epoch, live.Timestamp, error) {
	var fields []string
	err := s.reachKey(ctx, s.keysOf(id).state(), func(ctx context.Context) (err error) {
		command := s.client.B().Hmget().Key(s.keysOf(id).state()).Field("epoch", "at").Cache()
		fields, err = s.client.DoCache(ctx, command, copyTTL).AsStrSlice()
		return err
	})
	if err != nil || len(fields) != 2 {
		return "", 0, err
	}
	epoch := live.Epoch(fields[0])
	if fields[1] == "" { // it never changed
		return epoch, 0, nil
	}
	at, err := strconv.ParseInt(fields[1], 10, 64)
	return epoch, live.Timestamp(at), err
}
