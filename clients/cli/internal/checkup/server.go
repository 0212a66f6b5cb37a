package checkup

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

// serverPart is a server, or the balancer before some.
type serverPart struct {
	base  string
	token func() (string, error)
	given bool
}

// Server returns a server to check, by its base URL, and what to call it with. Whether that is
// taken is a check of its own where it was given, and not just a guess.
func Server(base string, token func() (string, error), given bool) Part {
	return &serverPart{strings.TrimRight(base, "/"), token, given}
}

const serverName = "server"

// Name implements Part.
func (p *serverPart) Name() string { return serverName + " " + p.base }

// visit is a server as its clients see it.
type visit struct {
	base  string
	http  *http.Client
	first *page // what the first request was answered
	token func() (string, error)
}

var serverChecks = []check[visit]{
	{"http2", visit.http2},
	{"certificate", visit.certificate},
	{"ready", visit.ready},
	{"health", visit.health},
	{"clock", visit.clock},
}

// tokenCheck is asked of a server that a token was given for.
var tokenCheck = check[visit]{"token", visit.taken}

// check implements Part.
func (p *serverPart) check(ctx context.Context, e examiner) {
	v := visit{base: p.base, token: p.token}
	newer, closeNewer := newHTTP(p.base, true)
	defer closeNewer()
	older, closeOlder := newHTTP(p.base, false)
	defer closeOlder()
	var reached verdict
	for _, v.http = range []*http.Client{newer, older} {
		reached = e.bounded(ctx, func(ctx context.Context) (found verdict) {
			v.first, found = v.reach(ctx)
			return found
		})
		if v.first != nil || strings.HasPrefix(p.base, "https:") { // there it was negotiated
			break
		}
	}
	e.tell(serverName, p.base, "reach", reached)
	if reached.status != Fail {
		checks := serverChecks
		if p.given {
			checks = append(slices.Clone(checks), tokenCheck)
		}
		ask(ctx, e, serverName, p.base, v, checks)
	}
}

// newHTTP returns a client for a base URL, over HTTP/2 if it can be had, and what ends it.
func newHTTP(base string, http2 bool) (client *http.Client, closeIdle func()) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2 || strings.HasPrefix(base, "https:"))
	protocols.SetHTTP2(http2)
	protocols.SetUnencryptedHTTP2(http2 && strings.HasPrefix(base, "http:"))
	transport := &http.Transport{Protocols: protocols, Proxy: http.ProxyFromEnvironment}
	if strings.HasPrefix(base, "http:") {
		transport.Proxy = nil // they do not speak cleartext HTTP/2
	}
	return &http.Client{Transport: transport}, transport.CloseIdleConnections
}

// page is what a request was answered.
type page struct {
	status      int
	text        string // of the status
	proto       string
	major       int // of the protocol
	certificate *x509.Certificate
	body        string
}

// get asks for a page.
func get(ctx context.Context, client *http.Client, address string) (*page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return fetch(client, request)
}

// fetch makes a request, and reads all that is answered.
func fetch(client *http.Client, request *http.Request) (*page, error) {
	response, err := client.Do(request) //nolint:gosec // whoever runs the command says whom to ask
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	p := &page{
		status: response.StatusCode, text: response.Status, proto: response.Proto, major: response.ProtoMajor,
		body: strings.TrimSpace(string(body)),
	}
	if response.TLS != nil {
		p.certificate = response.TLS.PeerCertificates[0]
	}
	return p, err
}

// bare is an error without the address that it is about.
func bare(err error) error {
	if about, ok := errors.AsType[*url.Error](err); ok {
		return about.Err
	}
	return err
}

// reach asks whether the process runs. What was answered is nil if nothing was.
func (v *visit) reach(ctx context.Context) (*page, verdict) {
	first, err := get(ctx, v.http, v.base+"/healthz")
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, bad("nothing listens there").mend("start it, or correct --server")
	case err != nil:
		return nil, bad("%s", reason(err)).mend("see that it runs and can be reached from here, whether it is http or https, and that its certificate is trusted here")
	case first.status != http.StatusOK || first.body != "ok":
		return first, bad("/healthz answers %s", first.text).mend("name an Ovation server, or a balancer that passes everything on to some")
	default:
		return first, good("it answers")
	}
}

func (v visit) http2(context.Context) verdict {
	if v.first.major < 2 {
		return doubtful("%s alone", v.first.proto).
			mend("have what stands before it pass HTTP/2 on, from clients and to the nodes: without it gRPC does not work, and a browser has six streams for all its tabs")
	}
	return good("%s", v.first.proto)
}

