package moderation_test

import (
	"context"
	"fmt"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	rules "github.com/ovation-live/ovation/live/moderation"
	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/interceptor"
)

// atDoor returns a call of one on whom nothing acts, in a room where much does.
func atDoor(tb testing.TB) func() error {
	tb.Helper()
	h := setup(tb)
	for i := range 1000 {
		h.apply(order(rules.Ban, "r", live.UserID(fmt.Sprint("r", i))))
		h.apply(order(rules.Ban, "", live.UserID(fmt.Sprint("all", i))))
	}
	ctx := auth.With(tb.Context(), as("ann", live.RoleViewer))
	req := connect.NewRequest(&ovationv1.SendRequest{RoomId: "r"})
	call := interceptor.Admit(h.Service, nil).WrapUnary(
		func(context.Context, connect.AnyRequest) (connect.AnyResponse, error) { return nil, nil })
	return func() error {
		_, err := call(ctx, req)
		return err
	}
}

// BenchmarkAdmit is what every call in a room pays for bans and mutes.
func BenchmarkAdmit(b *testing.B) {
	call := atDoor(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAdmitAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	call := atDoor(t)
	if n := testing.AllocsPerRun(100, func() { _ = call() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
