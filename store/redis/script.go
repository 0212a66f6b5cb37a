package redis

import (
	"context"
	"embed"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/live"
)

//go:embed lua/*.lua
var sources embed.FS

// script is one that changes or reads one room.
type script struct {
	name string
	lua  *rueidis.Lua
}

// load reads a script of the embedded ones, behind what all begin with and what it shares
// with others: the last of the names is its own.
func load(names ...string) script {
	var all strings.Builder
	all.WriteString(source("lib"))
	for _, name := range names {
		all.WriteString(source(name))
	}
	return script{names[len(names)-1], rueidis.NewLuaScript(all.String())}
}

func source(name string) string {
	b, err := sources.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err) // it is embedded, or this does not build
	}
	return string(b)
}

// status is what a script answers first.
type status int64

const (
	statusOK status = iota
	statusUnknown
	statusEnded
)

// run runs a script on a room with what all take and args, and returns its status and
// what follows it.
func (s *Store) run(
	ctx context.Context, sc script, id live.RoomID, args ...string,
) (status, []rueidis.RedisMessage, error) {
	keys := s.keysOf(id)
	if s.client.Mode() == rueidis.ClientModeCluster {
		return s.runWith(ctx, sc, keys.all(), args)
	}
	return s.runWith(ctx, sc, []string{keys.state()}, args)
}

// runOn is run for a script whose first key is another than a room's state.
func (s *Store) runOn(
	ctx context.Context, sc script, key string, args ...string,
) (status, []rueidis.RedisMessage, error) {
	return s.runWith(ctx, sc, []string{key}, args)
}

// runWith runs a script with keys, of which the first is what it works on.
func (s *Store) runWith(
	ctx context.Context, sc script, keys, args []string,
) (status, []rueidis.RedisMessage, error) {
	args = slices.Concat([]string{s.instant(), newEpoch()}, args)
	var list []rueidis.RedisMessage
	err := s.reachKey(ctx, keys[0], func(ctx context.Context) (err error) {
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			list, err = sc.lua.Exec(ctx, s.client, keys, args).ToArray()
			if answer, ok := rueidis.IsRedisErr(err); !ok || !answer.IsTryAgain() || !slept(ctx, pause) {
				return err
			}
		}
	})
	if err != nil {
		return 0, nil, err
	}
	if len(list) == 0 {
		return 0, nil, errMalformed
	}
	code, err := list[0].AsInt64()
	return status(code), list[1:], err
}

// ask is run for a script that is to answer OK: all else is an error.
func (s *Store) ask(
	ctx context.Context, sc script, id live.RoomID, args ...string,
) ([]rueidis.RedisMessage, error) {
	code, rest, err := s.run(ctx, sc, id, args...)
	if err != nil {
		return nil, err
	}
	return rest, refusal(id, code)
}

// What failed is tried again after a pause, which doubles from the first to the last.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// slept pauses, less by chance so that not all go on at once, and says whether the context
// goes on.
func slept(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause/2 + rand.N(pause/2)) //nolint:gosec // no secret
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// instant is what scripts take for the time; "" for the server's own.
func (s *Store) instant() string {
	if s.config.Clock == nil {
		return ""
	}
	return decimal(s.config.Clock())
}

// decimal writes a number as scripts read it.
func decimal[T ~int | ~int64 | ~uint64](n T) string { return strconv.FormatInt(int64(n), 10) }

// truth writes a yes or no as scripts read it.
func truth(yes bool) string {
	if yes {
		return "1"
	}
	return ""
}
