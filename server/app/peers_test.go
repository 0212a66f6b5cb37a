package app_test

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ovation-live/ovation/internal/testkit"
	"github.com/ovation-live/ovation/server/app"
)

// The types of HTTP/2 frames that a peer here sends or waits for (RFC 9113, section 6).
const (
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8
)

// peer is the other end of an HTTP/2 connection, by hand: it does only what a test
// has it do.
type peer struct {
	net.Conn
	logs *testkit.Output // the server's
}

// connect opens a connection to a server whose times a test has shortened.
func connectPeer(t *testing.T, h http.Handler, shorten func(*http.Server)) peer {
	t.Helper()
	logs := new(testkit.Output)
	server := app.NewServer(h, slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	shorten(server)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return peer{conn, logs}
}

// send sends a frame.
func (p peer) send(t *testing.T, kind, flags byte, stream uint32, payload []byte) {
	t.Helper()
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))[1:]
	frame = append(frame, kind, flags)
	frame = append(binary.BigEndian.AppendUint32(frame, stream), payload...)
	if _, err := p.Write(frame); err != nil {
		t.Fatal(err)
	}
}

// greet begins to speak HTTP/2, with room for answers of any size.
func (p peer) greet(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(p, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	p.send(t, frameSettings, 0, 0, []byte{0, 4, 0x7f, 0xff, 0xff, 0xff}) // INITIAL_WINDOW_SIZE
	p.send(t, frameWindowUpdate, 0, 0, []byte{0x3f, 0xff, 0xff, 0xff})
}

// next reads a frame. An error is the connection's end.
func (p peer) next() (kind, flags byte, payload []byte, err error) {
	head := make([]byte, 9)
	if _, err := io.ReadFull(p, head); err != nil {
		return 0, 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(p, payload)
	return head[3], head[4], payload, err
}

// ended says whether an error is that the connection was closed.
func ended(err error) bool {
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

// quiet fails if the log has anything of the peer that an operator would see.
func (p peer) quiet(t *testing.T) {
	t.Helper()
	if logs := p.logs.String(); strings.Contains(logs, "level=WARN") || strings.Contains(logs, "level=ERROR") {
		t.Errorf("logged %s", logs)
	}
}

// What is wrong with what peers send is no news for operators.
func TestPeersWhoDoNotSpeakHTTP2(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(peer){
		"connection error": func(p peer) { p.send(t, framePing, 0, 0, []byte("short")) },
		"GOAWAY":           func(p peer) { p.send(t, frameGoAway, 0, 0, []byte("\x00\x00\x00\x00\x00\x00\x00\x0benough")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := connectPeer(t, http.NotFoundHandler(), func(*http.Server) {})
			p.greet(t)
			say(p)
			p.logs.Wait(t, name)
			for err := error(nil); err == nil; { // until the server has closed it
				_, _, _, err = p.next()
			}
			p.quiet(t)
		})
	}
}

// A connection that makes no request is not kept, however politely it began.
func TestIdleConnectionsEnd(t *testing.T) {
	t.Parallel()
	p := connectPeer(t, http.NotFoundHandler(), func(s *http.Server) { s.IdleTimeout = 200 * time.Millisecond })
	p.greet(t)
	goneAway := false
	for {
		kind, _, _, err := p.next()
		goneAway = goneAway || kind == frameGoAway
		if err == nil {
			continue
		}
		if !ended(err) || !goneAway {
			t.Errorf("told to go: %v, then %v", goneAway, err)
		}
		return
	}
}

// One that says nothing at all is not kept either.
func TestSilentConnectionsEnd(t *testing.T) {
	t.Parallel()
	p := connectPeer(t, http.NotFoundHandler(), func(s *http.Server) { s.ReadHeaderTimeout = 200 * time.Millisecond })
	if _, err := io.Copy(io.Discard, p); err != nil && !ended(err) {
		t.Errorf("it stays: %v", err)
	}
}

// A peer that does not answer pings is gone.
func TestUnansweredPingsEndConnections(t *testing.T) {
	t.Parallel()
	p := connectPeer(t, http.NotFoundHandler(), func(s *http.Server) {
		s.HTTP2.SendPingTimeout, s.HTTP2.PingTimeout = 200*time.Millisecond, 200*time.Millisecond
	})
	p.greet(t)
	pinged := false
	for {
		kind, _, _, err := p.next()
		pinged = pinged || kind == framePing
		if err == nil {
			continue
		}
		if !ended(err) || !pinged {
			t.Errorf("pinged: %v, then %v", pinged, err)
		}
		p.logs.Wait(t, "timeout waiting for PING response")
		p.quiet(t)
		return
	}
}

// One that does is not.
func TestLivePeersStay(t *testing.T) {
	t.Parallel()
	p := connectPeer(t, http.NotFoundHandler(), func(s *http.Server) {
		s.HTTP2.SendPingTimeout, s.HTTP2.PingTimeout = 50*time.Millisecond, 20*time.Second
	})
	p.greet(t)
	for pings := 0; pings < 5; {
		kind, flags, payload, err := p.next()
		if err != nil {
			t.Fatalf("after %d pings: %v", pings, err)
		}
		if kind == framePing && flags == 0 {
			p.send(t, framePing, 1, 0, payload)
			pings++
		}
	}
}

// A peer that takes nothing of what it asked for is cut, and what was being written ends.
func TestPeersWhoTakeNothing(t *testing.T) {
	t.Parallel()
	over := make(chan error, 1)
	endless := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				over <- err
				return
			}
		}
	})
	p := connectPeer(t, endless, func(s *http.Server) { s.HTTP2.WriteByteTimeout = 200 * time.Millisecond })
	p.greet(t)
	// GET http://x/, in HPACK's static table but for the authority.
	p.send(t, frameHeaders, 0x5, 1, []byte{0x82, 0x86, 0x84, 0x41, 1, 'x'})
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Error("it writes on")
	}
}

// One that answers pings and opens no window is not served for ever.
func TestPeersWhoOpenNoWindow(t *testing.T) {
	t.Parallel()
	over := make(chan error, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<10))
		over <- err
	})
	p := connectPeer(t, h, func(s *http.Server) {
		if s.WriteTimeout == 0 {
			t.Error("it has all the time in the world")
		}
		s.WriteTimeout = 200 * time.Millisecond
	})
	p.greet(t)
	p.send(t, frameSettings, 0, 0, []byte{0, 4, 0, 0, 0, 0}) // INITIAL_WINDOW_SIZE
	p.send(t, frameHeaders, 0x5, 1, []byte{0x82, 0x86, 0x84, 0x41, 1, 'x'})
	for {
		kind, _, _, err := p.next()
		if err != nil {
			t.Fatal(err)
		}
		if kind == frameReset {
			break
		}
	}
	if err := <-over; err == nil {
		t.Error("it was written, to nobody")
	}
}
