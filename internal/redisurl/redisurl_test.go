package redisurl_test

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/internal/redisurl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSentinels(t *testing.T) {
	t.Parallel()
	got, err := redisurl.Parse("rediss://ann:hush@one:26379/2?addr=two:26380&master_set=live&sentinel_username=guard&sentinel_password=p%26q")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"one:26379", "two:26380"}; !slices.Equal(got.InitAddress, want) {
		t.Errorf("addresses %q, want %q", got.InitAddress, want)
	}
	if got.Username != "ann" || got.Password != "hush" || got.SelectDB != 2 || got.TLSConfig == nil {
		t.Errorf("Redis is reached as %q with %q, database %d, TLS %v", got.Username, got.Password, got.SelectDB, got.TLSConfig)
	}
	s := got.Sentinel
	if s.MasterSet != "live" || s.Username != "guard" || s.Password != "p&q" || s.TLSConfig == nil || s.TLSConfig.ServerName != "one" {
		t.Errorf("Sentinels are reached as %+v", s)
	}
}

// What says nothing of Sentinels has none, and no password of Redis' is shown to any.
func TestNoSentinels(t *testing.T) {
	t.Parallel()
	got, err := redisurl.Parse("redis://ann:hush@one")
	if err != nil || got.Sentinel.MasterSet != "" || got.Sentinel.Password != "" || got.Sentinel.TLSConfig != nil {
		t.Errorf("%+v, %v", got.Sentinel, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, address := range []string{
		"", "redis://", "rediss://u:p@h:1/2?addr=a:2&master_set=m&sentinel_password=%", "unix:///s?db=1", "http://h", "redis://h/x", "redis://[::1]:1",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := redisurl.Parse(address)
		if err == nil && len(got.InitAddress) == 0 {
			t.Errorf("%q is read, and leads nowhere", address)
		}
	})
}
