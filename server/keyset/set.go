// Package keyset is the public keys that tokens are verified with: what a key set may
// hold, where it is read from, and how it is kept current.
package keyset

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/ovation-live/ovation/token"
)

const (
	// maxKeys is how many keys a set may hold.
	maxKeys = 64
	// maxFits is how many keys a token is tried with that names none, or one of several
	// that share an id: each costs a verification.
	maxFits = 4
)

// Key is a public key and what it may verify.
type Key struct {
	ID         string // never empty
	Public     any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	algorithms []string
}

// Set is a set of keys. It does not change.
type Set struct {
	generation uint64
	keys       []Key
}

// Generation tells sets of one source apart: each that was read has another, from 1.
func (s *Set) Generation() uint64 { return s.generation }

// IDs returns the keys' ids.
func (s *Set) IDs() []string {
	ids := make([]string, len(s.keys))
	for i, key := range s.keys {
		ids[i] = key.ID
	}
	return ids
}

// Find returns the keys that a token may be signed with, at most a few: those that are
// for its algorithm and have the id that it names, or any if it names none.
func (s *Set) Find(algorithm, id string) (fits []Key) {
	for _, key := range s.keys {
		if (id == "" || key.ID == id) && slices.Contains(key.algorithms, algorithm) && len(fits) < maxFits {
			fits = append(fits, key)
		}
	}
	return fits
}

// Accepts says whether tokens may be signed with an algorithm at all, if there is a key
// for it. (There is none here for a shared secret, and none is no algorithm.)
func Accepts(algorithm string) bool {
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519":
		return true
	default:
		return false
	}
}

// errNoKeys says that a set is of no use.
var errNoKeys = errors.New("it has no key that tokens can be verified with")

// Parse reads a key set: a JSON Web Key Set (RFC 7517), a single JSON Web Key, or public
// keys and certificates as PEM. A key that cannot be used is left out, and refused says
// of each why; a set without any that can be used is an error.
func Parse(data []byte) (set *Set, refused []error, err error) {
	single, err := split(data)
	if err != nil {
		return nil, nil, err
	}
	if len(single) > maxKeys {
		return nil, nil, fmt.Errorf("it has %d keys, it may have at most %d", len(single), maxKeys)
	}
	set = &Set{}
	for i, one := range single {
		key, err := parseKey(one)
		if err != nil {
			refused = append(refused, fmt.Errorf("key %d (kid %q) is left out: %w", i+1, key.ID, err))
			continue
		}
		set.keys = append(set.keys, key)
	}
	if len(set.keys) == 0 {
		return nil, refused, errors.Join(append([]error{errNoKeys}, refused...)...)
	}
	return set, refused, nil
}

// split returns the keys of a set one by one.
func split(data []byte) ([][]byte, error) {
	if token.IsPEM(data) {
		return splitPEM(data), nil
	}
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
		Kind string             `json:"kty"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("it is neither a JSON Web Key Set nor PEM: %w", err)
	}
	switch {
	case set.Keys != nil:
		single := make([][]byte, len(*set.Keys))
		for i, one := range *set.Keys {
			single[i] = one
		}
		return single, nil
	case set.Kind != "":
		return [][]byte{data}, nil
	default:
		return nil, errors.New(`it is neither a JSON Web Key Set nor PEM: it has no "keys"`)
	}
}

// splitPEM returns the blocks of a PEM file one by one.
func splitPEM(data []byte) (single [][]byte) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return single
		}
		block.Headers = nil
		single = append(single, pem.EncodeToMemory(block))
	}
}

// parseKey reads one key. The key that it returns with an error has its id, if it is
// known.
func parseKey(data []byte) (Key, error) {
	parsed, err := jwk.ParseKey(data, jwk.WithPEM(token.IsPEM(data)))
	if err != nil {
		return Key{}, err
	}
	id, _ := parsed.KeyID()
	key := Key{ID: id}
	if err := checkPurpose(parsed); err != nil {
		return key, err
	}
	if err := jwk.Export(parsed, &key.Public); err != nil {
		return key, err
	}
	if key.algorithms, err = token.AlgorithmsOf(parsed, key.Public); err != nil {
		return key, err
	}
	if key.ID == "" {
		key.ID, err = token.KeyID(key.Public)
	}
	return key, err
}

// checkPurpose checks that a key is public, and there to verify signatures.
func checkPurpose(key jwk.Key) error {
	if key.KeyType() == jwa.OctetSeq() {
		return errors.New("it is a shared secret: a key set is public, --auth-secret is for secrets")
	}
	if private, err := jwk.IsPrivateKey(key); err != nil || private {
		return errors.New("it is a private key, with which whoever reads the set can mint tokens: replace it, and publish the public part of another")
	}
	if use, ok := key.KeyUsage(); ok && use != jwk.ForSignature.String() {
		return fmt.Errorf("its use is %q and not %q", use, jwk.ForSignature)
	}
	if operations, ok := key.KeyOps(); ok && !slices.Contains(operations, jwk.KeyOpVerify) {
		return fmt.Errorf("%q is not among its key_ops", jwk.KeyOpVerify)
	}
	return nil
}
