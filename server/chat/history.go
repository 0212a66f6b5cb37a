package chat

import (
	"context"
	"strconv"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
)

// Span selects messages by time.
type Span struct {
	From, Until live.Timestamp // at or after From, before Until; 0: no bound
	Size        int
	Token       string
}

// historyOf lists a room's messages.
func historyOf(id live.RoomID) page.List { return page.List("history " + id) }

// History returns a page of a room's messages in order of time, as far back as they
// are kept, and the token of the next. page.ErrToken.
func (s *Service) History(
	ctx context.Context, p auth.Principal, id live.RoomID, span Span,
) ([]*feed.Message, string, error) {
	if err := p.In(id); err != nil {
		return nil, "", err
	}
	after, err := afterToken(id, span.Token)
	if err != nil {
		return nil, "", err
	}
	after = max(after, span.From-1)
	messages, err := s.history.History(ctx, id, after, span.Until, span.Size+1)
	if err != nil {
		return nil, "", err
	}
	messages, next := page.Cut(historyOf(id), messages, feed.Fit(messages, span.Size), func(m *feed.Message) string {
		return strconv.FormatInt(int64(m.Timestamp), 36)
	})
	return messages, next, nil
}

// afterToken reads the timestamp that a page token stands for.
func afterToken(id live.RoomID, token string) (live.Timestamp, error) {
	last, err := historyOf(id).After(token)
	if err != nil || last == "" {
		return 0, err
	}
	t, err := strconv.ParseInt(last, 36, 64)
	if err != nil || t < 0 {
		return 0, page.ErrToken
	}
	return live.Timestamp(t), nil
}
