package auth

import "time"

// Remembered answers what costs next to nothing to know of an Authorization header:
// whose it is, if its token was verified before; that it has expired since, ErrTokenExpired;
// that there is no token, ErrTokenMissing. With known false, it is to be verified.
func (v *Verifier) Remembered(value string) (p Principal, known bool, err error) {
	raw, ok := bearer(value)
	if !ok {
		return Principal{}, true, ErrTokenMissing
	}
	r, ok := v.good.Get(raw)
	if !ok || !v.still(r.generation) {
		return Principal{}, false, nil
	}
	if now := time.Now(); !now.Before(r.Expires) {
		return Principal{}, true, &ExpiredError{At: r.Expires.Add(-clockSkew), Now: now}
	}
	return r.Principal, true, nil
}
