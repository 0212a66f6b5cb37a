package checkup_test

import (
	"strings"
	"testing"

	"github.com/ovation-live/ovation/clients/cli/internal/checkup"
	"github.com/ovation-live/ovation/internal/services"
)

func TestSentinels(t *testing.T) {
	t.Parallel()
	r := services.NewSentinel(t, "--appendonly", "yes", "--min-replicas-to-write", "1")
	found := redisAt(t, r.URL())
	found.allBut(t)
	found.want(t, "reach", checkup.OK, "1 primary", "that the Sentinels name")
	if n := named(found, "sentinel"); n != len(r.Sentinels) {
		t.Errorf("%d Sentinels were asked", n)
	}
	found.want(t, "sentinel", checkup.OK, r.Members[0].Addr()+" leads, with 1 replica, watched over by 3 Sentinels", "away after 3s")
	found.want(t, "replicas", checkup.OK, "1 replica")

	one, _, _ := strings.Cut(r.URL(), "&")
	redisAt(t, one).want(t, "sentinel", checkup.Warn, "the URL names one", "&addr=HOST:PORT")
	plain, _, _ := strings.Cut(one, "?")
	redisAt(t, plain).alone(t, "it is a Sentinel", "?master_set=NAME", "over ovation")
	other := redisAt(t, plain+"?master_set=other")
	other.want(t, "sentinel", checkup.Fail, "nothing called other", "ovation")
	if len(other) != 1 {
		t.Errorf("it was asked more: %v", other)
	}
}

// named counts the findings of a check.
func named(found findings, check string) (n int) {
	for name := range found {
		if name == check || strings.HasPrefix(name, check+" ") {
			n++
		}
	}
	return n
}

func TestSentinelsThatAreAway(t *testing.T) {
	t.Parallel()
	r := services.NewSentinel(t, "--appendonly", "yes", "--min-replicas-to-write", "1")
	r.Sentinels[2].Kill()
	found := redisAt(t, r.URL())
	found.want(t, "sentinel "+r.Sentinels[2].Addr(), checkup.Warn, "connection refused", "nobody replaces a primary")
	found.allBut(t, "sentinel", "sentinel "+r.Sentinels[1].Addr(), "sentinel "+r.Sentinels[2].Addr())
	r.Sentinels[1].Kill()
	r.Sentinels[0].Kill()
	lost := redisAt(t, r.URL())
	if len(lost) != len(r.Sentinels) {
		t.Errorf("nobody knows where Redis is, and more was asked: %v", lost)
	}
}

func TestWhatIsNoSentinel(t *testing.T) {
	t.Parallel()
	server := services.NewRedis(t)
	found := redisAt(t, server.URL()+"?master_set=ovation")
	found.want(t, "sentinel", checkup.Fail, "no Sentinel", "26379", "leave out master_set")
}

func TestSentinelsWithPasswords(t *testing.T) {
	t.Parallel()
	r := services.NewSentinel(t)
	for _, sentinel := range r.Sentinels {
		sentinel.Do(t, "ACL", "SETUSER", "guard", "on", ">hush", "+@all", "allchannels", "allkeys")
		sentinel.Do(t, "ACL", "SETUSER", "default", "off")
	}
	stranger := redisAt(t, r.URL())
	stranger.want(t, "sentinel", checkup.Fail, "NOAUTH", "&sentinel_password=PASSWORD")
	for _, f := range redisAt(t, r.URL()+"&sentinel_username=guard&sentinel_password=hush") {
		if strings.Contains(f.At+f.Found+f.Remedy, "hush") {
			t.Errorf("a password is told: %+v", f)
		}
	}
	redisAt(t, r.URL()+"&sentinel_username=guard&sentinel_password=hush").want(t, "reach", checkup.OK)
}
