// Package chat carries messages: sending, taking back, reading and following them.
package chat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/hub"
	keeping "github.com/ovation-live/ovation/server/moderation"
	"github.com/ovation-live/ovation/server/rooms"
	"github.com/ovation-live/ovation/store"
)

// ErrEmpty says that a message has neither text nor payload.
var ErrEmpty = errors.New("chat: message has neither text nor payload")

// TooLongError says that a text is longer than the room allows.
type TooLongError struct{ Length, Max int }

// Error implements error.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("chat: text has %d code points, the room allows %d", e.Length, e.Max)
}

// TooOftenError says that more is recalled in the room than it takes.
type TooOftenError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *TooOftenError) Error() string {
	return fmt.Sprintf("chat: too many recalls, the next may pass in %v", e.RetryAfter)
}

// Retry returns when the next may pass.
func (e *TooOftenError) Retry() time.Duration { return e.RetryAfter }

// Service is the use cases of messages. It may be used concurrently.
type Service struct {
	log       store.Log
	history   store.History
	sanctions store.Sanctions
	hub       *hub.Hub
	rooms     *rooms.Service
	keeper    *rooms.Keeper
	config    Config
	full      saturation
}

// Filter judges texts.
type Filter interface {
	// Judge returns a text as it may be seen in a room, of as many characters, or the
	// error that refuses it.
	Judge(ctx context.Context, id live.RoomID, text string) (string, error)
}

// Config is who judges messages, and what a Service tells whom. Every field has a
// default.
type Config struct {
	// Filter judges the texts of messages. Default: all may be seen as they are.
	Filter Filter
	// Logger gets what an operator may want to know. Default: slog's.
	Logger *slog.Logger
	// Metrics counts. Default: nowhere registered.
	Metrics *Metrics
}

// anything is a Filter that lets everything pass.
type anything struct{}

// Judge implements Filter.
func (anything) Judge(_ context.Context, _ live.RoomID, text string) (string, error) {
	return text, nil
}

