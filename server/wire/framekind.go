package wire

// FrameKind is what a frame is to those who count frames.
type FrameKind uint8

// The kinds.
const (
	KindWelcome   FrameKind = iota // a stream's first
	KindNotify                     // says what is new
	KindBatch                      // carries what is new
	KindControl                    // the room's settings, its counters
	KindHeartbeat                  // on a silent stream
	KindLast                       // ends a stream
	KindQuiz                       // a step of a quiz
	KindAnswer                     // answers a pull, on no stream
	// FrameKinds is how many there are.
	FrameKinds = 8
)

// String returns the kind's name as metrics carry it.
func (k FrameKind) String() string {
	if int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

var kindNames = [FrameKinds]string{"welcome", "notify", "batch", "control", "heartbeat", "last", "quiz", "answer"}
