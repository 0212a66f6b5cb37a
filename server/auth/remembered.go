package auth

import "time"

// Remembered returns the principal of an Authorization header whose token was verified
// before and is still good. It costs next to nothing.
func (v *Verifier) Remembered(value string) (Principal, bool) {
	raw, ok := bearer(value)
	if !ok {
		return Principal{}, false
	}
	r, ok := v.good.Get(raw)
	return r.Principal, ok && time.Now().Before(r.Expires) && v.still(r.generation)
}
