package main

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/ovation-live/ovation/clients/cli/internal/terminal"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// lift is what is to be lifted, and what its user is as long as it is not.
type lift struct {
	kind   ovationv1.SanctionKind
	being  string // "banned in", before the place
	place  placeFlags
	actor  actorFlags
	target string
}

// liftBy lifts something by a call, and says what is true then: the call answers the same
// whether there was anything to lift. For a machine its answer is all there is.
func liftBy[Request, Response any, Message interface {
	*Response
	proto.Message
}](
	ctx context.Context, app *app, l lift,
	method func(moderationService, context.Context, *Request) (*Response, error), request *Request,
) error {
	was := false
	if !app.JSON {
		var err error
		if was, _, err = l.acts(ctx, app); err != nil {
			return err
		}
	}
	response, err := callModeration(ctx, app, l.actor, method, request)
	switch {
	case err != nil:
		return err
	case app.JSON:
		return app.printProto(Message(response))
	default:
		return l.tell(ctx, app, was)
	}
}

// tell says what is true of a user from whom something was lifted, if it was there.
func (l lift) tell(ctx context.Context, app *app, was bool) error {
	text := terminal.ID(l.target)
	if was {
		text += " is not " + l.being + " " + l.place.where() + " any more"
	} else {
		text += " was not " + l.being + " " + l.place.where()
	}
	if !l.place.EveryRoom {
		_, everywhere, err := l.acts(ctx, app)
		if err != nil {
			return err
		}
		if everywhere {
			text += ", and is still " + l.being + " every room: end that with --every-room"
		}
	}
	return app.print("%s", text)
}

// acts says whether what is to be lifted acts in the place, and whether it does in every room.
func (l lift) acts(ctx context.Context, app *app) (here, everywhere bool, err error) {
	request := &ovationv1.ListSanctionsRequest{
		RoomId: l.place.Room, UserId: l.target, Kinds: []ovationv1.SanctionKind{l.kind}, PageSize: pageSize,
	}
	err = pages(func(token string) (string, error) {
		request.PageToken = token
		response, err := callModeration(ctx, app, l.actor, moderationService.ListSanctions, request)
		if err != nil {
			return "", err
		}
		for _, s := range response.GetSanctions() {
			here = here || s.GetRoomId() == l.place.Room
			everywhere = everywhere || s.GetRoomId() == ""
		}
		return response.GetNextPageToken(), nil
	})
	return here, everywhere, err
}
