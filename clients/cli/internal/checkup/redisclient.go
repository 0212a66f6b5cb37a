package checkup

import (
	"context"
	"crypto/rand"
	"strconv"

	"github.com/redis/rueidis"
)

// whole is all of a Redis, as a node of Ovation uses it.
type whole struct {
	client rueidis.Client
	prefix string
}

// wholeChecks are asked of the whole.
var wholeChecks = []check[whole]{{"scripts", whole.scripts}, {"pubsub", whole.pubsub}}

// clusterChecks are asked of a cluster besides.
var clusterChecks = []check[whole]{{"slots", whole.slots}}

// script calls what Ovation's scripts call, and changes nothing.
const script = `redis.call('TIME'); redis.call('INFO', 'server'); return redis.call('HGET', KEYS[1], 'epoch')`

func (w whole) scripts(ctx context.Context) verdict {
	client := w.client
	key := w.prefix + "{doctor}:state"
	err := client.Do(ctx, client.B().Eval().Script(script).Numkeys(1).Key(key).Build()).Error()
	if err != nil && !rueidis.IsRedisNil(err) {
		return bad("%s", reason(err)).
			mend("ACL SETUSER USER ~%s* +@all -@dangerous +info: scripts change rooms, and read TIME and INFO", w.prefix)
	}
	return good("scripts run")
}

// pubsub subscribes to a channel as a followed room's is, publishes, and waits for it.
func (w whole) pubsub(ctx context.Context) verdict {
	client := w.client
	channel, said := w.prefix+"{doctor}:bus", rand.Text()
	conn, release := client.Dedicate()
	defer release()
	heard, listening := make(chan struct{}, 1), make(chan struct{}, 1)
	lost := conn.SetPubSubHooks(rueidis.PubSubHooks{
		OnSubscription: func(s rueidis.PubSubSubscription) {
			if s.Kind == "ssubscribe" {
				offer(listening)
			}
		},
		OnMessage: func(m rueidis.PubSubMessage) {
			if m.Message == said {
				offer(heard)
			}
		},
	})
	const advice = "ACL SETUSER USER &%s* +ssubscribe +sunsubscribe +spublish: this is how nodes hear what happens in rooms"
	if err := conn.Do(ctx, conn.B().Ssubscribe().Channel(channel).Build()).Error(); err != nil {
		return bad("sharded pub/sub: %s", reason(err)).mend(advice, w.prefix)
	}
	for _, step := range []struct {
		done <-chan struct{}
		then func() error
	}{
		{listening, func() error {
			return client.Do(ctx, client.B().Spublish().Channel(channel).Message(said).Build()).Error()
		}},
		{heard, func() error { return conn.Do(ctx, conn.B().Sunsubscribe().Channel(channel).Build()).Error() }},
	} {
		select {
		case <-step.done:
		case err := <-lost:
			return bad("sharded pub/sub: %s", reasonOr(err, "the connection ended")).mend(advice, w.prefix)
		case <-ctx.Done():
			return bad("sharded pub/sub: what was published was not heard in time").mend("see whether a proxy stands between: it must pass SSUBSCRIBE on")
		}
		if err := step.then(); err != nil {
			return bad("sharded pub/sub: %s", reason(err)).mend(advice, w.prefix)
		}
	}
	return good("what is published by shard is heard")
}

// offer tells a channel, if nobody has.
func offer(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// slots is how many there are in a cluster.
const slots = 16384

// slots asks a cluster whether all keys have a place.
func (w whole) slots(ctx context.Context) verdict {
	text, err := w.client.Do(ctx, w.client.B().ClusterInfo().Build()).ToString()
	if err != nil {
		return doubtful("CLUSTER INFO: %s", reason(err)).mend("ACL SETUSER USER +cluster|info")
	}
	info := parseInfo(text)
	if served, _ := strconv.Atoi(info["cluster_slots_ok"]); served != slots || info["cluster_state"] != "ok" {
		return bad("%d of %d slots are served, the cluster is %s", served, slots, info["cluster_state"]).
			mend("redis-cli --cluster fix HOST:PORT, and start the primaries that are away: rooms of the other slots cannot be reached")
	}
	return good("all %d slots are served", slots)
}
