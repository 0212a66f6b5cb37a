package http2_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"connectrpc.com/connect"
	h2 "golang.org/x/net/http2"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// get calls a path and returns the answer, which the test closes.
func (n *node) get(t *testing.T, c *http.Client, path string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url(path), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func TestManyFrames(t *testing.T) {
	t.Parallel()
	const frames = 10_000
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := range frames {
				_, _ = fmt.Fprintf(w, "frame %d\n", i)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
					return
				}
			}
		}))
		body, err := io.ReadAll(n.get(t, n.client(t), "/").Body) //nolint:bodyclose // at the test's end
		lines := strings.Split(strings.TrimSpace(string(body)), "\n")
		if err != nil || len(lines) != frames || lines[frames-1] != fmt.Sprintf("frame %d", frames-1) {
			t.Errorf("%d frames, %v", len(lines), err)
		}
	})
}

// TestLargeBodies sends a body there and back, in pieces of any size.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	body := make([]byte, 8<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(body)
	want := sha256.Sum256(body)
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			random := rand.New(rand.NewPCG(1, 2))
			piece := make([]byte, 50_000)
			for {
				got, err := r.Body.Read(piece[:1+random.IntN(len(piece))])
				if _, wrong := w.Write(piece[:got]); wrong != nil {
					t.Error(wrong)
				}
				if err != nil {
					return
				}
			}
		}))
		for name, sent := range map[string]io.Reader{"at once": bytes.NewReader(body), "in halves": iotest.HalfReader(bytes.NewReader(body))} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.url("/"), sent)
				if err != nil {
					t.Fatal(err)
				}
				res, err := n.client(t).Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				sum := sha256.New()
				if size, err := io.Copy(sum, res.Body); err != nil || [32]byte(sum.Sum(nil)) != want {
					t.Errorf("%d bytes, %v", size, err)
				}
			})
		}
	})
}

// TestAtOnce has 100 streams of a connection send and be sent to at once.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		const streams = 100
		var together sync.WaitGroup
		together.Add(streams)
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			together.Done()
			together.Wait()
			echo(w, r)
		}))
		client := n.client(t)
		var group sync.WaitGroup
		for i := range streams {
			group.Go(func() {
				body := bytes.Repeat([]byte{byte(i)}, 100_000)
				res, err := client.Post(n.url("/"), "application/octet-stream", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		group.Wait()
	})
}

// TestLeaving has a client leave in the middle of a stream: the handler learns of it.
func TestLeaving(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		type end struct{ cause, write error }
		ended := make(chan end, 1)
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			_, _ = w.Write([]byte("x"))
			ended <- end{r.Context().Err(), http.NewResponseController(w).Flush()}
		}))
		for _, leave := range []string{"cancel", "close"} {
			t.Run(leave, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				client := n.client(t)
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url("/"), http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if leave == "cancel" {
					cancel()
				} else if err := res.Body.Close(); err != nil {
					t.Fatal(err)
				}
				if e := <-ended; !errors.Is(e.cause, context.Canceled) || e.write == nil {
					t.Errorf("%+v", e)
				}
			})
		}
	})
}

// TestBodiesThatBreakOff has a client reset a stream, or go without a word, before the
// body has come.
func TestBodiesThatBreakOff(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		ended := make(chan error, 1)
		n := start(t, w, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			<-r.Context().Done()
			ended <- err
		}))
		p := n.greet(t)
		p.request(1, false)
		p.try(p.WriteRSTStream(1, h2.ErrCodeCancel))
		if err := <-ended; err == nil || !strings.HasPrefix(err.Error(), "stream error: stream ID 1; CANCEL") { // as net/http says it
			t.Error(err)
		}
		p.request(3, false)
		p.alive()
		_ = p.conn.Close()
		if err := <-ended; err == nil {
			t.Error("a body that broke off ended well")
		}
	})
}

