package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"golang.org/x/term"

	ovation "github.com/ovation-live/ovation/clients/go"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// globals are the flags that every command takes.
type globals struct {
	Server  string        `help:"The server's base address." default:"http://localhost:8080" env:"OVATION_SERVER" placeholder:"URL"`
	Token   *string       `help:"Call with this token instead of a minted one." env:"OVATION_TOKEN" placeholder:"JWT"`
	Secret  string        `help:"Mint tokens with this secret instead of the development one." env:"OVATION_AUTH_SECRET" placeholder:"SECRET"`
	User    string        `help:"Mint tokens for this user." default:"${default_user}" placeholder:"ID"`
	Timeout time.Duration `help:"How long one call may take." default:"10s"`
	JSON    bool          `name:"json" help:"Print for machines: one JSON object a line."`
}

// Validate checks the flags.
func (g *globals) Validate() error {
	if !strings.Contains(g.Server, "://") {
		g.Server = "http://" + g.Server
	}
	address, err := url.Parse(g.Server)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return fmt.Errorf("--server %q is no address like http://localhost:8080", g.Server)
	}
	if g.Timeout <= 0 {
		return fmt.Errorf("--timeout must be more than 0")
	}
	if g.User == "" {
		return fmt.Errorf("--user must not be empty")
	}
	return g.validateTokens()
}

// validateTokens checks what tokens are minted with, or given.
func (g *globals) validateTokens() error {
	if g.Token != nil && *g.Token == "" {
		return fmt.Errorf("--token (or OVATION_TOKEN) is empty: give a token, or leave it out to have one minted")
	}
	if n := len(g.Secret); n > 0 && n < token.MinSecretBytes {
		return fmt.Errorf("--secret (or OVATION_AUTH_SECRET) has %d bytes, it needs at least %d: try `openssl rand -hex 32`", n, token.MinSecretBytes)
	}
	return nil
}

// app is what commands work with.
type app struct {
	globals
	stdin          io.Reader
	stdout, stderr io.Writer

	clients []*ovation.Client             // to be closed
	known   map[live.Role]*ovation.Client // those of as
}

// note tells people something beside the output.
func (a *app) note(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }

// isTerminal says whether a stream is one.
func isTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // descriptors are small
}

// bearer returns the token to call with: the one given, or one minted for the role.
func (a *app) bearer(role live.Role) (string, error) {
	if a.Token != nil {
		return *a.Token, nil
	}
	return a.mint(token.Claims{User: live.UserID(a.User), Name: a.User, Role: role, Rooms: []live.RoomID{token.AnyRoom}})
}

// roleOf returns the role of a name that a flag's enum allows.
func roleOf(name string) live.Role {
	role, _ := live.ParseRole(name)
	return role
}

// mint mints a token.
func (a *app) mint(claims token.Claims) (string, error) {
	secret := a.Secret
	if secret == "" {
		secret = token.DevelopmentSecret
	}
	return token.Mint(secret, claims)
}

// client returns a client that calls as the role, over connections of its own. The app
// closes it.
func (a *app) client(role live.Role) (*ovation.Client, error) {
	bearer, err := a.bearer(role)
	if err != nil {
		return nil, err
	}
	client, err := ovation.New(a.Server, ovation.WithToken(bearer))
	if err != nil {
		return nil, err
	}
	a.clients = append(a.clients, client)
	return client, nil
}

// close closes what was opened. No call may be under way.
func (a *app) close() {
	for _, client := range a.clients {
		client.Close()
	}
}

// limited returns a context for one call.
func (a *app) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.Timeout)
}

// as returns the client that calls as a role, always the same.
func (a *app) as(role live.Role) (*ovation.Client, error) {
	if client := a.known[role]; client != nil {
		return client, nil
	}
	client, err := a.client(role)
	if err != nil {
		return nil, err
	}
	if a.known == nil {
		a.known = make(map[live.Role]*ovation.Client)
	}
	a.known[role] = client
	return client, nil
}

// callAs makes one call of one of a client's services, as a role.
func callAs[Service, Request, Response any](
	ctx context.Context, app *app, role live.Role, service func(*ovation.Client) Service,
	method func(Service, context.Context, *Request) (*Response, error), request *Request,
) (*Response, error) {
	client, err := app.as(role)
	if err != nil {
		return nil, err
	}
	ctx, cancel := app.limited(ctx)
	defer cancel()
	return method(service(client), ctx, request)
}
