package app_test

import (
	"slices"
	"testing"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"

	"github.com/ovation-live/ovation/server/rpc"
)

func TestReflection(t *testing.T) {
	t.Parallel()
	n := start(t)
	client := grpcreflect.NewClient(h2c.client(t, ""), n.url, connect.WithGRPC())
	stream := client.NewStream(t.Context())
	defer func() { _, _ = stream.Close() }()
	services, err := stream.ListServices()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, s := range services {
		got[string(s)] = true
	}
	want := append(slices.Clone(rpc.ServiceNames()), "grpc.health.v1.Health")
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s is not listed", name)
		}
		if files, err := stream.FileContainingSymbol(services[0]); err != nil || len(files) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(got) != len(want) {
		t.Errorf("listed: %v", services)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	n := start(t)
	c := http1.client(t, "")
	for service, want := range map[string]string{
		"": "SERVING", "ovation.v1.RoomService": "SERVING", "ovation.v1.QuizService": "SERVING", "nobody": "not_found",
	} {
		got := do(t, c, "POST", n.url+"/grpc.health.v1.Health/Check", `{"service":"`+service+`"}`,
			"Content-Type", "application/json")
		if !contains(got.body, want) {
			t.Errorf("%q: %s", service, got.body)
		}
	}
}
