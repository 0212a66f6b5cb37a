//go:build linux

// Command endtoend measures servers side by side: each is a process of its own on
// loopback, viewers have a TCP connection each, and what counts is the CPU time and the
// memory of the server alone. Servers take turns, forth and back (ABBA), so that
// a machine that others use too is unfair to all of them alike: compare the ratios.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// flags is what the program can be told.
type flags struct {
	Scenario []string `short:"s" help:"What to measure: ${enum}. Default: all." enum:"frames,messages,memory,unary,send,answers,gifts,visits,stores" placeholder:"NAME"`
	Server   []string `help:"Only these servers: ${enum}. Default: all." enum:"ovation,connect-go,grpc-go,centrifuge" placeholder:"NAME"`

	Rounds  int           `default:"2" help:"How often each measurement is made (default ${default})."`
	For     time.Duration `default:"3s" help:"How long each measurement lasts (default ${default})."`
	Viewers []int         `default:"1000" help:"Scenarios frames and memory: how many viewers, one or more numbers (default ${default})." placeholder:"N"`

	FrameRate      []float64 `default:"10" help:"Scenario frames: frames a second (default ${default})." placeholder:"N"`
	MessageViewers []int     `default:"1000,5000" help:"Scenario messages: how many viewers (default ${default})." placeholder:"N"`
	MessageRate    float64   `default:"200" help:"Scenario messages: messages a second (default ${default})." placeholder:"N"`
	MessageBytes   int       `default:"183" help:"Bytes of one message on the wire (default ${default})." placeholder:"BYTES"`
	MostFrames     int       `default:"300000" help:"Most frames that one measurement delivers: fewer messages are published where that would be passed (default ${default})." placeholder:"N"`
	Connections    int       `default:"64" help:"Scenarios unary and answers: connections, or streams of one connection, that call at once (default ${default})." placeholder:"N"`
	Senders        int       `default:"64" help:"Scenarios send and gifts: connections, each a user of its own (default ${default})." placeholder:"N"`
	SendsAtOnce    int       `default:"4" help:"Scenarios send and gifts: calls that each has under way at once (default ${default})." placeholder:"N"`
	Rooms          int       `default:"200" help:"Scenario send: rooms that are sent to (default ${default})." placeholder:"N"`
	Answers        int       `default:"20000" help:"Scenario answers: how many users answer (default ${default})." placeholder:"N"`

	Ovation     string   `help:"Measure this server instead of building one." placeholder:"FILE" type:"existingfile"`
	ServerFlag  []string `help:"Another flag for Ovation's server, for instance --server-flag=--heartbeat=1m." placeholder:"FLAG"`
	VisitEvents int      `default:"500000" help:"Scenario visits: how many events are reported (default ${default})." placeholder:"N"`

	RedisURL    string `help:"Scenarios answers, gifts, visits and stores: where Redis is; without it they leave it out." placeholder:"URL"`
	PostgresURL string `help:"Scenarios answers, gifts, visits and stores: where Postgres is." placeholder:"URL"`
	Profile     string `help:"Keep a CPU profile of every measured server in this folder." placeholder:"DIR" type:"path"`
	JSON        bool   `name:"json" help:"Print one JSON object instead of tables."`
	Quiet       bool   `help:"Say nothing while it goes on."`
}

// Validate checks the flags.
func (f *flags) Validate() error {
	switch {
	case f.Rounds < 1 || f.Rounds > 100:
		return fmt.Errorf("--rounds is %d, must be from 1 to 100", f.Rounds)
	case f.For < 100*time.Millisecond || f.For > 10*time.Minute:
		return fmt.Errorf("--for is %v, must be from 100ms to 10m", f.For)
	case f.MessageBytes < minMessageBytes || f.MessageBytes > 10_000:
		return fmt.Errorf("--message-bytes is %d, must be from %d to 10000", f.MessageBytes, minMessageBytes)
	case f.MessageRate <= 0 || f.MessageRate > 10_000:
		return fmt.Errorf("--message-rate is %v, must be more than 0 and at most 10000", f.MessageRate)
	case (f.RedisURL == "") != (f.PostgresURL == ""):
		return errors.New("--redis-url and --postgres-url go together: give both, or neither")
	case f.MostFrames < 1:
		return fmt.Errorf("--most-frames is %d, must be at least 1", f.MostFrames)
	case f.Rooms < 1 || f.Rooms > 10_000:
		return fmt.Errorf("--rooms is %d, must be from 1 to 10000", f.Rooms)
	case f.SendsAtOnce < 1 || f.SendsAtOnce > 100:
		return fmt.Errorf("--sends-at-once is %d, must be from 1 to 100", f.SendsAtOnce)
	case f.Answers < f.Connections || f.Answers > maxAnswers:
		return fmt.Errorf("--answers is %d, must be from --connections, which is %d, to %d", f.Answers, f.Connections, maxAnswers)
	case f.VisitEvents < 2 || f.VisitEvents > 10_000_000 || f.VisitEvents%2 != 0:
		return fmt.Errorf("--visit-events is %d, must be even and from 2 to 10000000", f.VisitEvents)
	case f.Connections < 1 || f.Connections > 200:
		return fmt.Errorf("--connections is %d, must be from 1 to 200", f.Connections)
	}
	for _, n := range append(slices.Concat(f.Viewers, f.MessageViewers), f.Senders) {
		if n < 1 || n > 20_000 {
			return fmt.Errorf("%d viewers or senders, must be from 1 to 20000", n)
		}
	}
	for _, rate := range f.FrameRate {
		if rate <= 0 || rate > 40 { // rounds come at most every 20 ms, and less often in a large room
			return fmt.Errorf("--frame-rate is %v, must be more than 0 and at most 40", rate)
		}
	}
	return nil
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("endtoend"), kong.UsageOnError(),
		kong.Description("Measures Ovation's server and others side by side, on this machine. Needs Linux and Go."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, f)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "endtoend:", err)
		os.Exit(1)
	}
}
