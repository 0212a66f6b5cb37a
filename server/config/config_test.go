package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "a secret of thirty-two bytes or more"

// sound returns a configuration that breaks no rule.
func sound() config.Config { return config.Default() }

func TestRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*config.Config)
		want   string // "": sound
	}{
		"as it is":          {func(*config.Config) {}, ""},
		"a short secret":    {func(c *config.Config) { c.AuthSecret = config.Secret(secret[:31]) }, "--auth-secret has 31 bytes, it needs at least 32: try `openssl rand -hex 32`"},
		"a secret":          {func(c *config.Config) { c.AuthSecret = config.Secret(secret[:32]) }, ""},
		"a key file":        {func(c *config.Config) { c.AuthJWKS, c.Listen = "keys.json", ":8080" }, ""},
		"a key address":     {func(c *config.Config) { c.AuthJWKS, c.Listen = "https://a.test/jwks", ":8080" }, ""},
		"keys over http":    {func(c *config.Config) { c.AuthJWKS = "http://a.test/jwks" }, `--auth-jwks: "http://a.test/jwks" is neither https nor http of this machine, so anyone on the way could replace the keys`},
		"hasty keys":        {func(c *config.Config) { c.AuthJWKSRefresh = 0 }, "--auth-jwks-refresh is 0s, must be from 1s to 24h0m0s"},
		"lazy keys":         {func(c *config.Config) { c.AuthJWKSRefresh = 25 * time.Hour }, "--auth-jwks-refresh is 25h0m0s, must be from 1s to 24h0m0s"},
		"an issuer":         {func(c *config.Config) { c.AuthIssuer, c.AuthSecret = "i", config.Secret(secret) }, ""},
		"an issuer alone":   {func(c *config.Config) { c.AuthIssuer = "i" }, "--auth-issuer and --auth-audience need tokens of your own: set --auth-jwks or --auth-secret too"},
		"an audience alone": {func(c *config.Config) { c.AuthAudience = "a" }, "--auth-issuer and --auth-audience need tokens of your own: set --auth-jwks or --auth-secret too"},
		"no port":           {func(c *config.Config) { c.Listen = "localhost" }, `--listen "localhost" is not of the form HOST:PORT: address localhost: missing port in address`},
		"no internal port":  {func(c *config.Config) { c.InternalListen = "" }, `--internal-listen "" is not of the form HOST:PORT: missing port in address`},
		"too high a port":   {func(c *config.Config) { c.Listen = "localhost:65536" }, `--listen "localhost:65536": "65536" is no port: name one from 1 to 65535, or 0 for any that is free`},
		"a port's name":     {func(c *config.Config) { c.Listen = "localhost:nowhere" }, `--listen "localhost:nowhere": "nowhere" is no port: name one from 1 to 65535, or 0 for any that is free`},
		"a file's address":  {func(c *config.Config) { c.AuthJWKS = "file:///keys.json" }, `--auth-jwks: "file:///keys.json" is a file: name its path alone`},
		"a hasty heart":     {func(c *config.Config) { c.Heartbeat = time.Second - 1 }, "--heartbeat is 999.999999ms, must be from 1s to 5m0s"},
		"a fast heart":      {func(c *config.Config) { c.Heartbeat = time.Second }, ""},
		"a slow heart":      {func(c *config.Config) { c.Heartbeat = 5 * time.Minute }, ""},
		"a stopped heart":   {func(c *config.Config) { c.Heartbeat = 5*time.Minute + 1 }, "--heartbeat is 5m0.000000001s, must be from 1s to 5m0s"},
		"no drain at all":   {func(c *config.Config) { c.DrainTimeout = 0 }, ""},
		"a drain before":    {func(c *config.Config) { c.DrainTimeout = -1 }, "--drain-timeout is -1ns, must be from 0s to 1h0m0s"},
		"an endless drain":  {func(c *config.Config) { c.DrainTimeout = 2 * time.Hour }, "--drain-timeout is 2h0m0s, must be from 0s to 1h0m0s"},
		"back before":       {func(c *config.Config) { c.ReconnectAfter = -time.Second }, "--reconnect-after is -1s, must be from 0s to 1h0m0s"},
		"negative jitter":   {func(c *config.Config) { c.ReconnectJitter = -time.Second }, "--reconnect-jitter is -1s, must be from 0s to 1h0m0s"},
		"tiny requests":     {func(c *config.Config) { c.MaxRequestBytes = 1023 }, "--max-request-bytes is 1023, must be from 1024 to 67108864"},
		"small requests":    {func(c *config.Config) { c.MaxRequestBytes = 1024 }, ""},
		"any origin":        {func(c *config.Config) { c.CORSOrigins = []string{"*"} }, ""},
		"no origins":        {func(c *config.Config) { c.CORSOrigins = nil }, "--cors-origins is empty: leave it out for all origins, or name some"},
		"origins":           {func(c *config.Config) { c.CORSOrigins = []string{"https://a.test", "http://*.b.test:8080", "app://c"} }, ""},
		"no scheme":         {func(c *config.Config) { c.CORSOrigins = []string{"foo"} }, `--cors-origins "foo" is neither * nor an origin like https://example.com`},
		"a host and port":   {func(c *config.Config) { c.CORSOrigins = []string{"a.test:80"} }, `--cors-origins "a.test:80" is neither * nor an origin like https://example.com`},
		"a page":            {func(c *config.Config) { c.CORSOrigins = []string{"https://a.test/"} }, `--cors-origins "https://a.test/" is neither * nor an origin like https://example.com`},
		"nothing among":     {func(c *config.Config) { c.CORSOrigins = []string{"*", ""} }, `--cors-origins "" is neither * nor an origin like https://example.com`},
		"limits off":        {func(c *config.Config) { c.AddressConnections, c.UserSendRate, c.UserPulls = 0, 0, 0 }, ""},
		"below nothing":     {func(c *config.Config) { c.UserSendRate = -1 }, "--user-send-rate is -1, must be from 0 to 1000000"},
		"beyond counting":   {func(c *config.Config) { c.AddressRequestRate = 2_000_000 }, "--address-request-rate is 2000000, must be from 0 to 1000000"},
		"nobody exempt":     {func(c *config.Config) { c.LimitExempt = []string{""} }, ""},
		"proxies":           {func(c *config.Config) { c.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"} }, ""},
		"a proxy's name":    {func(c *config.Config) { c.TrustedProxies = []string{"proxy.test"} }, `--trusted-proxies "proxy.test" is neither an address nor a network like 10.0.0.0/8`},
		"a mapped network":  {func(c *config.Config) { c.LimitExempt = []string{"::ffff:10.0.0.0/104"} }, `--limit-exempt "::ffff:10.0.0.0/104" is neither an address nor a network like 10.0.0.0/8`},
		"lean HTTP/2":       {func(c *config.Config) { c.HTTP2 = "lean" }, ""},
		"another HTTP/2":    {func(c *config.Config) { c.HTTP2 = "fast" }, `--http2 is "fast", must be std or lean`},
		"a node's address":  {func(c *config.Config) { c.AdvertiseURL, c.NodeID = "https://node-1.test:8443/live/", "node-1" }, ""},
		"nowhere":           {func(c *config.Config) { c.AdvertiseURL = "node-1.test" }, `--advertise-url "node-1.test" is no base URL like https://node-1.example.com`},
		"no host":           {func(c *config.Config) { c.AdvertiseURL = "https://:8080" }, `--advertise-url "https://:8080" is no base URL like https://node-1.example.com`},
		"every address":     {func(c *config.Config) { c.AdvertiseURL = "http://0.0.0.0:8080" }, `--advertise-url "http://0.0.0.0:8080" names every address of this machine, which clients elsewhere cannot reach: name one`},
		"every address, v6": {func(c *config.Config) { c.AdvertiseURL = "http://[::]:8080" }, `--advertise-url "http://[::]:8080" names every address of this machine, which clients elsewhere cannot reach: name one`},
		"more than a base":  {func(c *config.Config) { c.AdvertiseURL = "https://a.test/?b" }, `--advertise-url "https://a.test/?b" is no base URL like https://node-1.example.com`},
		"a user's address":  {func(c *config.Config) { c.AdvertiseURL = "https://me@a.test" }, `--advertise-url "https://me@a.test" is no base URL like https://node-1.example.com`},
		"a node's mark":     {func(c *config.Config) { c.NodeID = "node 1" }, `--node-id "node 1" is no id: 1 to 128 letters, digits, and . _ : - after the first`},
		"a node for nobody": {func(c *config.Config) { c.ViewersPerNode = 0 }, "--viewers-per-node is 0, must be from 1 to 10000000"},
		"both stores":       {func(c *config.Config) { c.RedisURL, c.PostgresURL = "redis://a", "postgres://b/c" }, ""},
		"Redis alone":       {func(c *config.Config) { c.RedisURL = "rediss://a" }, "--redis-url is given without --postgres-url: Redis has what happens in rooms, Postgres what must not be lost; set both, or neither"},
		"Postgres alone":    {func(c *config.Config) { c.PostgresURL = "postgresql://a" }, "--postgres-url is given without --redis-url: Redis has what happens in rooms, Postgres what must not be lost; set both, or neither"},
		"another store":     {func(c *config.Config) { c.RedisURL, c.PostgresURL = "http://u:p@a", "postgres://b" }, "--redis-url is no URL that begins with redis:// or rediss:// or unix://"},
		"no URL":            {func(c *config.Config) { c.RedisURL, c.PostgresURL = "redis://a", "host=b password=p" }, "--postgres-url is no URL that begins with postgres:// or postgresql://"},
		"braces in names":   {func(c *config.Config) { c.RedisPrefix = "{a}" }, `--redis-prefix "{a}" must have from 1 to 64 bytes, and no braces or spaces`},
		"no prefix":         {func(c *config.Config) { c.RedisPrefix = "" }, `--redis-prefix "" must have from 1 to 64 bytes, and no braces or spaces`},
		"a hasty Redis":     {func(c *config.Config) { c.RedisTimeout = time.Millisecond }, "--redis-timeout is 1ms, must be from 100ms to 1m0s"},
		"history for ever":  {func(c *config.Config) { c.HistoryRetention = 0 }, ""},
		"short history":     {func(c *config.Config) { c.HistoryRetention = time.Minute }, "--history-retention is 1m0s, must be 0 or at least 1h0m0s"},
		"rooms for ever":    {func(c *config.Config) { c.RoomRetention = 0 }, ""},
		"short rooms":       {func(c *config.Config) { c.RoomRetention = time.Hour }, "--room-retention is 1h0m0s, must be 0 or at least 24h0m0s"},
		"enormous requests": {func(c *config.Config) { c.MaxRequestBytes = 64<<20 + 1 }, "--max-request-bytes is 67108865, must be from 1024 to 67108864"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := sound()
			tt.change(&c)
			if got := text(c.Validate()); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Clients that came over TLS would not follow an address without.
func TestAdvertisedWithLessThanTLS(t *testing.T) {
	t.Parallel()
	c := sound()
	c.AdvertiseURL, c.TLSCert, c.TLSKey = "http://a.test", "absent.pem", "absent.pem"
	if got := text(c.Validate()); !strings.Contains(got, `--advertise-url "http://a.test" is http, and this server speaks TLS: write https`) {
		t.Errorf("got %q", got)
	}
	c.AdvertiseURL = "https://a.test/"
	if got := text(c.Validate()); strings.Contains(got, "advertise") || c.Endpoint() != "https://a.test" {
		t.Errorf("got %q, endpoint %q", got, c.Endpoint())
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "WARN": slog.LevelWarn, "Error": slog.LevelError,
	} {
		var level config.Level
		if err := level.UnmarshalText([]byte(name)); err != nil || level.Level() != want {
			t.Errorf("%s: %v, %v", name, level.Level(), err)
		}
	}
	for _, name := range []string{"", "loud", "info+2"} {
		var level config.Level
		if got, want := text(level.UnmarshalText([]byte(name))), fmt.Sprintf("%q is not debug, info, warn or error", name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	c := sound()
	c.Listen, c.InternalListen, c.Heartbeat, c.MaxRequestBytes = "nowhere", "0.0.0.0:1", -1, -1
	c.DrainTimeout, c.ReconnectAfter, c.ReconnectJitter = -1, -1, -1
	got := strings.Split(text(c.Validate()), "\n")
	if len(got) != 7 {
		t.Errorf("%d faults: %q", len(got), got)
	}
	c.AuthSecret = "short"
	if got := text(c.Validate()); !strings.Contains(got, "--auth-secret") || strings.Contains(got, "short") {
		t.Errorf("got %q", got)
	}
}

// With the well-known secret anybody could be anyone: nobody else may reach it.
func TestDevelopmentIsForLoopback(t *testing.T) {
	t.Parallel()
	for address, safe := range map[string]bool{
		"localhost:8080":          true,
		"127.0.0.1:8080":          true,
		"127.9.9.9:0":             true,
		"[::1]:8080":              true,
		"[::ffff:127.0.0.1]:8080": true,
		"0.0.0.0:8080":            false,
		"[::]:8080":               false,
		":8080":                   false,
		"192.0.2.1:8080":          false,
		"[2001:db8::1]:8080":      false,
		"[::ffff:192.0.2.1]:8080": false,
		"10.0.0.1:8080":           false,
		"example.com:8080":        false,
		"localhost.evil.test:80":  false,
		"127.0.0.1.evil.test:80":  false,
		"0:8080":                  false,
	} {
		for _, s := range []config.Secret{"", token.DevelopmentSecret} {
			for _, flag := range []string{"--listen", "--internal-listen"} {
				c := sound()
				c.AuthSecret = s
				setAddress(&c, flag, address)
				err := text(c.Validate())
				if (err == "") != safe {
					t.Errorf("%s %s: %q", flag, address, err)
				}
				if !safe && (!strings.HasPrefix(err, flag+" ") || !strings.Contains(err, "OVATION_AUTH_SECRET")) {
					t.Errorf("%s %s does not help: %q", flag, address, err)
				}
			}
		}
		c := sound()
		c.AuthSecret, c.Listen, c.InternalListen = secret, address, address
		if err := c.Validate(); err != nil {
			t.Errorf("%s with a secret of one's own: %v", address, err)
		}
	}
}

func setAddress(c *config.Config, flag, address string) {
	if flag == "--listen" {
		c.Listen = address
	} else {
		c.InternalListen = address
	}
}

func TestDevelopment(t *testing.T) {
	t.Parallel()
	for s, want := range map[config.Secret]bool{"": true, token.DevelopmentSecret: true, secret: false} {
		c := sound()
		c.AuthSecret = s
		signs := secret
		if want {
			signs = token.DevelopmentSecret
		}
		if c.Development() != want || c.Secret() != signs {
			t.Errorf("%q: development %v, signs with %q", string(s), c.Development(), c.Secret())
		}
	}
}

// Public keys make a server productive, unless the well-known secret is good there too.
func TestDevelopmentWithKeys(t *testing.T) {
	t.Parallel()
	for s, want := range map[config.Secret]struct {
		development bool
		signs       string
	}{"": {false, ""}, token.DevelopmentSecret: {true, token.DevelopmentSecret}, secret: {false, secret}} {
		c := sound()
		c.AuthSecret, c.AuthJWKS = s, "keys.json"
		if c.Development() != want.development || c.Secret() != want.signs {
			t.Errorf("%q: development %v, signs with %q", string(s), c.Development(), c.Secret())
		}
	}
}

func TestSecretIsNotSeen(t *testing.T) {
	t.Parallel()
	c := sound()
	c.AuthSecret = secret
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+"\n", &c)
		fmt.Fprintf(&out, verb+"\n", c.AuthSecret)
		fmt.Fprintf(&out, verb+"\n", &c.AuthSecret)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("starting", "config", c, "pointer", &c, "secret", c.AuthSecret)
	}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%d", []byte(secret))} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%q is in:\n%s", form, out.String())
		}
	}
	if got := config.Secret("").String(); got != "" {
		t.Errorf("no secret reads %q", got)
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	c := sound()
	c.TrustedProxies = []string{"10.1.2.3/8", "192.0.2.7", "", "::ffff:192.0.2.8", "2001:db8::1/64"}
	if got, want := fmt.Sprint(c.Proxies()), "[10.0.0.0/8 192.0.2.7/32 192.0.2.8/32 2001:db8::/64]"; got != want {
		t.Errorf("proxies %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(c.Exempt()), "[127.0.0.0/8 ::1/128]"; got != want {
		t.Errorf("by default %s, want %s", got, want)
	}
}
