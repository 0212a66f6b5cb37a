package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/ovation-live/ovation/server/keyset"
)

// header is what a token says of its signature. It only chooses among what we know:
// the secret is for HS256 alone, and each key for the algorithms of its kind.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

// headerOf reads the header of a token in its compact form.
func headerOf(raw string) (h header, err error) {
	first, rest, _ := strings.Cut(raw, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || strings.Count(rest, ".") != 1 || json.Unmarshal(decoded, &h) != nil {
		return header{}, invalid("it is no JSON Web Token")
	}
	return h, nil
}

// authentic returns a token that was signed by us, and the generation of the keys that
// it was verified with; 0 for the secret. Nothing that the token says was checked.
func (v *Verifier) authentic(ctx context.Context, raw string) (jwt.Token, uint64, error) {
	h, err := headerOf(raw)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case h.Algorithm == jwa.HS256().String() && len(v.secret) > 0:
		t, err := parse(raw, jwa.HS256(), v.secret)
		return t, 0, err
	case v.options.Keys != nil && keyset.Accepts(h.Algorithm):
		return v.signedByKey(ctx, raw, h)
	default:
		return nil, 0, invalid("the algorithm %.20q is not accepted", h.Algorithm)
	}
}

// signedByKey is authentic for a token that is signed with a key of the set.
func (v *Verifier) signedByKey(ctx context.Context, raw string, h header) (jwt.Token, uint64, error) {
	algorithm, _ := jwa.LookupSignatureAlgorithm(h.Algorithm)
	set := v.options.Keys.Current()
	fits := set.Find(h.Algorithm, h.KeyID)
	if len(fits) == 0 {
		v.options.Keys.Refresh(ctx)
		set = v.options.Keys.Current()
		fits = set.Find(h.Algorithm, h.KeyID)
	}
	err := invalid("no key that is known is for the algorithm %s and has the id %.100q", h.Algorithm, h.KeyID)
	for _, key := range fits {
		var t jwt.Token
		if t, err = parse(raw, algorithm, key.Public); err == nil {
			return t, set.Generation(), nil
		}
	}
	return nil, 0, err
}

// parse verifies a token's signature and decodes what it says.
func parse(raw string, algorithm jwa.SignatureAlgorithm, key any) (jwt.Token, error) {
	t, err := jwt.ParseString(raw, jwt.WithKey(algorithm, key), jwt.WithValidate(false))
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, jws.VerificationError()), errors.Is(err, jws.VerifyError()):
		return nil, invalid("its signature is not right")
	default:
		return nil, invalid("what it says cannot be read")
	}
}
