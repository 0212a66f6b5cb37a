package checkup

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// watcher is a Sentinel, asked for what it watches over.
type watcher struct {
	client rueidis.Client
	name   string // what the Sentinels call the server
	named  int    // how many Sentinels the URL names
	seen   *string
}

// fewest is how many Sentinels it takes for one to be away and the others still to decide.
const fewest = 3

// sentinels asks every Sentinel that the URL names, and says whether one of them knows a
// primary.
func (p *redisPart) sentinels(ctx context.Context, e examiner) (known bool) {
	seen := ""
	for _, addr := range p.option.InitAddress {
		v := e.bounded(ctx, func(ctx context.Context) verdict { return p.sentinel(ctx, e, addr, &seen) })
		e.tell(redisName, addr, "sentinel", v)
	}
	return seen != ""
}

// sentinel asks one, which adds where it sees the primary.
func (p *redisPart) sentinel(ctx context.Context, e examiner, addr string, seen *string) verdict {
	s := p.option.Sentinel
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, Username: s.Username, Password: s.Password, TLSConfig: s.TLSConfig,
		Dialer: net.Dialer{Timeout: e.timeout}, ConnWriteTimeout: e.timeout,
		ForceSingleClient: true, DisableCache: true, DisableRetry: true,
	})
	if err != nil {
		return unwatched(err)
	}
	defer client.Close()
	return watcher{client, s.MasterSet, len(p.option.InitAddress), seen}.watches(ctx)
}

// unwatched says why there is no connection to a Sentinel.
func unwatched(err error) verdict {
	switch text := err.Error(); {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "NOAUTH"):
		return bad("%s", reason(err)).mend("give the Sentinels' password in the URL: &sentinel_password=PASSWORD, and &sentinel_username=USER if they have users")
	case strings.Contains(text, "NOPERM"):
		return bad("%s", reason(err)).mend("let the user run what a client asks: ACL SETUSER USER +sentinel +subscribe +unsubscribe +hello +client +ping +role &*, at every Sentinel")
	default:
		return doubtful("%s", reason(err)).mend("start it, or correct its address: when most Sentinels are away nobody replaces a primary")
	}
}

// watches judges what a Sentinel says.
func (w watcher) watches(ctx context.Context) verdict {
	state, err := w.client.Do(ctx, w.client.B().Arbitrary("SENTINEL", "MASTER", w.name).Build()).AsStrMap()
	switch {
	case err != nil && strings.Contains(err.Error(), "No such master"):
		return bad("it watches over nothing called %s", w.name).mend("set master_set in the URL to what the Sentinels call it: %s", watched(ctx, w.client))
	case err != nil && strings.Contains(err.Error(), "unknown command"):
		return bad("it is no Sentinel").mend("name the Sentinels in the URL, usually at port 26379, or leave out master_set")
	case err != nil:
		return unwatched(err)
	}
	primary := net.JoinHostPort(state["ip"], state["port"])
	if *w.seen != "" && *w.seen != primary {
		return bad("it takes %s for the primary, another Sentinel %s", primary, *w.seen).
			mend("wait, if one is being replaced; else see SENTINEL MASTER %s at each: they must reach each other", w.name)
	}
	*w.seen = primary
	if state["flags"] != "master" {
		return bad("the primary %s is %s", primary, state["flags"]).mend("see that it runs, and can be reached from the Sentinels: it is away, or is being replaced")
	}
	if err := w.client.Do(ctx, w.client.B().Arbitrary("SENTINEL", "CKQUORUM", w.name).Build()).Error(); err != nil {
		return bad("%s", reason(err)).mend("start the Sentinels that are away, or correct the quorum (SENTINEL SET %s quorum N): until then nobody replaces the primary", w.name)
	}
	return w.enough(state, primary)
}

// enough judges whether there is somebody to take over, and to decide so.
func (w watcher) enough(state map[string]string, primary string) verdict {
	others, _ := strconv.Atoi(state["num-other-sentinels"])
	replicas, _ := strconv.Atoi(state["num-slaves"])
	silence, _ := strconv.Atoi(state["down-after-milliseconds"])
	found := fmt.Sprintf("%s leads, with %s, watched over by %s", primary, plural(replicas, "replica", "replicas"), plural(others+1, "Sentinel", "Sentinels"))
	switch {
	case replicas == 0:
		return bad("%s", found).mend("add a replica (REPLICAOF): there is nothing to replace the primary by")
	case others+1 < fewest:
		return doubtful("%s", found).mend("run %d Sentinels or more, on machines that do not fail together: of two, the one that is left decides nothing", fewest)
	case w.named < 2:
		return doubtful("%s; the URL names one of them", found).mend("name the others too, as &addr=HOST:PORT: a node that starts while this one is away finds nobody to ask")
	default:
		return good("%s; it counts as away after %v", found, time.Duration(silence)*time.Millisecond)
	}
}

// watched lists what a Sentinel watches over, for people.
func watched(ctx context.Context, client rueidis.Client) string {
	all, err := client.Do(ctx, client.B().Arbitrary("SENTINEL", "MASTERS").Build()).ToArray()
	var names []string
	for _, one := range all {
		if state, err := one.AsStrMap(); err == nil {
			names = append(names, state["name"])
		}
	}
	if err != nil || len(names) == 0 {
		return "NAME, as in its `sentinel monitor NAME`"
	}
	return strings.Join(names, ", ")
}
