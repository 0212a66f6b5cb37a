package auth

import (
	"errors"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// checkTimes checks that a token is good now, give or take the clocks' difference.
func checkTimes(t jwt.Token, now time.Time) error {
	err := jwt.Validate(t,
		jwt.WithClock(jwt.ClockFunc(func() time.Time { return now })),
		jwt.WithAcceptableSkew(clockSkew),
		jwt.WithRequiredClaim(jwt.ExpirationKey))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.TokenExpiredError()):
		at, _ := t.Expiration()
		return &ExpiredError{At: at, Now: now}
	case errors.Is(err, jwt.TokenNotYetValidError()):
		from, _ := t.NotBefore()
		return &EarlyError{From: from, Now: now}
	case errors.Is(err, jwt.InvalidIssuedAtError()):
		from, _ := t.IssuedAt()
		return &EarlyError{From: from, Now: now}
	case errors.Is(err, jwt.MissingRequiredClaimError()):
		return invalid("claim %q is missing", jwt.ExpirationKey)
	default:
		return invalid("its times are none")
	}
}

// checkParties checks who minted a token, and whom it is for.
func (v *Verifier) checkParties(t jwt.Token) error {
	if by, _ := t.Issuer(); v.options.Issuer != "" && by != v.options.Issuer {
		return invalid("claim %q must be %q", jwt.IssuerKey, v.options.Issuer)
	}
	if to, _ := t.Audience(); v.options.Audience != "" && !slices.Contains(to, v.options.Audience) {
		return invalid("claim %q must name %q", jwt.AudienceKey, v.options.Audience)
	}
	return nil
}

// principalOf reads the claims.
func principalOf(t jwt.Token) (Principal, error) {
	subject, _ := t.Subject()
	expires, _ := t.Expiration()
	var name, role string
	if t.Has(token.ClaimName) {
		if err := t.Get(token.ClaimName, &name); err != nil {
			return Principal{}, invalid("claim %q is not a string", token.ClaimName)
		}
	}
	if err := t.Get(token.ClaimRole, &role); err != nil {
		return Principal{}, invalid("claim %q is missing, or not a string", token.ClaimRole)
	}
	parsed, ok := live.ParseRole(role)
	if !ok {
		return Principal{}, invalid("claim %q must be viewer, moderator, host or backend", token.ClaimRole)
	}
	if subject == "" || len(subject) > token.MaxUserBytes {
		return Principal{}, invalid("claim %q must have 1 to %d bytes", jwt.SubjectKey, token.MaxUserBytes)
	}
	if len(name) > token.MaxUserBytes {
		return Principal{}, invalid("claim %q must have at most %d bytes", token.ClaimName, token.MaxUserBytes)
	}
	rooms, err := roomsOf(t)
	if err != nil {
		return Principal{}, err
	}
	return Principal{
		User: live.UserID(subject), Name: live.CleanLine(name), Role: parsed, Rooms: rooms,
		Expires: expires.Add(clockSkew),
	}, nil
}

// roomsOf reads the rooms that a token covers: a list of names, or one name.
func roomsOf(t jwt.Token) ([]live.RoomID, error) {
	var claim any
	if err := t.Get(token.ClaimRooms, &claim); err != nil {
		return nil, invalid("claim %q is missing", token.ClaimRooms)
	}
	names, ok := claim.([]any)
	if !ok {
		names = []any{claim}
	}
	rooms := make([]live.RoomID, len(names))
	for i, name := range names {
		s, ok := name.(string)
		if !ok {
			return nil, invalid("claim %q must be a list of strings", token.ClaimRooms)
		}
		rooms[i] = live.RoomID(s)
	}
	return rooms, nil
}