// soon is how long before its end a certificate is spoken of.
const soon = 14 * 24 * time.Hour

func (v visit) certificate(context.Context) verdict {
	if v.first.certificate == nil {
		if strings.Contains(v.base, "://localhost") || strings.Contains(v.base, "://127.") {
			return good("cleartext, on this machine")
		}
		return doubtful("cleartext").mend("give it a certificate (--tls-cert, --tls-key), or have a proxy before it speak TLS: tokens are read on the way")
	}
	ends := v.first.certificate.NotAfter
	if time.Until(ends) < soon {
		return doubtful("it ends %s", ends.UTC().Format(time.RFC3339)).mend("renew the certificate; the server takes the new files into use by itself")
	}
	return good("until %s", ends.UTC().Format(time.DateOnly))
}

func (v visit) ready(ctx context.Context) verdict {
	p, err := get(ctx, v.http, v.base+"/readyz")
	switch {
	case err != nil:
		return unanswered(err)
	case p.status == http.StatusServiceUnavailable:
		return bad("/readyz: %s", p.body).mend("it is being stopped: send traffic to other nodes until another has taken its place")
	case p.status != http.StatusOK:
		return bad("/readyz answers %s", p.text).mend("have what stands before it pass every path on")
	default:
		return good("it wants traffic")
	}
}

// unanswered says that a request failed where others did not.
func unanswered(err error) verdict {
	return bad("it does not answer: %s", reason(err)).mend("try again, and see its log")
}

// healthPath is gRPC's own health check, as Connect with JSON.
const healthPath = "/grpc.health.v1.Health/Check"

func (v visit) health(ctx context.Context) verdict {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+healthPath, strings.NewReader("{}"))
	if err != nil {
		return unanswered(err)
	}
	request.Header.Set("Content-Type", "application/json")
	p, err := fetch(v.http, request)
	switch {
	case err != nil:
		return unanswered(err)
	case p.status != http.StatusOK:
		return bad("gRPC health answers %s", p.text).mend("have what stands before it pass every path on")
	case strings.Contains(p.body, "NOT_SERVING") || !strings.Contains(p.body, "SERVING"):
		return bad("it serves nothing now").mend("it is being stopped: see ready")
	default:
		return good("every service is served")
	}
}

// sync calls SyncClock.
func (v visit) sync(ctx context.Context) (*ovationv1.SyncClockResponse, error) {
	token, err := v.token()
	if err != nil {
		return nil, err
	}
	calling, call := connect.NewClientContext(ctx)
	call.RequestHeader().Set("Authorization", "Bearer "+token)
	client := ovationv1connect.NewFeedServiceClient(v.http, v.base)
	return client.SyncClock(calling, &ovationv1.SyncClockRequest{ClientSentAt: time.Now().UnixMicro()})
}

// taken tries a call with the token.
func (v visit) taken(ctx context.Context) verdict {
	if _, err := v.token(); err != nil {
		return bad("there is no token to call with: %s", reason(err)).mend("give one with --token, or the secret with --secret")
	}
	if _, err := v.sync(ctx); err != nil {
		return uncalled(err)
	}
	return good("a call with it is answered")
}

// clock compares clocks, as far as calls are answered.
func (v visit) clock(ctx context.Context) verdict {
	best := time.Hour
	var judged verdict
	for range 5 { // the first has the handshake in it
		sent := time.Now()
		response, err := v.sync(ctx)
		back := time.Now()
		switch {
		case connect.CodeOf(err) == connect.CodeUnauthenticated:
			return doubtful("it tells no one whom it does not know").mend("%s", giveToken)
		case err != nil:
			return uncalled(err)
		}
		if took := back.Sub(sent); took < best {
			best, judged = took, clocks(time.UnixMicro(response.GetReceivedAt()/2+response.GetSentAt()/2), sent, back)
		}
	}
	return judged
}

// giveToken is what to do where none was taken.
const giveToken = "give a token that it takes with --token, or its secret with --secret or OVATION_AUTH_SECRET" //nolint:gosec // it names them, and is none

// uncalled says why a call failed.
func uncalled(err error) verdict {
	v := bad("a call fails: %s", reason(err))
	switch connect.CodeOf(err) {
	case connect.CodeUnauthenticated:
		return v.mend("%s", giveToken)
	case connect.CodeUnimplemented:
		return v.mend("use a command of the server's version, and have what stands before it pass every path on")
	default:
		return v.mend("see its log")
	}
}
