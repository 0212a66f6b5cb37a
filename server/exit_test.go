package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
)

func TestTheBannersAddressesWork(t *testing.T) {
	t.Parallel()
	p := serve(t)
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	for name, want := range map[string]string{"Page": "<title>", "RPC": "<title>", "Metrics": "ovation_hub_rounds_total"} {
		res, err := client.Get(p.urls()[name])
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s, %s: %s, %.80q, %v", name, p.urls()[name], res.Status, body, err)
		}
	}
}

func TestBannerWithASecret(t *testing.T) {
	t.Parallel()
	const secret = "a secret of thirty-two bytes or more"
	p := launch(t, append([]string{"OVATION_AUTH_SECRET=" + secret, "OVATION_LOG_LEVEL=debug"}, free...))
	p.out.Wait(t, "\n")
	if lines(p.out.String()) != 1 || !strings.Contains(p.out.String(), "serving on http://127.0.0.1:") {
		t.Errorf("said %q", p.out)
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.code(t, 10*time.Second); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(p.out.String()+p.logs.String(), secret) {
		t.Errorf("the secret is in:\n%s%s", p.out, p.logs)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.signal(t, syscall.SIGINT)
	if code := p.code(t, 10*time.Second); code != exitOK || !strings.Contains(p.logs.String(), "msg=stopped") {
		t.Errorf("exit code %d:\n%s", code, p.logs)
	}
}

// SIGHUP, which ends a process that does not expect it, reloads the certificate.
func TestHangup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	replace := func() {
		certText, keyText := testkit.Certificate(t, "hangup", time.Now().Add(365*24*time.Hour))
		for path, text := range map[string][]byte{cert: certText, key: keyText} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	replace()
	for says, args := range map[string][]string{
		"there is nothing to reload": nil,
		"TLS certificate reloaded":   {"--tls-cert", cert, "--tls-key", key},
	} {
		p := serve(t, args...)
		if strings.HasPrefix(p.urls()["RPC"], "https://") != (args != nil) {
			t.Errorf("serves %s", p.urls()["RPC"])
		}
		replace()
		p.signal(t, syscall.SIGHUP)
		p.logs.Wait(t, says)
		p.signal(t, syscall.SIGTERM)
		if code := p.code(t, 10*time.Second); code != exitOK {
			t.Errorf("exit code %d:\n%s", code, p.logs)
		}
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--listen", "--internal-listen"} {
		p := launch(t, free, flag, taken.Addr().String())
		if code := p.code(t, 10*time.Second); code != exitFailed {
			t.Errorf("exit code %d", code)
		}
		want := "ovation: cannot listen on " + taken.Addr().String()
		if !strings.HasPrefix(p.logs.String(), want) || !strings.Contains(p.logs.String(), "address already in use") ||
			!strings.HasSuffix(p.logs.String(), "choose another address with "+flag+"\n") {
			t.Errorf("said %q", p.logs)
		}
		if p.out.String() != "" {
			t.Errorf("and %q", p.out)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"help":                   {nil, []string{"--help"}, exitOK, "--drain-timeout"},
		"a bad flag":             {nil, []string{"--nope"}, exitUsage, "Try --help."},
		"a bad variable":         {[]string{"OVATION_HEARTBEAT=soon"}, nil, exitUsage, "--heartbeat"},
		"everyone, unsecured":    {nil, []string{"--listen", "0.0.0.0:0"}, exitUsage, "OVATION_AUTH_SECRET"},
		"a secret that is short": {[]string{"OVATION_AUTH_SECRET=short"}, nil, exitUsage, "openssl rand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, append(tt.env, free...), tt.args...)
			if code := p.code(t, 10*time.Second); code != tt.code {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(p.out.String()+p.logs.String(), tt.says) {
				t.Errorf("said %q, %q", p.out, p.logs)
			}
		})
	}
}
