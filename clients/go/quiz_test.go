package ovation

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// serverAhead is how far the fake's clock is ahead of the machine's.
const serverAhead = time.Hour

// serverIn returns the instant of the fake's clock that is so far off.
func serverIn(d time.Duration) int64 { return time.Now().Add(serverAhead + d).UnixMicro() }

// frameAt returns a frame that belongs to a moment of the video.
func frameAt(id string, media, latest time.Duration) *ovationv1.QuizFrame {
	f := &ovationv1.QuizFrame{FrameId: id, LatestDisplayAt: serverIn(latest), ExpiresAt: serverIn(time.Minute)}
	if media != 0 {
		f.MediaTimestamp = serverIn(media)
	}
	return f
}

// quizzing streams frames, each after a time, and then nothing.
func quizzing(f *fake, frames ...*ovationv1.QuizFrame) {
	f.onSubscribe = func(_ int, s *subscription) error {
		if err := s.welcome(f, notifying); err != nil {
			return err
		}
		for _, frame := range frames {
			if err := s.stream.Send(&ovationv1.SubscribeResponse{Frame: &ovationv1.SubscribeResponse_Quiz{Quiz: frame}}); err != nil {
				return err
			}
		}
		<-s.ctx.Done()
		return nil
	}
}

// shown reads the next frame, and returns when it came.
func shown(t *testing.T, room *Room) (id string, after time.Duration, overdue bool) {
	t.Helper()
	begun := time.Now()
	frame := next[*QuizFrame](t, room)
	return frame.Frame.GetFrameId(), time.Since(begun), frame.Overdue
}

func TestFrameWithoutVideoIsShownAtOnce(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		quizzing(f, frameAt("q", 0, 10*time.Second))
		room := f.join()
		if id, after, overdue := shown(t, room); id != "q" || after != 0 || overdue {
			t.Errorf("%s after %v, overdue %v", id, after, overdue)
		}
	})
}

// The video has a lag of its own; a clock that is wrong by an hour does not matter.
func TestFrameIsShownWhenTheVideoComesToIt(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		quizzing(f, frameAt("q", 3*time.Second, 10*time.Second))
		room := f.join()
		media := time.UnixMicro(serverIn(3 * time.Second))
		go func() {
			for _, before := range []time.Duration{3 * time.Second, 2 * time.Second, time.Second, 0} {
				time.Sleep(2 * time.Second)
				room.VideoAt(media.Add(-before))
			}
		}()
		if id, after, overdue := shown(t, room); id != "q" || after != 8*time.Second || overdue {
			t.Errorf("%s after %v, overdue %v", id, after, overdue)
		}
	})
}

func TestFrameIsShownThoughTheVideoStalls(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		quizzing(f, frameAt("late", 5*time.Second, 20*time.Second), frameAt("q", 3*time.Second, 10*time.Second))
		room := f.join()
		room.VideoAt(time.UnixMicro(serverIn(time.Second)))
		if id, after, overdue := shown(t, room); id != "q" || after != 10*time.Second || !overdue {
			t.Errorf("%s after %v, overdue %v", id, after, overdue)
		}
		if id, after, overdue := shown(t, room); id != "late" || after != 10*time.Second || !overdue {
			t.Errorf("%s after %v, overdue %v", id, after, overdue)
		}
	})
}

// A frame comes once however often it is sent, and is acknowledged each time: the server
// would not send it again if it knew.
func TestFrameIsSeenOnce(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		q, over := frameAt("q", 0, time.Second), frameAt("over", 0, -2*time.Second)
		over.ExpiresAt = serverIn(-time.Second)
		quizzing(f, q, q, over, q, frameAt("end", 0, time.Second))
		room := f.join()
		first, _, _ := shown(t, room)
		second, _, _ := shown(t, room)
		if first != "q" || second != "end" {
			t.Errorf("shown: %s, %s", first, second)
		}
		synctest.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, id := range []string{"q", "over", "end"} {
			if !slices.Contains(f.acked, id) {
				t.Errorf("%s was not acknowledged: %v", id, f.acked)
			}
		}
	})
}

// Tallies are shown as they come, and are not acknowledged.
func TestTalliesReplaceEachOther(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		tally := &ovationv1.QuizFrame{FrameId: "t", Body: &ovationv1.QuizFrame_Tally{Tally: &ovationv1.QuizTally{}}}
		quizzing(f, tally, tally)
		room := f.join()
		shown(t, room)
		shown(t, room)
		synctest.Wait()
		if len(f.acked) != 0 {
			t.Errorf("acknowledged: %v", f.acked)
		}
	})
}

// busy is the answer of a server that has no time, with a ticket.
func busy(t *testing.T, ticket string) error {
	t.Helper()
	err := connect.NewError(connect.CodeResourceExhausted, errors.New("busy"))
	detail, wrong := connect.NewErrorDetail(&ovationv1.ErrorDetail{
		Reason: ovationv1.ErrorReason_ERROR_REASON_QUIZ_BUSY, Metadata: map[string]string{"ticket": ticket},
	})
	if wrong != nil {
		t.Fatal(wrong)
	}
	err.AddDetail(detail)
	return err
}

// An answer that there was no time for is given again with the ticket, and so is one that
// did not get through.
func TestAnswerIsRepeatedWithItsTicket(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onAnswer = func(n int) error {
			switch n {
			case 1:
				return connect.NewError(connect.CodeUnavailable, errors.New("no"))
			case 2, 3:
				return busy(t, "the ticket")
			default:
				return nil
			}
		}
		room := f.join()
		answer, err := room.Answer(t.Context(), "quiz", 3, 2)
		if err != nil || answer.GetOption() != 2 {
			t.Fatal(answer, err)
		}
		var tickets []string
		for _, request := range f.answered {
			tickets = append(tickets, request.Ticket)
			if request.RoomId != "demo" || request.QuizId != "quiz" || request.QuestionNumber != 3 || request.SessionId == "" {
				t.Errorf("%v", request)
			}
		}
		if !slices.Equal(tickets, []string{"", "", "the ticket", "the ticket"}) {
			t.Errorf("%q", tickets)
		}
	})
}

func TestAnswerThatIsLateIsNotRepeated(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		f.onAnswer = func(int) error {
			return failure(connect.CodeFailedPrecondition, ovationv1.ErrorReason_ERROR_REASON_QUIZ_ANSWER_LATE, 0)
		}
		room := f.join()
		if _, err := room.Answer(t.Context(), "quiz", 1, 1); !errors.Is(err, ErrAnswerLate) || len(f.answered) != 1 {
			t.Errorf("%v after %d calls", err, len(f.answered))
		}
	})
}

func TestLocalTime(t *testing.T) {
	scenario(t, func(t *testing.T, f *fake) {
		room := f.join()
		next[*Connected](t, room)
		if got, want := room.LocalTime(serverIn(time.Minute)), time.Now().Add(time.Minute); !got.Equal(want.Truncate(time.Microsecond)) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}
