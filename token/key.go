package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
)

// algorithms returns what tokens may be signed with by the private half of a public
// key, the usual one first; none if it is a key that tokens are not signed with.
func algorithms(public any) []string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		switch key.Curve.Params().Name {
		case "P-256":
			return []string{"ES256"}
		case "P-384":
			return []string{"ES384"}
		case "P-521":
			return []string{"ES512"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA", "Ed25519"}
	}
	return nil
}

// KeyID returns the id of a key that was given none: its thumbprint (RFC 7638).
func KeyID(public any) (string, error) {
	key, err := jwk.Import(public)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// IsPEM says whether a file's contents are PEM, and not JSON.
func IsPEM(data []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(data), []byte("-----BEGIN ")) }

// Key is a private key to sign tokens with. Make one with ParseKey.
type Key struct {
	private   any
	algorithm jwa.SignatureAlgorithm
	id        string
}

// ParseKey reads a private key: RSA, ECDSA (P-256, P-384, P-521) or Ed25519, as PEM
// or as a JSON Web Key. RSA needs 2048 bits (RFC 7518, section 3.3). Its id is the one
// that it carries, or else its thumbprint.
func ParseKey(data []byte) (Key, error) {
	parsed, err := jwk.ParseKey(bytes.TrimSpace(data), jwk.WithPEM(IsPEM(data)))
	if err != nil {
		return Key{}, fmt.Errorf("token: neither a private key as PEM nor a JSON Web Key: %w", err)
	}
	if private, err := jwk.IsPrivateKey(parsed); err != nil || !private {
		return Key{}, errors.New("token: not a private key")
	}
	var private, public any
	if err := jwk.Export(parsed, &private); err != nil {
		return Key{}, fmt.Errorf("token: %w", err)
	}
	if public, err = jwk.PublicRawKeyOf(private); err != nil {
		return Key{}, fmt.Errorf("token: %w", err)
	}
	algorithms, err := AlgorithmsOf(parsed, public)
	if err != nil {
		return Key{}, err
	}
	id, _ := parsed.KeyID()
	if id == "" {
		if id, err = KeyID(public); err != nil {
			return Key{}, err
		}
	}
	signs, _ := jwa.LookupSignatureAlgorithm(algorithms[0])
	return Key{private, signs, id}, nil
}

// AlgorithmsOf returns what tokens may be signed with by a key, the usual one first: what
// it says itself, or else all that its kind allows.
func AlgorithmsOf(parsed jwk.Key, public any) ([]string, error) {
	fits := algorithms(public)
	if len(fits) == 0 {
		return nil, errors.New("token: not a key that tokens are signed with: it must be RSA, ECDSA on P-256, P-384 or P-521, or Ed25519")
	}
	said, ok := parsed.Algorithm()
	if !ok {
		return fits, nil
	}
	if slices.Contains(fits, said.String()) {
		return []string{said.String()}, nil
	}
	return nil, fmt.Errorf("token: the key is for %s, which is none of %v", said, fits)
}

// WithID returns the key under another id.
func (k Key) WithID(id string) Key {
	k.id = id
	return k
}

// ID returns the key's id, which tokens carry as kid.
func (k Key) ID() string { return k.id }

// Algorithm returns what the key signs with.
func (k Key) Algorithm() string { return k.algorithm.String() }
