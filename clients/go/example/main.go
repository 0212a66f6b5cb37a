// Command example enters a room of a server in development, sends one message, and
// prints what happens there until it is interrupted:
//
//	go run ./server &
//	go run ./clients/go/example -name Alice
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	ovation "github.com/ovation-live/ovation/clients/go"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run reads the flags and watches until an interrupt.
func run() error {
	server := flag.String("server", "http://localhost:8080", "base `URL` of the server")
	roomID := flag.String("room", "demo", "`id` of the room")
	name := flag.String("name", "gopher", "the name to show")
	text := flag.String("text", "Hello from Go!", "the message to send; empty: none")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := watch(ctx, *server, *roomID, *name, *text)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// watch enters the room, sends the text, and prints what happens until the stay is
// over.
func watch(ctx context.Context, server, roomID, name, text string) error {
	client, err := ovation.New(server,
		ovation.WithTokenSource(func(context.Context) (string, error) {
			return token.Mint(token.DevelopmentSecret, token.Claims{
				User: live.UserID("example-" + name), Name: name,
				Role: live.RoleViewer, Rooms: []live.RoomID{live.RoomID(roomID)},
			})
		}),
		ovation.WithLogger(slog.Default()),
	)
	if err != nil {
		return err
	}
	defer client.Close()

	room, err := client.Join(ctx, roomID)
	if err != nil {
		return err
	}
	defer leave(context.WithoutCancel(ctx), room)
	fmt.Printf("entered %q as session %s\n", room.Info().GetTitle(), room.SessionID())

	if text != "" {
		answer, err := room.SendText(ctx, text)
		if err != nil {
			return err
		}
		fmt.Println("sent:", answer.GetStatus())
	}
	for event, err := range room.Events(ctx) {
		if err != nil {
			return err
		}
		show(room, event)
	}
	return nil
}

// leave leaves the room, also after an interrupt.
func leave(ctx context.Context, room *ovation.Room) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := room.Leave(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// show prints one event.
func show(room *ovation.Room, event ovation.Event) {
	switch e := event.(type) {
	case *ovation.Messages:
		if e.Resync {
			fmt.Println("(the room's log began anew)")
		}
		if lost := e.Dropped.Total() + e.Unexplained; lost > 0 {
			fmt.Printf("(%d messages passed by)\n", lost)
		}
		for _, m := range e.Messages {
			at := time.UnixMicro(m.GetTimestamp()).Format(time.TimeOnly)
			fmt.Printf("%s %s: %s\n", at, m.GetSenderName(), m.GetText())
		}
	case *ovation.AttributesChanged:
		for _, a := range room.Attributes() {
			fmt.Printf("  %s = %q\n", a.Key, a.Value)
		}
	case *ovation.OnlineChanged:
		fmt.Printf("%d here\n", e.Users)
	case *ovation.RoomUpdated:
		fmt.Printf("the room is now %q\n", e.Room.GetTitle())
	case *ovation.Connected:
		offset, bound := room.ClockOffset()
		fmt.Printf("connected: %s, polling %v, clock %v ± %v\n", e.Delivery, e.Polling, offset, bound)
	case *ovation.Reconnecting:
		fmt.Printf("reconnecting in %v: %v\n", e.After, e.Cause)
	}
}