func TestPanics(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "half an answer")
		_ = http.NewResponseController(w).Flush()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		panic("oh dear")
	}))
	client := n.client(t)
	for _, path := range []string{"/abort", "/panic"} {
		if _, err := io.ReadAll(n.get(t, client, path).Body); err == nil || !strings.Contains(err.Error(), "INTERNAL_ERROR") { //nolint:bodyclose // at the test's end
			t.Errorf("%s: %v", path, err)
		}
	}
	if logs := n.logs.String(); strings.Count(logs, "panic serving") != 1 || !strings.Contains(logs, "oh dear") {
		t.Error(logs)
	}
}

// TestInformed is told early what will follow.
func TestInformed(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		_, _ = io.WriteString(w, "fine")
	}))
	p := n.greet(t)
	p.request(1, true)
	early := expect(p, func(*h2.MetaHeadersFrame) bool { return true })
	if early.PseudoValue("status") != "103" || len(early.RegularFields()) != 1 || early.StreamEnded() {
		t.Error(early)
	}
	if status, body, _ := p.answer(1); status != "200" || string(body) != "fine" {
		t.Error(status, string(body))
	}
}

// TestContinue asks for a body when the handler reads it, and not before.
func TestContinue(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/read" {
			echo(w, r)
		}
	}))
	p := n.greet(t)
	p.requestOf(1, false, ":method", "POST", ":scheme", "http", ":path", "/read", "expect", "100-continue")
	if f := expect(p, func(*h2.MetaHeadersFrame) bool { return true }); f.PseudoValue("status") != "100" {
		t.Error(f)
	}
	p.try(p.WriteData(1, true, []byte("hello")))
	if status, body, _ := p.answer(1); status != "200" || string(body) != "hello" {
		t.Error(status, string(body))
	}
	p.requestOf(3, false, ":method", "POST", ":scheme", "http", ":path", "/", "expect", "100-continue")
	if status, _, _ := p.answer(3); status != "200" {
		t.Error(status)
	}
}

// TestTrailersOfRequests reaches handlers what was announced.
func TestTrailersOfRequests(t *testing.T) {
	t.Parallel()
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprint(w, string(body), err, r.Trailer) //nolint:gosec // to a test
	}))
	p := n.greet(t)
	p.request(1, false, "trailer", "a, b")
	p.try(p.WriteData(1, false, []byte("x")))
	p.requestOf(1, true, "a", "1", "c", "3")
	if _, body, _ := p.answer(1); string(body) != "x<nil> map[A:[1] B:[]]" {
		t.Error(string(body))
	}
}

// TestGoodbye shuts down while a stream is open: it ends well, no other begins, and the
// connection ends with it.
func TestGoodbye(t *testing.T) {
	t.Parallel()
	everyWay(t, func(t *testing.T, w way) {
		release := make(chan struct{})
		n := start(t, w, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-release
			_, _ = io.WriteString(w, "fine")
		}))
		p := n.greet(t)
		p.request(1, true)
		expect(p, func(*h2.MetaHeadersFrame) bool { return true })
		over := make(chan error, 1)
		go func() { over <- n.shutdown(context.Background()) }()
		if f := expect(p, func(*h2.GoAwayFrame) bool { return true }); f.LastStreamID != 1<<31-1 {
			t.Errorf("%v: a stream that is on its way would be lost", f)
		}
		p.request(3, true) // was on its way
		ping := expect(p, func(f *h2.PingFrame) bool { return !f.IsAck() })
		p.try(p.WritePing(true, ping.Data))
		if f := expect(p, func(*h2.GoAwayFrame) bool { return true }); f.LastStreamID != 3 {
			t.Error(f)
		}
		p.request(5, true) // too late
		p.alive()
		close(release)
		if got := p.bodies(1, 3); got[1] != "fine" || got[3] != "fine" {
			t.Error(got)
		}
		p.expectEnd()
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
}

// bodies reads responses to their ends, in whatever order.
func (p *peer) bodies(ids ...uint32) map[uint32]string {
	p.tb.Helper()
	got := make(map[uint32]string)
	for open := len(ids); open > 0; {
		f := expect(p, func(*h2.DataFrame) bool { return true })
		got[f.StreamID] += string(f.Data())
		if f.StreamEnded() {
			open--
		}
	}
	return got
}

