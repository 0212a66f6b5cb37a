package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by it
	"embed"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net"
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
	sha1 string // its name in Redis
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
	sum := sha1.Sum([]byte(all.String())) //nolint:gosec // so Redis names them
	return script{names[len(names)-1], hex.EncodeToString(sum[:]), rueidis.NewLuaScript(all.String())}
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
	return s.runWith(ctx, sc, s.keysFor(id), args)
}

// keysFor returns the keys that a script is told of which runs on a room.
func (s *Store) keysFor(id live.RoomID) []string {
	keys := s.keysOf(id)
	if s.client.Mode() == rueidis.ClientModeCluster {
		return keys.all()
	}
	return []string{keys.state()}
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
	args = s.arguments(args)
	var list []rueidis.RedisMessage
	err := s.reachKey(ctx, keys[0], func(ctx context.Context) (err error) {
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			list, err = sc.lua.Exec(ctx, s.client, keys, args).ToArray()
			answer, refused := rueidis.IsRedisErr(err)
			again := refused && answer.IsTryAgain() || isAnothers(ctx, err)
			if !again || !slept(ctx, pause) {
				return err
			}
		}
	})
	if err != nil {
		return 0, nil, err
	}
	a, err := scriptAnswerOf(list)
	return a.code, a.rest, err
}

// arguments returns what a run of a script takes: what all do, and its own.
func (s *Store) arguments(own []string) []string {
	return slices.Concat([]string{s.instant(), newEpoch()}, own)
}

// scriptAnswer is what a script answers: a status, and what follows it.
type scriptAnswer struct {
	code status
	rest []rueidis.RedisMessage
}

// scriptAnswerOf reads what a script answered.
func scriptAnswerOf(list []rueidis.RedisMessage) (scriptAnswer, error) {
	if len(list) == 0 {
		return scriptAnswer{}, errMalformed
	}
	code, err := list[0].AsInt64()
	return scriptAnswer{status(code), list[1:]}, err
}

// errand is one run of a script among several, and what came of it.
type errand struct {
	keys, args []string
	answer     scriptAnswer
	err        error
}

// runAll runs a script several times in one round trip, on keys that one breaker is for. It goes
// by the connection on which publications come, so that what the script answers and what it
// publishes to this node are one read: woken once, not twice.
func (s *Store) runAll(ctx context.Context, sc script, all []errand) {
	commands := make(rueidis.Commands, len(all))
	for i := range all {
		e := &all[i]
		e.err = errAway // unless it is asked
		commands[i] = s.bus.client.B().Evalsha().Sha1(sc.sha1).Numkeys(int64(len(e.keys))).Key(e.keys...).
			Arg(s.arguments(e.args)...).Build()
	}
	err := s.reachKey(ctx, all[0].keys[0], func(ctx context.Context) (lost error) {
		for i, result := range s.bus.client.DoMulti(ctx, commands...) {
			e := &all[i]
			if e.read(result); unsent(e.err) { // the other client may know by now where a slot has gone
				e.read(sc.lua.Exec(ctx, s.client, e.keys, s.arguments(e.args)))
			}
			if !hasAnswered(e.err) {
				lost = e.err
			}
		}
		return lost
	})
	for i := range all {
		s.settle(ctx, sc, &all[i], err)
	}
}

// read reads what a run answered.
func (e *errand) read(result rueidis.RedisResult) {
	list, err := result.ToArray()
	if err == nil {
		e.answer, err = scriptAnswerOf(list)
	}
	e.err = err
}

// unsent says whether no connection could be made: then nothing was sent.
func unsent(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}

// settle says what failed in the store's words, and runs by itself what can be run yet: where
// the server does not know the script, or the slot is moving.
func (s *Store) settle(ctx context.Context, sc script, e *errand, lost error) {
	answer, refused := rueidis.IsRedisErr(e.err)
	switch {
	case refused && (answer.IsNoScript() || answer.IsTryAgain()):
		e.answer.code, e.answer.rest, e.err = s.runWith(ctx, sc, e.keys, e.args)
	case hasAnswered(e.err):
		e.err = translate(e.err)
	default:
		e.err = lost
	}
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
