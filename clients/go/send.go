package ovation

import (
	"context"
	"crypto/rand"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// SendText sends a text, as Send does.
func (r *Room) SendText(ctx context.Context, text string) (*ovationv1.SendResponse, error) {
	return r.Send(ctx, &ovationv1.SendRequest{Text: text})
}

// Send puts a message into the room. It fills in the room, and a client_message_id
// where there is none; with that it repeats a call that does not get through, and the
// message is still there once. A message that the room had no place for is no error:
// see the answer's status. The request is not changed. WithEcho tells the reader of
// the events about it too.
func (r *Room) Send(ctx context.Context, request *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	request = proto.CloneOf(request)
	request.RoomId = r.id
	if request.ClientMessageId == "" {
		request.ClientMessageId = rand.Text()
	}
	return r.echoes.around(request, func() (*ovationv1.SendResponse, error) {
		response, err := repeat(ctx, r.sender(), request)
		return response, named(err)
	})
}

// sender returns what sends a message: to where the feed comes from, and where that
// cannot be reached, at the next try, to the client's base URL. Any node takes it.
func (r *Room) sender() func(context.Context, *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
	feed := r.look().feed
	return func(ctx context.Context, request *ovationv1.SendRequest) (*ovationv1.SendResponse, error) {
		response, err := feed.Send(ctx, request)
		if err != nil && unreached(err) {
			feed = r.client.feed
		}
		return response, err
	}
}

// UpdateAttributes applies updates, all of them or none, and returns the answer; the
// change itself comes as an event like everyone's. It repeats a call that does not get
// through, which applies once.
func (r *Room) UpdateAttributes(
	ctx context.Context, updates ...*ovationv1.AttributeUpdate,
) (*ovationv1.UpdateAttributesResponse, error) {
	request := &ovationv1.UpdateAttributesRequest{RoomId: r.id, Updates: updates, RequestId: rand.Text()}
	response, err := repeat(ctx, r.client.attributes.UpdateAttributes, request)
	return response, named(err)
}