// TestHandlersThatWriteTooLate writes after the handler has returned.
func TestHandlersThatWriteTooLate(t *testing.T) {
	t.Parallel()
	kept := make(chan http.ResponseWriter, 1)
	body := make(chan io.Reader, 1)
	n := start(t, cleartext, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept <- w
		body <- r.Body
	}))
	client := n.client(t)
	_, _ = io.ReadAll(n.get(t, client, "/").Body) //nolint:bodyclose // at the test's end
	w := <-kept
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("written")
	}
	if err := http.NewResponseController(w).Flush(); err == nil {
		t.Error("flushed")
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
	if n, err := (<-body).Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("read")
	}
}

// TestConnectClients calls by Connect, gRPC and gRPC-Web: unary and streaming, to ends good
// and bad.
func TestConnectClients(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/echo", connect.NewUnaryHandler("/echo",
		func(_ context.Context, r *connect.Request[wrapperspb.StringValue]) (*connect.Response[wrapperspb.StringValue], error) {
			if r.Msg.GetValue() == "" {
				return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("say something"))
			}
			return connect.NewResponse(r.Msg), nil
		}))
	mux.Handle("/count", connect.NewServerStreamHandler("/count",
		func(_ context.Context, r *connect.Request[wrapperspb.Int64Value], s *connect.ServerStream[wrapperspb.Int64Value]) error {
			for i := range r.Msg.GetValue() {
				if err := s.Send(wrapperspb.Int64(i)); err != nil {
					return err
				}
			}
			return connect.NewError(connect.CodeAborted, errors.New("enough"))
		}))
	mux.Handle("/talk", connect.NewBidiStreamHandler("/talk",
		func(_ context.Context, s *connect.BidiStream[wrapperspb.StringValue, wrapperspb.StringValue]) error {
			for {
				said, err := s.Receive()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if err := s.Send(said); err != nil {
					return err
				}
			}
		}))
	everyWay(t, func(t *testing.T, w way) {
		n := start(t, w, mux)
		for name, opts := range map[string][]connect.ClientOption{
			"Connect": nil, "gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				n.callUnary(t, opts)
				n.callCount(t, opts)
				n.callTalk(t, opts)
			})
		}
	})
}

func (n *node) callUnary(t *testing.T, opts []connect.ClientOption) {
	t.Helper()
	c := connect.NewClient[wrapperspb.StringValue, wrapperspb.StringValue](n.client(t), n.url("/echo"), opts...)
	for _, said := range []string{"hello", strings.Repeat("x", 1<<20)} {
		if res, err := c.CallUnary(t.Context(), connect.NewRequest(wrapperspb.String(said))); err != nil || res.Msg.GetValue() != said {
			t.Errorf("%d bytes: %v", len(said), err)
		}
	}
	if _, err := c.CallUnary(t.Context(), connect.NewRequest(wrapperspb.String(""))); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Error(err)
	}
}

func (n *node) callCount(t *testing.T, opts []connect.ClientOption) {
	t.Helper()
	c := connect.NewClient[wrapperspb.Int64Value, wrapperspb.Int64Value](n.client(t), n.url("/count"), opts...)
	stream, err := c.CallServerStream(t.Context(), connect.NewRequest(wrapperspb.Int64(1000)))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	counted := int64(0)
	for stream.Receive() && stream.Msg().GetValue() == counted {
		counted++
	}
	if counted != 1000 || connect.CodeOf(stream.Err()) != connect.CodeAborted {
		t.Errorf("%d, %v", counted, stream.Err())
	}
}

func (n *node) callTalk(t *testing.T, opts []connect.ClientOption) {
	t.Helper()
	c := connect.NewClient[wrapperspb.StringValue, wrapperspb.StringValue](n.client(t), n.url("/talk"), opts...)
	s := c.CallBidiStream(t.Context())
	defer s.CloseResponse()
	for i := range 100 {
		if err := s.Send(wrapperspb.String(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if said, err := s.Receive(); err != nil || said.GetValue() != fmt.Sprint(i) {
			t.Fatal(said, err)
		}
	}
	if err := s.CloseRequest(); err != nil {
		t.Error(err)
	}
	if _, err := s.Receive(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
