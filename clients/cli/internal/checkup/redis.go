package checkup

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/redisurl"
)

// redisPart is a Redis: a server, what a Sentinel names, or a cluster.
type redisPart struct {
	option rueidis.ClientOption
	at     string
	prefix string
}

// Redis returns a Redis to check, by its URL as the server takes it, and how the names of
// keys begin there.
func Redis(url, prefix string) (Part, error) {
	option, err := redisurl.Parse(url)
	if err != nil {
		return nil, fmt.Errorf("it is no URL like redis://localhost:6379: %s", withoutURL(err, url))
	}
	option.DisableCache, option.DisableRetry = true, true // tracking is asked for by itself
	at := strings.Join(option.InitAddress, ",")
	if option.Sentinel.MasterSet != "" {
		at += "/" + option.Sentinel.MasterSet
	}
	return &redisPart{option: option, at: at, prefix: prefix}, nil
}

// withoutURL is an error without the URL that it is about: there may be a password in it.
func withoutURL(err error, url string) string { return strings.ReplaceAll(reason(err), url, "it") }

// Name implements Part.
func (p *redisPart) Name() string { return "redis " + p.at }

const redisName = "redis"

// check implements Part.
func (p *redisPart) check(ctx context.Context, e examiner) {
	option := p.option
	option.Dialer.Timeout, option.ConnWriteTimeout = e.timeout, e.timeout
	option.Sentinel.Dialer.Timeout = e.timeout
	if option.Sentinel.MasterSet != "" && !p.sentinels(ctx, e) {
		return // and so nobody says where Redis is
	}
	client, err := rueidis.NewClient(option)
	if err != nil {
		e.tell(redisName, p.at, "reach", p.unreached(err))
		return
	}
	defer client.Close()
	primaries, v := e.primaries(ctx, client)
	e.tell(redisName, p.at, "reach", v)
	if v.status == Fail {
		return
	}
	for _, addr := range slices.Sorted(maps.Keys(primaries)) {
		ask(ctx, e, redisName, addr, primaries[addr], redisChecks)
	}
	all := whole{client, p.prefix}
	ask(ctx, e, redisName, p.at, all, wholeChecks)
	if clustered(primaries) {
		ask(ctx, e, redisName, p.at, all, clusterChecks)
	}
}

// unreached says why there is no connection to what the URL, or the Sentinels in it, name.
func (p *redisPart) unreached(err error) verdict {
	v := unreached(err, p.option.TLSConfig)
	if p.option.Sentinel.MasterSet != "" {
		v.remedy += "; it is where the Sentinels say: name it to them by an address that nodes reach (replica-announce-ip, sentinel monitor)"
	}
	return v
}

// unreached says why there is no connection.
func unreached(err error, secure *tls.Config) verdict {
	v := bad("%s", reason(err))
	switch text := err.Error(); {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "NOAUTH"):
		return v.mend("give user and password in the URL: redis://USER:PASSWORD@HOST:PORT")
	case strings.Contains(text, "NOPERM"):
		return v.mend("let the user run what a client begins with: ACL SETUSER USER +hello +client +cluster +info +ping")
	case strings.Contains(text, "connection refused"):
		return v.mend("start it, or correct host and port")
	case secure == nil && (strings.Contains(text, "EOF") || strings.Contains(text, "reset by peer")):
		return v.mend("if it speaks TLS, write rediss:// instead of redis://")
	case secure != nil:
		return v.mend("see that it speaks TLS there, with a certificate that this machine trusts")
	default:
		return v.mend("see that it runs and can be reached from here")
	}
}

// aSentinel says that an address is that of a Sentinel, and what to write to be led to a
// server by it.
func aSentinel(ctx context.Context, c rueidis.Client) verdict {
	return bad("it is a Sentinel, and keeps nothing itself").
		mend("add master_set to the URL: ?master_set=NAME, where it watches over %s", watched(ctx, c))
}

// node is a server process that leads others, and what it says of itself.
type node struct {
	client rueidis.Client
	info   map[string]string
}

// primaries returns the nodes that are written to.
func (e examiner) primaries(ctx context.Context, client rueidis.Client) (map[string]node, verdict) {
	found := make(map[string]node)
	var fault error
	for addr, c := range client.Nodes() {
		info, err := e.info(ctx, c)
		switch {
		case err != nil:
			fault = err
		case info["redis_mode"] == "sentinel":
			return nil, e.bounded(ctx, func(ctx context.Context) verdict { return aSentinel(ctx, c) })
		case info["role"] == "master":
			found[addr] = node{c, info}
		}
	}
	switch {
	case len(found) > 0:
		return found, good("%s answers as a %s", plural(len(found), "primary", "primaries"), mode(client, found))
	case fault != nil:
		return nil, unreached(fault, nil)
	default:
		return nil, bad("it is a replica, and nothing can be written there").mend("name the primary, a Sentinel (master_set), or a cluster's node")
	}
}

// info asks a node what it says of itself.
func (e examiner) info(ctx context.Context, c rueidis.Client) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	text, err := c.Do(ctx, c.B().Info().Section("everything").Build()).ToString()
	return parseInfo(text), err
}

// mode is what kind of Redis these are of.
func mode(client rueidis.Client, nodes map[string]node) string {
	switch {
	case clustered(nodes):
		return "cluster"
	case client.Mode() == rueidis.ClientModeSentinel:
		return "server that the Sentinels name"
	default:
		return "server of its own"
	}
}

// clustered says whether these are of a cluster.
func clustered(nodes map[string]node) bool {
	for _, n := range nodes {
		return n.info["cluster_enabled"] == "1"
	}
	return false
}

// plural is a number of something.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// parseInfo reads what INFO answers.
func parseInfo(text string) map[string]string {
	info := make(map[string]string)
	for line := range strings.Lines(strings.TrimPrefix(text, "txt:")) { // RESP3 says so of some
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && !strings.HasPrefix(name, "#") {
			info[name] = value
		}
	}
	return info
}
