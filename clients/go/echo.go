package ovation

import (
	"sync"

	"google.golang.org/protobuf/proto"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// EchoState is what is known of a message of one's own.
type EchoState int

// The states of an Echo. The first is Pending, then comes one of the others.
const (
	// EchoPending: it is on its way to the server.
	EchoPending EchoState = iota + 1
	// EchoAccepted: it is in the room's log, at Message.Timestamp.
	EchoAccepted
	// EchoDropped: the room had no place for it; see Answer. Nobody else will see
	// it.
	EchoDropped
	// EchoFailed: the server refused it, or could not be reached; see Err.
	EchoFailed
)

// Echo tells of a message that Send was called with, to a Room that was joined
// WithEcho: once as it sets out, and once when its fate is known.
type Echo struct {
	State EchoState
	// Message is what everyone else will see, but for what only the server knows:
	// sender, bucket, and until it is accepted its place and how moderation may have
	// altered its text. Its client_message_id tells
	// it from others.
	Message *ovationv1.Message
	// Answer is the server's, once there is one.
	Answer *ovationv1.SendResponse
	// Err is why it failed.
	Err error
}

// Is says whether a message from the room is the one that was echoed.
func (e *Echo) Is(m *ovationv1.Message) bool {
	return m.GetClientMessageId() == e.Message.GetClientMessageId() && m.GetOriginRoomId() == "" &&
		(e.State != EchoAccepted || m.GetTimestamp() == e.Message.GetTimestamp())
}

func (*Echo) event() {}

// echoOf returns the echo of a request that is about to be sent.
func echoOf(request *ovationv1.SendRequest) *Echo {
	kind := request.GetKind()
	if kind == ovationv1.MessageKind_MESSAGE_KIND_UNSPECIFIED {
		kind = ovationv1.MessageKind_MESSAGE_KIND_TEXT
	}
	return &Echo{State: EchoPending, Message: &ovationv1.Message{
		Kind:            kind,
		SenderId:        request.GetOnBehalfOf(),
		SenderName:      request.GetOnBehalfOfName(),
		Text:            request.GetText(),
		Payload:         request.GetPayload(),
		ContentType:     request.GetContentType(),
		Style:           request.GetStyle(),
		ClientMessageId: request.GetClientMessageId(),
	}}
}

// answered returns the echo of the outcome.
func (e *Echo) answered(answer *ovationv1.SendResponse, err error) *Echo {
	if err != nil {
		return &Echo{State: EchoFailed, Message: e.Message, Err: err}
	}
	message := proto.CloneOf(e.Message)
	message.Bucket = answer.GetBucket()
	if altered := answer.GetAlteredText(); altered != "" {
		message.Text = altered
	}
	if answer.GetStatus() != ovationv1.SendStatus_SEND_STATUS_ACCEPTED {
		return &Echo{State: EchoDropped, Message: message, Answer: answer}
	}
	message.Timestamp, message.Sequence = answer.GetTimestamp(), answer.GetSequence()
	return &Echo{State: EchoAccepted, Message: message, Answer: answer}
}

// echoes are those that Next has yet to return, two for each Send at most. Send never
// waits for the reader, who may be the one that sends. It is safe for concurrent
// use; nil takes none and has none.
type echoes struct {
	came chan struct{} // holds a value when some may be there

	mu   sync.Mutex
	list []*Echo
	held Event // came over the stream while echoes were there, and follows them
}

func newEchoes() *echoes { return &echoes{came: make(chan struct{}, 1)} }

// around sends, and tells of the message before and after.
func (q *echoes) around(
	request *ovationv1.SendRequest, send func() (*ovationv1.SendResponse, error),
) (*ovationv1.SendResponse, error) {
	if q == nil {
		return send()
	}
	echo := echoOf(request)
	q.add(echo)
	answer, err := send()
	q.add(echo.answered(answer, err))
	return answer, err
}

// add puts one at the end.
func (q *echoes) add(e *Echo) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(q.list, e)
	q.wake()
}

// wake has a reader look.
func (q *echoes) wake() {
	select {
	case q.came <- struct{}{}:
	default:
	}
}

// news returns where word comes that there are some.
func (q *echoes) news() <-chan struct{} {
	if q == nil {
		return nil
	}
	return q.came
}

// next returns the first echo, or else the event that was held back, or nil.
func (q *echoes) next() Event {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pop()
}

// before returns the echo that came before an event, which it holds back, or else the
// event: a message never overtakes its own echo.
func (q *echoes) before(event Event) Event {
	if q == nil {
		return event
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 || q.held != nil {
		return event
	}
	q.held = event
	return q.pop()
}

// pop is next; q.mu is held.
func (q *echoes) pop() Event {
	if len(q.list) == 0 {
		held := q.held
		q.held = nil
		return held
	}
	first := q.list[0]
	q.list = q.list[1:]
	q.wake() // more may be there
	return first
}
