package redis

import (
	"context"
	"embed"
	"slices"
	"strconv"

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
	all := source("lib")
	for _, name := range names {
		all += source(name)
	}
	return script{names[len(names)-1], rueidis.NewLuaScript(all)}
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
	return s.runOn(ctx, sc, s.keysOf(id).state(), args...)
}

// runOn is run for a script whose first key is another than a room's state.
func (s *Store) runOn(
	ctx context.Context, sc script, key string, args ...string,
) (status, []rueidis.RedisMessage, error) {
	args = slices.Concat([]string{s.instant(), newEpoch()}, args)
	var list []rueidis.RedisMessage
	err := s.reachKey(ctx, key, func(ctx context.Context) (err error) {
		list, err = sc.lua.Exec(ctx, s.client, []string{key}, args).ToArray()
		return err
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
