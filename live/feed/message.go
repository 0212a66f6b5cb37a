package feed

import "github.com/ovation-live/ovation/live"

// Kind says what a message is.
type Kind uint8

// The kinds of messages. Their numbers are those of the contract.
const (
	KindAny Kind = iota
	KindText
	KindLike
	KindGift
	KindImage
	KindVoice
	KindCustom
	KindSystem
)

// Position is where a message runs over the video.
type Position uint8

// Style is how a client draws a message over the video; its zero value is the
// client's default.
type Style struct {
	Colour   uint32 // 0xRRGGBB
	Size     uint32 // percent of the default
	Position Position
	Effect   string
}

// Content is what a sender says: a message before the room has placed it.
type Content struct {
	Kind            Kind
	Sender          live.UserID
	SenderName      string
	Text            string
	Payload         []byte
	ContentType     string
	Style           Style
	ClientMessageID string
	Origin          live.RoomID // of a mirrored message, the room that it comes from
}

// Message is one entry of a room's log. It is immutable.
type Message struct {
	Timestamp live.Timestamp
	Sequence  uint64 // 1, 2, 3 ... in its bucket and epoch
	Bucket    Bucket
	Content
	Recalls  live.Timestamp // of a system message: the message that it recalls
	Recalled bool           // the contents are gone
}

// Place returns the message's place in its bucket.
func (m *Message) Place() Place { return Place{m.Timestamp, m.Sequence} }

// perMessage is what a message's encoding takes at most besides what is in it: numbers,
// tags and lengths.
const perMessage = 96

// Size returns about how many bytes the message's encoding takes, never too few.
func (m *Message) Size() int {
	return perMessage + len(m.Sender) + len(m.SenderName) + len(m.Text) + len(m.Payload) + len(m.ContentType) +
		len(m.Style.Effect) + len(m.ClientMessageID) + len(m.Origin)
}

// tombstone returns what is left of a recalled message: its place, its kind and
// its sender. A recall that is recalled itself still takes away what it took.
func (m *Message) tombstone() *Message {
	return &Message{
		Timestamp: m.Timestamp,
		Sequence:  m.Sequence,
		Bucket:    m.Bucket,
		Content: Content{
			Kind:            m.Kind,
			Sender:          m.Sender,
			SenderName:      m.SenderName,
			ClientMessageID: m.ClientMessageID,
			Origin:          m.Origin,
		},
		Recalls:  m.Recalls,
		Recalled: true,
	}
}
