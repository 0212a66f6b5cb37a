package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

func TestWhatIsUnknown(t *testing.T) {
	t.Parallel()
	for code, want := range map[connect.Code]bool{
		connect.CodeCanceled: true, connect.CodeUnknown: true, connect.CodeInvalidArgument: false,
		connect.CodeDeadlineExceeded: true, connect.CodeNotFound: false, connect.CodeAlreadyExists: false,
		connect.CodePermissionDenied: false, connect.CodeResourceExhausted: false, connect.CodeFailedPrecondition: false,
		connect.CodeAborted: false, connect.CodeOutOfRange: false, connect.CodeUnimplemented: false,
		connect.CodeInternal: true, connect.CodeUnavailable: true, connect.CodeDataLoss: true, connect.CodeUnauthenticated: false,
	} {
		if got := isUnknown(fmt.Errorf("wrapped: %w", connect.NewError(code, errors.New("x")))); got != want {
			t.Errorf("%v: %v", code, got)
		}
	}
	for _, err := range []error{
		errors.New("no token"),
		usageError{errors.New("a flag")},
		connect.NewError(connect.CodeUnavailable, syscall.ECONNREFUSED),
		connect.NewError(connect.CodeUnavailable, &net.DNSError{Name: "nowhere"}),
	} {
		if isUnknown(err) {
			t.Errorf("%v never left", err)
		}
	}
}

// failing is a server of which every call with coins fails.
type failing struct {
	ovationv1connect.UnimplementedGiftServiceHandler
	ovationv1connect.UnimplementedWalletServiceHandler
	err error
}

// SendGift implements GiftService.
func (f failing) SendGift(context.Context, *ovationv1.SendGiftRequest) (*ovationv1.SendGiftResponse, error) {
	return nil, f.err
}

// Deposit implements WalletService.
func (f failing) Deposit(context.Context, *ovationv1.DepositRequest) (*ovationv1.DepositResponse, error) {
	return nil, f.err
}

// Only who cannot know whether coins moved is told to ask again with the same id.
func TestAskingAgainIsForWhatIsUnknown(t *testing.T) {
	t.Parallel()
	for code, hinted := range map[connect.Code]bool{connect.CodeFailedPrecondition: false, connect.CodeUnavailable: true} {
		f := failing{err: connect.NewError(code, errors.New("x"))}
		mux := http.NewServeMux()
		mux.Handle(ovationv1connect.NewGiftServiceHandler(f))
		mux.Handle(ovationv1connect.NewWalletServiceHandler(f))
		server := httptest.NewUnstartedServer(mux)
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
		t.Cleanup(server.Close)
		for _, args := range [][]string{
			{"gift", "send", "demo", "rose", "--as", "ann"},
			{"wallet", "deposit", "ann", "7"},
			{"gift", "send", "demo", "rose", "--as", "ann", "--id", "mine"},
			{"wallet", "deposit", "ann", "7", "--id", "mine"},
		} {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), append([]string{"--server", server.URL}, args...), strings.NewReader(""), &stdout, &stderr); got == exitOK {
				t.Errorf("%q succeeds", args)
			}
			named := args[len(args)-1] == "mine"
			if got := strings.Contains(stderr.String(), "repeat the command with --id"); got != (hinted && !named) {
				t.Errorf("%v: %q says\n%s", code, args, stderr.String())
			}
		}
	}
}
