// Package config is what the server can be told, by flags and environment.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/alecthomas/kong"
)

// Config is the server's configuration. Every flag is also read from the environment:
// OVATION_ and the flag's name in capitals, with _ for -; and from a file, by the
// flag's name. A flag wins over the environment, the environment over the file.
type Config struct {
	Listen         string `group:"Addresses" default:"localhost:8080" placeholder:"HOST:PORT" help:"Public address: every RPC, health checks, and the page (default ${default})."`
	InternalListen string `group:"Addresses" default:"localhost:9090" placeholder:"HOST:PORT" help:"Internal address: /metrics and /debug/pprof/ (default ${default}). Keep it private."`

	TLS `embed:"" group:"TLS"`

	Auth `embed:"" group:"Tokens"`

	CORSOrigins []string `group:"Limits" name:"cors-origins" default:"*" placeholder:"ORIGIN" help:"Origins whose pages may call the server (default ${default}; tokens, not cookies, say who calls)."`

	Heartbeat time.Duration `group:"Streams" default:"20s" placeholder:"DURATION" help:"Longest silence on a stream, 1s to 5m (default ${default})."`

	Streams `embed:"" group:"Streams"`

	Limits `embed:"" group:"Limits"`

	Store `embed:"" group:"Store"`

	Cluster `embed:"" group:"Several nodes"`

	Quiz `embed:"" group:"Quizzes"`

	Visit `embed:"" group:"Visits"`

	Gift `embed:"" group:"Gifts"`

	Events `embed:"" group:"Events for other systems"`

	DrainTimeout    time.Duration `group:"Stopping" default:"30s" placeholder:"DURATION" help:"Longest wait for streams and calls to end after SIGTERM (default ${default})."`
	ReconnectAfter  time.Duration `group:"Stopping" default:"1s" placeholder:"DURATION" help:"A draining server asks its viewers to wait at least this long before they reconnect (default ${default})."`
	ReconnectJitter time.Duration `group:"Stopping" default:"15s" placeholder:"DURATION" help:"A draining server sends its viewers away spread over at most this long (default ${default}). It takes less where 500 a second suffice."`

	Log `embed:"" group:"Logs"`
}

// Default returns the configuration of a server that is told nothing.
func Default() Config {
	var c Config
	if err := kong.ApplyDefaults(&c); err != nil {
		panic(err) // the struct's tags are wrong
	}
	return c
}

// Validate returns every rule that the configuration breaks, joined. What it says of
// a rule begins with the flag's name, by which Settings finds out where the value is from.
func (c Config) Validate() error {
	return errors.Join(
		c.Auth.validate(),
		c.TLS.validate(),
		c.validateListen("--listen", c.Listen),
		c.validateListen("--internal-listen", c.InternalListen),
		c.validateOrigins(),
		between("--heartbeat", c.Heartbeat, time.Second, 5*time.Minute),
		between("--drain-timeout", c.DrainTimeout, 0, time.Hour),
		between("--reconnect-after", c.ReconnectAfter, 0, time.Hour),
		between("--reconnect-jitter", c.ReconnectJitter, 0, time.Hour),
		c.Limits.validate(),
		c.Streams.validate(),
		c.Store.validate(),
		c.Cluster.validate(c.Encrypted()),
		c.Quiz.validate(),
		c.Visit.validate(),
		c.Gift.validate(),
		c.Events.validate(),
	)
}

// validateOrigins checks that each is * or of the form that browsers send.
func (c Config) validateOrigins() error {
	var faults []error
	if len(c.CORSOrigins) == 0 { // what checks origins takes none for all
		faults = append(faults, errors.New("--cors-origins is empty: leave it out for all origins, or name some"))
	}
	for _, origin := range c.CORSOrigins {
		address, err := url.Parse(origin)
		if origin != "*" && (err != nil || address.Scheme == "" || address.Host == "" || origin != address.Scheme+"://"+address.Host) {
			faults = append(faults, fmt.Errorf("--cors-origins %q is neither * nor an origin like https://example.com", origin))
		}
	}
	return errors.Join(faults...)
}

// validateListen checks an address; in development it must be a loopback one.
func (c Config) validateListen(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s %q is not of the form HOST:PORT: %w", flag, address, err)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%s %q: %q is no port: name one from 1 to 65535, or 0 for any that is free", flag, address, port)
	}
	if c.Development() && !Loopback(host) {
		return fmt.Errorf("%s %q is not a loopback address, and without --auth-secret or --auth-jwks anybody could be anyone: "+
			"set --auth-secret (or OVATION_AUTH_SECRET, or --auth-secret-file) to a secret of your own or --auth-jwks to your public keys, or listen on localhost", flag, address)
	}
	return nil
}

// Exposed says whether others than this machine may reach the public address.
func (c Config) Exposed() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	return err == nil && !Loopback(host)
}

// Loopback says whether a host is this machine and reachable from nowhere else.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// between checks that a value lies in its range.
func between[T int | time.Duration](flag string, value, low, high T) error {
	if value >= low && value <= high {
		return nil
	}
	return fmt.Errorf("%s is %v, must be from %v to %v", flag, value, low, high)
}
