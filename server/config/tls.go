package config

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// TLS is by what the public address is served encrypted.
type TLS struct {
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"Certificate (PEM, with what it was issued by) for the public address, which is then https. Read again when it changes, and on SIGHUP."`
	TLSKey  string `name:"tls-key" placeholder:"FILE" help:"Private key (PEM) of the certificate."`
}

// Encrypted says whether the public address is served over TLS.
func (t TLS) Encrypted() bool { return t.TLSCert != "" && t.TLSKey != "" }

// validate checks that both files are named, and belong together.
func (t TLS) validate() error {
	switch {
	case t.TLSCert == "" && t.TLSKey == "":
		return nil
	case t.TLSKey == "":
		return errors.New("--tls-cert is given without --tls-key: give both, or neither")
	case t.TLSCert == "":
		return errors.New("--tls-key is given without --tls-cert: give both, or neither")
	}
	if _, err := tls.LoadX509KeyPair(t.TLSCert, t.TLSKey); err != nil {
		return fmt.Errorf("--tls-cert and --tls-key cannot be used: %w", err)
	}
	return nil
}
