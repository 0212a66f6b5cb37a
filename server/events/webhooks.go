package events

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/page"
	"github.com/ovation-live/ovation/store"
)

// What a webhook has where nothing is said.
const (
	DefaultTimeout     = 10 * time.Second
	DefaultGiveUpAfter = 24 * time.Hour
)

// Put adds a webhook, or changes it. Errors of auth, *FieldError,
// store.ErrConsumerConflict.
func (s *Service) Put(
	ctx context.Context, p auth.Principal, name string, w store.Webhook, start store.EventStart,
) (store.EventConsumer, error) {
	if err := may(p); err != nil {
		return store.EventConsumer{}, err
	}
	if err := s.config.Addresses.checkURL(w.URL); err != nil {
		return store.EventConsumer{}, err
	}
	var err error
	if w.URL, err = s.meant(ctx, name, w.URL); err != nil {
		return store.EventConsumer{}, err
	}
	w.Timeout, w.EventFilter = cmp.Or(w.Timeout, DefaultTimeout), asked(w.EventFilter)
	c, err := s.webhooks.PutWebhook(ctx, name, w, start)
	if errors.Is(err, store.ErrNoSecret) {
		return c, &FieldError{"webhook.secret", "is missing: a new webhook needs one"}
	}
	s.awake()
	ring(s.news)
	return c, err
}

// hidden is what Shown has in place of a password.
const hidden = "xxxxx"

// Shown returns the address of a webhook without its password.
func Shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	if _, has := u.User.Password(); !has {
		return address
	}
	return u.Redacted()
}

// meant returns an address as it is to be: the one that a webhook has, where it is given as
// that is shown. A hidden password never becomes one.
func (s *Service) meant(ctx context.Context, name, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address, err
	}
	if password, _ := u.User.Password(); password != hidden {
		return address, nil
	}
	c, err := s.consumers.EventConsumer(ctx, name)
	if err != nil && !errors.Is(err, store.ErrConsumerNotFound) {
		return "", err
	}
	if err == nil && c.Webhook != nil && Shown(c.Webhook.URL) == u.Redacted() {
		return c.Webhook.URL, nil
	}
	return "", &FieldError{"webhook.url", "has " + hidden + " for a password, which stands for one that is not shown: give the password itself"}
}

// checkURL returns what is wrong with where a webhook is to be.
func (a Addresses) checkURL(text string) error {
	const field = "webhook.url"
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "" {
		return &FieldError{field, "is no http or https address of a host"}
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := a.check(ip); err != nil {
			return &FieldError{field, err.Error()}
		}
	}
	return nil
}

// DeadLetters returns a page of dead letters of one consumer or (empty) all, the oldest
// first, and the token of the next. Errors of auth, page.ErrToken.
func (s *Service) DeadLetters(
	ctx context.Context, p auth.Principal, consumer string, size int, token string,
) ([]store.DeadLetter, string, error) {
	list := page.List("dead letters " + consumer)
	if err := may(p); err != nil {
		return nil, "", err
	}
	text, err := list.After(token)
	if err != nil {
		return nil, "", err
	}
	var after int64
	if text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, "", page.ErrToken
		}
	}
	found, err := s.webhooks.DeadLetters(ctx, consumer, after, size+1)
	found, next := page.Cut(list, found, size, func(l store.DeadLetter) string { return strconv.FormatInt(l.ID, 10) })
	return found, next, err
}

// LetterID returns the id of a dead letter.
func LetterID(id int64) string { return strconv.FormatInt(id, 10) }

// Retry has dead letters sent again, and returns how many of the ids are of such. Errors of
// auth.
func (s *Service) Retry(ctx context.Context, p auth.Principal, ids []string) (int, error) {
	if err := may(p); err != nil {
		return 0, err
	}
	var letters []int64
	for _, text := range ids {
		if id, err := strconv.ParseInt(text, 10, 64); err == nil {
			letters = append(letters, id)
		}
	}
	if len(letters) == 0 {
		return 0, nil
	}
	n, err := s.webhooks.RetryDeadLetters(ctx, letters)
	s.awake()
	return n, err
}
