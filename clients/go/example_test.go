package ovation_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/token"
)

// Enter a room and print what is said until it ends.
func Example() {
	err := watch(context.Background())
	if errors.Is(err, ovation.ErrRoomEnded) {
		fmt.Println("that was it")
	}
}

func watch(ctx context.Context) error {
	signed, err := token.Mint(token.DevelopmentSecret, token.Claims{
		User: "alice", Name: "Alice", Role: live.RoleViewer, Rooms: []live.RoomID{"demo"},
	})
	if err != nil {
		return err
	}
	client, err := ovation.New("http://localhost:8080", ovation.WithToken(signed))
	if err != nil {
		return err
	}
	defer client.Close()
	room, err := client.Join(ctx, "demo")
	if err != nil {
		return err
	}
	defer room.Close()

	for event, err := range room.Events(ctx) {
		if err != nil {
			return err
		}
		if batch, ok := event.(*ovation.Messages); ok {
			for _, m := range batch.Messages {
				fmt.Println(m.GetSenderName(), m.GetText())
			}
		}
	}
	return nil
}

// A danmaku message has a style.
func ExampleRoom_Send() {
	var room *ovation.Room // from Join
	answer, err := room.Send(context.Background(), &ovationv1.SendRequest{
		Text:  "Bravo!",
		Style: &ovationv1.Style{Colour: 0xFFCC00, Position: ovationv1.Style_POSITION_TOP},
	})
	if ovation.Reason(err) == ovationv1.ErrorReason_ERROR_REASON_MUTED {
		fmt.Println("you are muted")
	}
	if answer.GetStatus() == ovationv1.SendStatus_SEND_STATUS_DROPPED_SLOW_MODE {
		fmt.Println("slow down for", answer.GetRetryAfter().AsDuration())
	}
}

// Show one's own messages at once.
func ExampleWithEcho() {
	var client *ovation.Client // from New
	ctx := context.Background()
	room, err := client.Join(ctx, "demo", ovation.WithEcho())
	if err != nil {
		log.Fatal(err)
	}
	defer room.Close()
	go func() { _, _ = room.SendText(ctx, "hello") }()

	pending := map[string]*ovation.Echo{} // on the screen, not yet from the room
	for event, err := range room.Events(ctx) {
		if err != nil {
			return
		}
		switch e := event.(type) {
		case *ovation.Echo:
			id := e.Message.GetClientMessageId()
			switch e.State {
			case ovation.EchoPending:
				pending[id] = e
				fmt.Println("(sending)", e.Message.GetText())
			case ovation.EchoDropped, ovation.EchoFailed:
				delete(pending, id)
				fmt.Println("(only you see this)", e.Message.GetText())
			case ovation.EchoAccepted: // the message itself follows, or came before
			}
		case *ovation.Messages:
			for _, m := range e.Messages {
				if own, ok := pending[m.GetClientMessageId()]; ok && own.Is(m) {
					delete(pending, m.GetClientMessageId()) // it is on the screen: give it its place
					continue
				}
				fmt.Println(m.GetSenderName(), m.GetText())
			}
		}
	}
}

// Go on another day where reading stopped.
func ExampleWithCursor() {
	var client *ovation.Client   // from New
	var cursor *ovationv1.Cursor // from Room.Cursor, kept as bytes by proto.Marshal
	room, err := client.Join(context.Background(), "demo", ovation.WithCursor(cursor))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(room.Next(context.Background()))
	room.Close()
}
