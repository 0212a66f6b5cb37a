package ovation

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/gen/go/ovation/v1/ovationv1connect"
)

const (
	// pollWait is how long a pull without a stream waits at the server for something
	// new.
	pollWait = 25 * time.Second
	// pollPause is the least time between two of them that bring nothing, for a
	// server that does not wait.
	pollPause = time.Second
)

// wantMessages wants a pull if the room is ahead of the reader. What is heard while a
// pull is under way is compared with the outcome.
func (l *link) wantMessages(heads *ovationv1.Heads) {
	if l.pull.busy {
		l.pullHeads = heads
		return
	}
	l.pull.wanted = l.pull.wanted || l.room.order.behind(heads.GetCursor())
}

// wantAttributes does the same for attributes.
func (l *link) wantAttributes(heads *ovationv1.Heads) {
	if l.attributes.busy {
		l.attrHeads = heads
		return
	}
	l.attributes.wanted = l.attributes.wanted || l.room.mirror.behind(heads)
}

// wantInfo wants the room itself if it has a later revision.
func (l *link) wantInfo(heads *ovationv1.Heads) {
	l.info.wanted = heads.GetRoomRevision() > l.room.Info().GetRevision()
}

// startErrands starts what is wanted. Without a stream, messages always are.
func (l *link) startErrands(ctx context.Context) {
	if l.pull.due() || (l.room.polling && !l.pull.busy) {
		l.startPull(ctx)
	}
	if l.attributes.due() {
		l.startAttributes(ctx)
	}
	if !l.acks.busy && l.room.stage.isOwing() {
		l.acknowledge(ctx)
	}
	if l.renewal.next.due() {
		l.renewal.next.start(ctx, &l.tasks, l.renewal.ask)
	}
	if l.info.due() {
		request := &ovationv1.GetRoomRequest{RoomId: l.room.id}
		l.info.start(ctx, &l.tasks, func(ctx context.Context) (*ovationv1.GetRoomResponse, error) {
			return persist(ctx, l.room.client.rooms.GetRoom, request)
		})
	}
}

// startPull asks for what comes after the reader's place. The first pull of a link
// without a stream does not wait: it shows that the link works.
func (l *link) startPull(ctx context.Context) {
	request := &ovationv1.PullRequest{
		RoomId:    l.room.id,
		Cursor:    l.room.order.cursor(),
		SessionId: l.room.SessionID(),
	}
	feed := l.room.feed
	call := func(ctx context.Context) (*ovationv1.PullResponse, error) {
		return persist(ctx, feed.Pull, request)
	}
	if l.room.polling {
		if l.up {
			request.Wait = durationpb.New(pollWait)
		}
		call = func(ctx context.Context) (*ovationv1.PullResponse, error) { return poll(ctx, feed, request) }
	}
	l.pullAsked, l.pullHeads, l.pullAgain = l.room.order.ask(), nil, false
	l.pull.start(ctx, &l.tasks, call)
}

// poll makes a pull that may wait at the server. Its failure is the link's: nothing
// else would tell of it.
func poll(
	ctx context.Context, feed ovationv1connect.FeedServiceClient, request *ovationv1.PullRequest,
) (*ovationv1.PullResponse, error) {
	begun := time.Now()
	limit := callLimit + request.GetWait().AsDuration()
	response, err := try(ctx, limit, func(ctx context.Context) (*ovationv1.PullResponse, error) {
		return feed.Pull(ctx, request)
	})
	idle := err == nil && request.Wait != nil && len(response.GetBatch().GetMessages()) == 0
	if idle && time.Since(begun) < pollPause {
		_ = sleep(ctx, pollPause)
	}
	return response, err
}

// startAttributes asks for what comes after the copy's place.
func (l *link) startAttributes(ctx context.Context) {
	at := l.room.mirror.stand()
	l.pulledFrom, l.attrHeads = at, nil
	request := &ovationv1.PullAttributesRequest{RoomId: l.room.id, After: at.after, Epoch: at.epoch}
	l.attributes.start(ctx, &l.tasks, func(ctx context.Context) (*ovationv1.PullAttributesResponse, error) {
		return persist(ctx, l.room.client.attributes.PullAttributes, request)
	})
}

// pulled takes the outcome of a pull.
func (l *link) pulled(ctx context.Context, o outcome[*ovationv1.PullResponse]) error {
	l.pull.finish()
	if o.err != nil {
		return o.err
	}
	if l.room.polling {
		if err := l.polled(ctx, o.value); err != nil {
			return err
		}
	}
	l.pull.wanted = l.pullAgain
	batch := o.value.GetBatch()
	m, ok := l.room.order.answered(batch, l.pullAsked)
	if !ok {
		l.pull.wanted = true
	} else {
		l.pull.wanted = l.pull.wanted || (batch.GetMore() && m.moved())
		if err := l.took(ctx, m); err != nil {
			return err
		}
	}
	l.wantMessages(l.pullHeads)
	return nil
}

// polled does what a stream would: without one, pulls are all that is heard.
func (l *link) polled(ctx context.Context, response *ovationv1.PullResponse) error {
	if !l.up {
		if err := l.established(ctx, &Connected{SessionID: l.room.SessionID(), Polling: true}); err != nil {
			return err
		}
	}
	l.wantAttributes(response.GetHeads())
	l.wantInfo(response.GetHeads())
	return nil
}

// attributesPulled takes the outcome of a pull of attributes.
func (l *link) attributesPulled(ctx context.Context, o outcome[*ovationv1.PullAttributesResponse]) error {
	l.attributes.finish()
	if o.err != nil {
		return o.err
	}
	changed, ok := l.room.mirror.answered(o.value, l.pulledFrom.epoch)
	if !ok {
		l.attributesAstray()
	}
	if err := l.emitAttributes(ctx, changed); err != nil {
		return err
	}
	l.wantAttributes(l.attrHeads)
	return nil
}

// attributesAstray follows an answer that does not continue the copy: the stream has
// moved the copy on meanwhile, or the answer makes no sense, and the next pull
// shall be for everything.
func (l *link) attributesAstray() {
	if l.pulledFrom != l.room.mirror.stand() {
		l.attributes.wanted = true
		return
	}
	l.room.mirror.giveUp()
}

// infoFetched takes the room.
func (l *link) infoFetched(ctx context.Context, o outcome[*ovationv1.GetRoomResponse]) error {
	l.info.finish()
	if o.err != nil {
		return o.err
	}
	if err := l.setOnline(ctx, o.value.GetOnline()); err != nil {
		return err
	}
	return l.setInfo(ctx, o.value.GetRoom())
}