// withDefaults returns the config with what is not set filled in.
func (c Config) withDefaults() Config {
	if c.Filter == nil {
		c.Filter = anything{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	return c
}

// New returns the use cases over a store, a hub and the sessions of rooms.
func New(set store.Set, h *hub.Hub, r *rooms.Service, k *rooms.Keeper, c Config) *Service {
	return &Service{
		log: set.Log, history: set.History, sanctions: set.Sanctions, hub: h, rooms: r, keeper: k,
		config: c.withDefaults(),
	}
}

// Outgoing is a message to send. Its text gets into the room as live.CleanText has it.
// Sender and name of Content are the caller's unless it is sent on behalf of somebody.
type Outgoing struct {
	Content    feed.Content
	OnBehalfOf live.UserID // a backend's: send as this user, with a viewer's rights
	Name       string      // that user's
	Bucket     *feed.Bucket
}

// Sent is what its sender is told of a message.
type Sent struct {
	feed.Receipt
	Altered string // the text as it is in the room; empty: as it was sent
}

// Send puts a message into a room's log, or says why it was dropped. How the caller
// stands is in the context. Errors of auth, of the filter, ErrEmpty, *TooLongError,
// *moderation.MutedError, on behalf of somebody *moderation.BannedError,
// store.ErrRoomNotFound, store.ErrRoomEnded.
func (s *Service) Send(ctx context.Context, p auth.Principal, id live.RoomID, out Outgoing) (Sent, error) {
	if err := p.In(id); err != nil {
		return Sent{}, err
	}
	r, err := s.hub.Room(ctx, id)
	if err != nil {
		return Sent{}, err
	}
	standing, err := s.standing(ctx, p, id, out)
	if err != nil {
		return Sent{}, err
	}
	draft, err := decide(p, standing, r.Settings, out)
	if err != nil {
		return Sent{}, err
	}
	if r.State == room.Live && (p.Role != live.RoleBackend || out.OnBehalfOf != "") {
		if draft.Text, err = s.config.Filter.Judge(ctx, id, draft.Text); err != nil {
			return Sent{}, err
		}
	}
	receipt, err := s.append(ctx, r, draft)
	if err != nil || receipt.Outcome != feed.Accepted {
		return Sent{Receipt: receipt}, err
	}
	return Sent{receipt, s.altered(ctx, id, receipt, draft.Text, out.Content.Text)}, nil
}

// altered returns the text of an accepted message as it is in the room, where it is not
// as it was sent. One that was sent before is as it was placed then, whatever its text
// would become now.
func (s *Service) altered(ctx context.Context, id live.RoomID, r feed.Receipt, placed, sent string) string {
	if r.Duplicate {
		m, err := s.log.Message(ctx, id, r.Place.Timestamp)
		if err != nil {
			return "" // it is no longer in the room
		}
		placed = m.Text
	}
	if placed == sent {
		return ""
	}
	return placed
}

// append places a draft in a room's log, unless the room is known to be over its rate.
func (s *Service) append(ctx context.Context, r room.Room, draft feed.Draft) (feed.Receipt, error) {
	id := r.ID
	if wait := s.full.left(id, draft, r.Settings.Feed); wait > 0 && r.State == room.Live {
		s.config.Metrics.appends[shed][draft.Bucket].Inc()
		return feed.Receipt{Outcome: feed.RateLimited, Bucket: draft.Bucket, RetryAfter: wait}, nil
	}
	asked := time.Now()
	receipt, err := s.log.Append(ctx, id, draft, limits(r))
	s.config.Metrics.appended(draft, receipt, err, asked)
	if err == nil {
		s.full.note(id, draft, r.Settings.Feed, receipt, asked)
	}
	return receipt, err
}

// limits returns what a room accepts.
func limits(r room.Room) store.Limits {
	return store.Limits{Limits: r.Settings.Feed, Revision: r.Revision}
}

// standing returns how whoever a message is to be from stands in a room.
func (s *Service) standing(
	ctx context.Context, p auth.Principal, id live.RoomID, out Outgoing,
) (moderation.Standing, error) {
	if out.OnBehalfOf == "" || p.Role != live.RoleBackend {
		return keeping.From(ctx), nil
	}
	return s.sanctions.Standing(ctx, id, out.OnBehalfOf)
}

// decide says what the message of a caller, or of one on whose behalf they send it, is
// in a room where the sender stands like this.
func decide(
	p auth.Principal, standing moderation.Standing, settings room.Settings, out Outgoing,
) (feed.Draft, error) {
	role, c := p.Role, out.Content
	c.Sender, c.SenderName = p.User, p.Name
	if out.OnBehalfOf != "" {
		role, c.Sender, c.SenderName = live.RoleViewer, out.OnBehalfOf, live.CleanLine(out.Name)
	}
	c.Text = live.CleanText(c.Text)
	behalf := out.OnBehalfOf != "" || out.Name != "" || out.Bucket != nil
	switch {
	case behalf && p.Role != live.RoleBackend:
		return feed.Draft{}, auth.ErrRoleForbidden
	case c.Kind == feed.KindSystem && !role.Staff():
		return feed.Draft{}, auth.ErrRoleForbidden
	case c.Kind == feed.KindGift && p.Role != live.RoleBackend: // or it would not be paid for
		return feed.Draft{}, auth.ErrRoleForbidden
	case standing.Banned.Acts():
		return feed.Draft{}, &moderation.BannedError{Term: standing.Banned}
	case standing.Silenced(role.Staff()).Acts():
		return feed.Draft{}, &moderation.MutedError{Term: standing.Silenced(role.Staff())}
	case c.Kind != feed.KindLike && strings.TrimSpace(c.Text) == "" && len(c.Payload) == 0:
		return feed.Draft{}, ErrEmpty
	}
	if n := utf8.RuneCountInString(c.Text); n > settings.MaxTextLength {
		return feed.Draft{}, &TooLongError{n, settings.MaxTextLength}
	}
	d := feed.Draft{Content: c, Bucket: settings.Rules.Bucket(c.Kind, role), Exempt: role.Staff()}
	if standing.Protected.Acts() {
		d.Bucket, d.Exempt = feed.Whitelist, true
	}
	if out.Bucket != nil {
		d.Bucket = *out.Bucket
	}
	return d, nil
}

// Recall takes a message back: its sender's right, and that of those who keep order.
// feed.ErrNoMessage, *TooOftenError, errors of auth, store.ErrRoomNotFound,
// store.ErrRoomEnded.
func (s *Service) Recall(ctx context.Context, p auth.Principal, id live.RoomID, t live.Timestamp) error {
	if err := p.In(id); err != nil {
		return err
	}
	m, err := s.log.Message(ctx, id, t)
	if err != nil {
		return err
	}
	if m.Recalls != 0 {
		return feed.ErrNoMessage // a recall says nothing that could be taken back
	}
	if m.Sender != p.User && !p.Role.Staff() {
		return auth.ErrRoleForbidden
	}
	r, err := s.hub.Room(ctx, id)
	if err != nil {
		return err
	}
	recall := feed.Recall{Timestamp: t, By: p.User, Staff: p.Role.Staff()}
	receipt, err := s.log.Recall(ctx, id, recall, limits(r))
	if err == nil && receipt.Outcome == feed.RateLimited {
		return &TooOftenError{receipt.RetryAfter}
	}
	return err
}

// Pull returns what a reader gets, and keeps their session alive. One who was banned
// while they waited gets nothing but a *moderation.BannedError.
func (s *Service) Pull(ctx context.Context, p auth.Principal, pull hub.Pull) (hub.Pulled, error) {
	if err := p.In(pull.Room); err != nil {
		return hub.Pulled{}, err
	}
	pull.User, pull.Role = p.User, p.Role
	if pull.Wait > 0 {
		s.keeper.Pulled(pull.Room, p.User, pull.Session) // they are there while they wait
	}
	pulled, err := s.hub.Pull(ctx, pull)
	if err == nil && pull.Wait > 0 {
		err = s.stillIn(ctx, p, pull)
	}
	if err != nil {
		return hub.Pulled{}, err
	}
	if !pulled.Streaming {
		s.keeper.Pulled(pull.Room, p.User, pull.Session)
	}
	return pulled, nil
}

// stillIn returns a *moderation.BannedError if the caller was banned while they waited.
// While nobody can say, they are served.
func (s *Service) stillIn(ctx context.Context, p auth.Principal, pull hub.Pull) error {
	standing, err := s.sanctions.Standing(ctx, pull.Room, p.User)
	if errors.Is(err, store.ErrUnavailable) {
		return nil
	}
	if err == nil && standing.Banned.Acts() {
		_, err = s.rooms.Stand(ctx, p, pull.Room, pull.Session)
	}
	return err
}
