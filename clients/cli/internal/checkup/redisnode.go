package checkup

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"
)

// redisChecks are asked of every primary.
var redisChecks = []check[node]{
	{"version", node.version},
	{"protocol", node.protocol},
	{"tracking", node.tracking},
	{"eviction", node.eviction},
	{"memory", node.memory},
	{"persistence", node.persistence},
	{"replicas", node.replicas},
	{"connections", node.connections},
	{"clock", node.clock},
}

// oldest is the first version that publishes by shard.
const oldest = 7

func (n node) version(context.Context) verdict {
	text := cmp.Or(n.info["valkey_version"], n.info["redis_version"])
	major, _, _ := strings.Cut(n.info["redis_version"], ".")
	if v, err := strconv.Atoi(major); err != nil || v < oldest {
		return bad("version %s", text).mend("upgrade to Redis %d.0 or later: rooms are followed by sharded pub/sub, which older ones do not have", oldest)
	}
	return good("version %s", text)
}

func (n node) protocol(ctx context.Context) verdict {
	hello, err := n.client.Do(ctx, n.client.B().Arbitrary("HELLO").Build()).ToMap()
	if err != nil {
		return doubtful("HELLO: %s", reason(err)).mend("let the user run HELLO, past any proxy that does not know it: without RESP3 nothing is cached by nodes")
	}
	proto := hello["proto"]
	if v, _ := proto.AsInt64(); v != 3 {
		return doubtful("RESP%d", v).mend("reach it without a proxy that speaks RESP2 alone: without RESP3 nothing is cached by nodes")
	}
	return good("RESP3")
}

func (n node) tracking(ctx context.Context) verdict {
	conn, release := n.client.Dedicate()
	defer release()
	if err := conn.Do(ctx, conn.B().Arbitrary("CLIENT", "TRACKING", "ON", "OPTIN").Build()).Error(); err != nil {
		return doubtful("client tracking: %s", reason(err)).
			mend("ACL SETUSER USER +client|tracking +client|caching, if the service has it; else nodes run uncached, and every call in a room asks Redis how its caller stands")
	}
	if err := conn.Do(ctx, conn.B().Arbitrary("CLIENT", "TRACKING", "OFF").Build()).Error(); err != nil {
		return doubtful("client tracking cannot be ended: %s", reason(err))
	}
	return good("client tracking is there")
}

func (n node) eviction(context.Context) verdict {
	policy := n.info["maxmemory_policy"]
	if policy != "noeviction" {
		return bad("maxmemory-policy is %s", cmp.Or(policy, "not said")).
			mend("CONFIG SET maxmemory-policy noeviction, and the same in its file: else parts of live rooms are thrown away when memory is short")
	}
	return good("nothing is evicted")
}

// crowded is the share of what there is at which more had better be found.
const crowded = 0.8

func (n node) memory(context.Context) verdict {
	used, limit := n.number("used_memory"), n.number("maxmemory")
	if limit == 0 {
		if total := n.number("total_system_memory"); total > 0 && used > crowded*total {
			return doubtful("%s in use of the machine's %s", bytes(used), bytes(total)).mend("give it more memory, or keep ended rooms for less long")
		}
		return good("%s in use, without a limit", bytes(used))
	}
	if used > crowded*limit {
		return doubtful("%s in use of %s", bytes(used), bytes(limit)).
			mend("raise maxmemory (CONFIG SET maxmemory), or keep ended rooms for less long: when it is full, sends fail")
	}
	return good("%s in use of %s", bytes(used), bytes(limit))
}

// bytes is an amount of memory for people.
func bytes(n float64) string {
	return strconv.FormatFloat(n/(1<<20), 'f', 1, 64) + " MiB"
}

func (n node) persistence(ctx context.Context) verdict {
	if n.info["aof_last_write_status"] == "err" || n.info["rdb_last_bgsave_status"] == "err" {
		return bad("the last attempt to write to disk failed").mend("see its log: the disk is full, or may not be written to; until then it may refuse every change")
	}
	const advice = "CONFIG SET appendonly yes, then CONFIG REWRITE"
	switch save, known := n.config(ctx, "save"); {
	case n.info["aof_enabled"] == "1":
		if fsync, _ := n.config(ctx, "appendfsync"); fsync == "no" {
			return doubtful("append-only file, written to disk when the system likes").mend("CONFIG SET appendfsync everysec")
		}
		return good("append-only file")
	case !known:
		return doubtful("no append-only file, and snapshots are not said").mend("%s: a restart loses what is not on disk of messages, attributes and who is there", advice)
	case save == "":
		return doubtful("nothing is kept on disk").mend("%s: after a restart every room begins anew, without messages, attributes or anybody in it", advice)
	default:
		return doubtful("snapshots alone (save %s)", save).mend("%s: a restart loses what came after the last snapshot", advice)
	}
}

// config reads a setting; not every service lets one.
func (n node) config(ctx context.Context, name string) (value string, known bool) {
	values, err := n.client.Do(ctx, n.client.B().ConfigGet().Parameter(name).Build()).AsStrMap()
	value, there := values[name]
	return value, err == nil && there
}

func (n node) replicas(ctx context.Context) verdict {
	count := int(n.number("connected_slaves"))
	minimum, known := n.config(ctx, "min-replicas-to-write")
	switch {
	case count == 0 && n.info["cluster_enabled"] == "1":
		return doubtful("no replica").mend("add one (redis-cli --cluster add-node ... --cluster-slave): without it the primary's rooms are away for as long as it is")
	case count == 0:
		return good("no replica")
	case known && minimum == "0":
		return doubtful("%s, and none has to be there for a write", plural(count, "replica", "replicas")).
			mend("CONFIG SET min-replicas-to-write 1, then CONFIG REWRITE: a primary that is cut off goes on acknowledging what a failover forgets")
	default:
		return good("%s", plural(count, "replica", "replicas"))
	}
}

func (n node) connections(context.Context) verdict {
	open, limit := n.number("connected_clients"), n.number("maxclients")
	if limit > 0 && open > crowded*limit {
		return doubtful("%.0f of %.0f connections are open", open, limit).mend("CONFIG SET maxclients to more, and let it open as many files")
	}
	return good("%.0f of %.0f connections are open", open, limit)
}

func (n node) clock(ctx context.Context) verdict {
	sent := time.Now()
	answer, err := n.client.Do(ctx, n.client.B().Time().Build()).AsIntSlice()
	if err != nil || len(answer) != 2 {
		return bad("TIME: %s", reasonOr(err, "no time")).mend("let the user run TIME: rooms take their timestamps from it")
	}
	return clocks(time.Unix(answer[0], answer[1]*1000), sent, time.Now())
}

// number returns a number that the node says of itself; 0 if it does not.
func (n node) number(name string) float64 {
	v, _ := strconv.ParseFloat(n.info[name], 64)
	return v
}

// reasonOr is an error in one line, or what to say where there is none.
func reasonOr(err error, otherwise string) string {
	if err == nil {
		return otherwise
	}
	return reason(err)
}
