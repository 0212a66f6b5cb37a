package hub_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

func TestAFrameGoesToEveryoneAtOnce(t *testing.T) {
	t.Parallel()
	play(t, func(r *room.Settings) { r.RoundInterval = time.Minute }, func(s *stage) {
		seats := []*seat{s.seat("a", hub.Inline, feed.Cursor{}), s.seat("b", hub.Notified, feed.Cursor{})}
		s.say(feed.Low, "a round begins, and the next is long in coming")
		passing(time.Second)
		for _, v := range seats {
			defer v.leave()
			v.take()
		}
		s.shower.stage.Show([]hub.Show{public("q")})
		passing(0)
		var sent []*wire.Frame
		for _, v := range seats {
			frames, _ := v.sub.Next(nil)
			sent = append(sent, frames...)
		}
		if len(sent) != 2 || sent[0] != sent[1] || sent[0].Kind() != wire.KindQuiz {
			s.Fatalf("not one frame for both: %v", sent)
		}
		if again := seats[0].take(); len(again) != 0 {
			s.Fatalf("and once more at once: %v", again)
		}
	})
}

func TestAFrameIsSentAgainUntilItIsAcknowledged(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		silent, good := s.seat("silent", hub.Notified, feed.Cursor{}), s.seat("good", hub.Notified, feed.Cursor{})
		defer silent.leave()
		defer good.leave()
		s.shower.stage.Show([]hub.Show{public("q")})
		passing(0)
		if a, b := silent.quizzes(), good.quizzes(); len(a) != 1 || len(b) != 1 {
			s.Fatalf("at first: %v and %v", a, b)
		}
		id := public("q").ID
		s.hub.Acknowledge(theRoom, good.who("good"), []string{"unknown", id})
		s.hub.Acknowledge(theRoom, room.Session{ID: "silent's", User: "good"}, []string{id}) // not theirs
		times := 0
		for range 30 {
			s.showFor(time.Second)
			times += len(silent.quizzes())
			if got := good.quizzes(); len(got) != 0 {
				s.Fatalf("sent again though acknowledged: %v", got)
			}
		}
		if times < 10 || times > 20 {
			s.Fatalf("sent again %d times in 30 s", times)
		}
		for range 60 {
			s.showFor(time.Second)
			times += len(silent.quizzes())
		}
		if times < 12 || times > 30 {
			s.Fatalf("sent again %d times in 90 s", times)
		}
		s.shower.stage.Delivered([]live.UserID{"silent"}, id)
		s.showFor(time.Minute)
		if got := silent.quizzes(); len(got) != 0 {
			s.Fatalf("sent again though it was delivered elsewhere: %v", got)
		}
	})
}

// Whoever takes nothing gets one of each when they do.
func TestAFrameThatIsNotTakenIsNotSentTwice(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.shower.stage.Show([]hub.Show{public("1"), public("2")})
		s.showFor(20 * time.Second)
		if got := v.quizzes(); !slices.Equal(got, []string{"1", "2"}) {
			s.Fatalf("got %v", got)
		}
		s.shower.stage.Show([]hub.Show{public("2"), public("3")})
		s.shower.stage.Show([]hub.Show{public("2")})
		passing(0)
		if got := v.quizzes(); len(got) != 0 {
			s.Fatalf("got %v, which is not shown any more", got)
		}
		s.shower.stage.Show(nil)
		s.showFor(20 * time.Second)
		if got := v.take(); len(got) != 0 {
			s.Fatalf("got %v when nothing is shown", got)
		}
	})
}

func TestWhoComesBackGetsWhatIsShownAtOnce(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		if got := v.greeted(); len(got) != 0 {
			s.Fatalf("welcomed with %v", got)
		}
		s.shower.stage.Show([]hub.Show{public("1"), public("2")})
		passing(0)
		s.hub.Acknowledge(theRoom, v.who("u"), []string{public("1").ID})
		v.leave()
		v = s.seat("u", hub.Inline, feed.Cursor{})
		if got := v.greeted(); !slices.Equal(got, []string{"1", "2"}) {
			s.Fatalf("welcomed back with %v", got)
		}
		if got := v.quizzes(); len(got) != 0 {
			s.Fatalf("sent %v beside the welcome", got)
		}
		s.showFor(5 * time.Second)
		if got := v.quizzes(); !slices.Equal(got, []string{"2"}) {
			s.Fatalf("sent again %v: the other was acknowledged before", got)
		}
		s.hub.Acknowledge(theRoom, v.who("u"), []string{public("2").ID})
		replacing := s.seat("u", hub.Inline, feed.Cursor{})
		defer replacing.leave()
		v.leave()
		if got := replacing.greeted(); len(got) != 2 {
			s.Fatalf("welcomed with %v", got)
		}
	})
}

// What is there when a room is opened is in the first welcome.
func TestTheFirstToComeGetsWhatIsShown(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.shower.opened = func(stage hub.Stage) { stage.Show([]hub.Show{public("q")}) }
		v := s.seat("u", hub.Notified, feed.Cursor{})
		if got := v.greeted(); !slices.Equal(got, []string{"q"}) {
			s.Fatalf("welcomed with %v", got)
		}
		if got := s.shower.came; len(got) != 1 || got[0].User != "u" {
			s.Fatalf("came: %v", got)
		}
		v.leave()
		passing(time.Minute)
		if s.shower.closed != 1 {
			s.Fatalf("closed %d times", s.shower.closed)
		}
	})
}

func TestCountsAreForHostsAndModerators(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		seats := make(map[live.Role]*seat)
		for _, role := range []live.Role{live.RoleViewer, live.RoleModerator, live.RoleHost, live.RoleBackend} {
			user := live.UserID(role.String())
			v, err := s.trySeat(hub.Subscription{Room: theRoom, Session: room.Session{ID: live.SessionID(user), User: user, Role: role}})
			s.must(err)
			defer v.leave()
			seats[role] = v
		}
		if !s.shower.stage.HasStaff() {
			s.Fatalf("no staff")
		}
		counts := func(id quiz.ID) hub.Show {
			show := public(id)
			show.Staff, show.Once = true, true
			return show
		}
		s.shower.stage.Show([]hub.Show{counts("1")})
		passing(0)
		s.shower.stage.Show([]hub.Show{counts("2")})
		s.showFor(20 * time.Second)
		for role, v := range seats {
			want := []string{"2"}
			if role == live.RoleViewer || role == live.RoleBackend {
				want = nil
			}
			if got := v.quizzes(); !slices.Equal(got, want) {
				s.Fatalf("%v: %v", role, got)
			}
		}
	})
}

func TestWhatIsEachViewersOwn(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		through, out, nobody := s.seat("through", hub.Notified, feed.Cursor{}), s.seat("out", hub.Inline, feed.Cursor{}), s.seat("nobody", hub.Notified, feed.Cursor{})
		unknown := s.seat("unknown", hub.Notified, feed.Cursor{})
		for _, v := range []*seat{through, out, nobody, unknown} {
			defer v.leave()
		}
		own := new(hub.Own)
		own.Set(map[live.UserID]*wire.QuizFrame{"through": asking("through"), "out": asking("out"), "nobody": nil})
		s.shower.stage.Show([]hub.Show{{ID: "outcome", Own: own}})
		s.showFor(10 * time.Second)
		for name, v := range map[string]*seat{"through": through, "out": out} {
			if got := v.quizzes(); !slices.Equal(got, []string{name}) {
				s.Fatalf("%s got %v", name, got)
			}
		}
		if got := slices.Concat(nobody.quizzes(), unknown.quizzes()); len(got) != 0 {
			s.Fatalf("others got %v", got)
		}
		wanted := own.Unknown([]live.UserID{"through", "new"})
		if slices.Sort(wanted); !slices.Equal(wanted, []live.UserID{"new", "unknown"}) {
			s.Fatalf("wanted: %v", wanted)
		}
		own.Set(map[live.UserID]*wire.QuizFrame{"unknown": asking("late")})
		s.shower.stage.Known([]live.UserID{"unknown"})
		select {
		case <-unknown.bell:
		default:
			s.Fatalf("nobody was woken")
		}
		if got := unknown.quizzes(); !slices.Equal(got, []string{"late"}) {
			s.Fatalf("got %v, once it was known", got)
		}

		s.shower.own, s.shower.theirs = own, asking("newcomer's")
		newcomer := s.seat("newcomer", hub.Notified, feed.Cursor{})
		defer newcomer.leave()
		if got := newcomer.greeted(); !slices.Equal(got, []string{"newcomer's"}) {
			s.Fatalf("welcomed with %v", got)
		}
		again := s.hub.QuizFrames(s.ctx(), theRoom, room.Session{ID: "another", User: "through"})
		if len(again) != 1 || !slices.Equal(s.shower.asked, []live.UserID{"newcomer"}) {
			s.Fatalf("%d frames on joining; asked for %v", len(again), s.shower.asked)
		}
	})
}

// pulled pulls once, by a session without a stream.
func (s *stage) pulled(user live.UserID, wait time.Duration) (*ovationv1.PullResponse, time.Duration) {
	s.Helper()
	begun := time.Now()
	pulled, err := s.hub.Pull(s.ctx(), hub.Pull{
		Room: theRoom, User: user, Session: live.SessionID(user) + "'s", Cursor: s.head().Cursor, Wait: wait,
	})
	s.must(err)
	b, err := pulled.Answer.AppendProto(nil)
	s.must(err)
	m := new(ovationv1.PullResponse)
	s.must(proto.Unmarshal(b, m))
	return m, time.Since(begun)
}

func TestPullsCarryFrames(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		streaming := s.seat("streaming", hub.Notified, feed.Cursor{})
		defer streaming.leave()
		s.shower.stage.Show([]hub.Show{public("1"), public("2")})
		if got, _ := s.pulled("streaming", 0); len(got.GetQuizFrames()) != 0 {
			s.Fatalf("a session with a stream pulled %v", got.GetQuizFrames())
		}
		for range 2 { // whether or not they were given before
			if got, _ := s.pulled("u", 0); len(got.GetQuizFrames()) != 2 || got.GetHeads() == nil || got.GetBatch() == nil {
				s.Fatalf("pulled %v", got)
			}
		}
		who := room.Session{ID: "u's", User: "u"}
		s.hub.Acknowledge(theRoom, who, []string{public("1").ID})
		if got, _ := s.pulled("u", 0); len(got.GetQuizFrames()) != 1 || got.GetQuizFrames()[0].GetQuizId() != "2" {
			s.Fatalf("pulled %v", got.GetQuizFrames())
		}
		s.hub.Acknowledge(theRoom, who, []string{public("2").ID})
		if got, after := s.pulled("u", time.Minute); len(got.GetQuizFrames()) != 0 || after != time.Minute {
			s.Fatalf("after %v: %v", after, got.GetQuizFrames())
		}
		if len(s.shower.came) != 6 { // each of the others' calls
			s.Fatalf("came: %v", s.shower.came)
		}
	})
}

func TestLongPollsWakeForFrames(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		done := s.poll(s.ctx(), s.head().Cursor)
		passing(10 * time.Second)
		s.shower.stage.Show([]hub.Show{public("1")})
		if got := <-done; got.err != nil || got.after != 10*time.Second || len(got.Quiz) != 1 {
			s.Fatalf("%+v", got)
		}
		// What is not acknowledged ends a wait again, but not at once.
		begun := time.Now()
		for i := range 5 {
			if got, after := s.pulled("u", time.Minute); len(got.GetQuizFrames()) != 1 || i > 0 && after < time.Second {
				s.Fatalf("%d: after %v: %v", i, after, got.GetQuizFrames())
			}
		}
		if took := time.Since(begun); took < 4*time.Second || took > 15*time.Second {
			s.Fatalf("given 5 times in %v", took)
		}
		own := new(hub.Own)
		s.shower.stage.Show([]hub.Show{{ID: "own", Own: own}})
		done = s.poll(s.ctx(), s.head().Cursor)
		passing(time.Second)
		own.Set(map[live.UserID]*wire.QuizFrame{"u": asking("own")})
		s.shower.stage.Known(nil)
		if got := <-done; got.err != nil || got.after != time.Second || len(got.Quiz) != 1 {
			s.Fatalf("what is known late: %+v", got)
		}
	})
}

// Who gets the same gets the same bytes, encoded once.
func TestPullsShareAnswersWithFrames(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		defer s.seat("another", hub.Notified, feed.Cursor{}).leave()
		pull := func(user live.UserID) hub.Pulled {
			pulled, err := s.hub.Pull(s.ctx(), hub.Pull{Room: theRoom, User: user, Session: live.SessionID(user)})
			s.must(err)
			return pulled
		}
		without := pull("u")
		if pull("v").Answer != without.Answer {
			s.Fatalf("two answers where nothing is shown")
		}
		s.shower.stage.Show([]hub.Show{public("q")})
		with := pull("u")
		if pull("v").Answer != with.Answer || with.Answer == without.Answer {
			s.Fatalf("not one answer for both")
		}
		s.hub.Acknowledge(theRoom, room.Session{ID: "u", User: "u"}, []string{public("q").ID})
		if pull("u").Answer != without.Answer {
			s.Fatalf("another answer though nothing is shown to them")
		}
		many := make([]hub.Show, 20)
		for i := range many {
			many[i] = public(quiz.ID(fmt.Sprint(i)))
		}
		s.shower.stage.Show(many)
		if got := pull("u"); len(got.Quiz) != len(many) {
			s.Fatalf("%d frames of %d", len(got.Quiz), len(many))
		}
	})
}

func TestRoomsThatAreNotFollowed(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		s.shower.away = []*wire.QuizFrame{asking("q")}
		who := room.Session{ID: "u's", User: "u"}
		if got := s.hub.QuizFrames(s.ctx(), theRoom, who); len(got) != 1 {
			s.Fatalf("%d frames", len(got))
		}
		s.hub.Acknowledge(theRoom, who, []string{public("q").ID})
		if got, _ := s.pulled("u", 0); len(got.GetQuizFrames()) != 0 || !slices.Equal(s.shower.polled, []live.RoomID{theRoom}) {
			s.Fatalf("polled: %v", s.shower.polled)
		}
		release, err := s.hub.Hold(s.ctx(), theRoom)
		s.must(err)
		s.shower.stage.Show([]hub.Show{public("q")})
		if got, _ := s.pulled("u", 0); len(got.GetQuizFrames()) != 1 {
			s.Fatalf("held, and pulled %v", got)
		}
		release()
		passing(time.Minute)
		if s.following() {
			s.Fatalf("followed for ever")
		}
	})
}

func TestChangesOfQuizzesAreHeard(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		defer s.seat("u", hub.Notified, feed.Cursor{}).leave()
		hear, head := s.store.ears[0].hear, s.head()
		hear(store.Publication{Epoch: head.Cursor.Epoch, Sequence: head.Sequence + 1, Quiz: &store.QuizMark{ID: "q", Revision: 1}})
		hear(store.Publication{Epoch: head.Cursor.Epoch, Sequence: head.Sequence + 9, Quiz: &store.QuizMark{ID: "q", Revision: 2}})
		if got := s.shower.marks; len(got) != 2 || got[1].Revision != 2 {
			s.Fatalf("heard %v", got)
		}
	})
}

// spectator is what one session has of what was shown, as the model knows it.
type spectator struct {
	user  live.UserID
	seat  *seat
	heard map[quiz.ID]bool
}

// TestFramesReachEveryone shows and takes away, acknowledges, comes and goes at random:
// everyone gets all that is shown, and nothing that is not, and nothing again that they have
// acknowledged.
func TestFramesReachEveryone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newStage(t, roomWith(nil))
		defer s.hub.Close()
		release, err := s.hub.Hold(s.ctx(), theRoom)
		s.must(err)
		defer release()
		people := []*spectator{{user: "a"}, {user: "b"}, {user: "c"}}
		var showing []quiz.ID
		next := 0
		leave := func(p *spectator) {
			p.seat.leave()
			p.seat = nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"show": func(t *rapid.T) {
				showing = append(showing, quiz.ID(fmt.Sprint(next)))
				next++
				if n := len(showing); n > 1 && rapid.Bool().Draw(t, "instead") {
					showing = showing[rapid.IntRange(0, n-1).Draw(t, "of"):]
				}
				list := make([]hub.Show, len(showing))
				for i, id := range showing {
					list[i] = public(id)
				}
				s.shower.stage.Show(list)
			},
			"come or go": func(t *rapid.T) {
				p := rapid.SampledFrom(people).Draw(t, "who")
				if p.seat != nil {
					leave(p)
					return
				}
				p.seat = s.seat(p.user, hub.Notified, feed.Cursor{})
				if p.heard == nil {
					p.heard = make(map[quiz.ID]bool)
				}
				checkGot(t, p.seat.greeted(), showing)
			},
			"take": func(t *rapid.T) {
				p := rapid.SampledFrom(people).Draw(t, "who")
				if p.seat == nil {
					return
				}
				for _, id := range p.seat.quizzes() {
					if p.heard[quiz.ID(id)] || !slices.Contains(showing, quiz.ID(id)) {
						t.Fatalf("%s got %s of %v, acknowledged %v", p.user, id, showing, p.heard)
					}
				}
				if again := p.seat.quizzes(); len(again) != 0 {
					t.Fatalf("and again %v", again)
				}
			},
			"acknowledge": func(t *rapid.T) {
				p := rapid.SampledFrom(people).Draw(t, "who")
				if len(showing) == 0 || p.seat == nil {
					return
				}
				id := rapid.SampledFrom(showing).Draw(t, "what")
				s.hub.Acknowledge(theRoom, p.seat.who(p.user), []string{public(id).ID})
				p.heard[id] = true
			},
		})
		for _, p := range people {
			if p.seat != nil {
				leave(p)
			}
		}
	})
}

// checkGot fails unless all that is shown was got.
func checkGot(t *rapid.T, got []string, showing []quiz.ID) {
	t.Helper()
	want := make([]string, len(showing))
	for i, id := range showing {
		want[i] = string(id)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v of %v", got, want)
	}
}

// More frames than a watch has bits go over a room in time, each to everyone.
func TestAnyNumberOfFramesInTime(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		for i := range 300 {
			id := quiz.ID(fmt.Sprint(i))
			s.shower.stage.Show([]hub.Show{public("stays"), public(id)})
			if i%7 == 0 {
				continue // not everyone takes everything
			}
			got := v.quizzes()
			if !slices.Contains(got, string(id)) || len(got) > 2 || i > 1 && len(got) > 1 {
				s.Fatalf("%d: got %v", i, got)
			}
			s.hub.Acknowledge(theRoom, v.who("u"), []string{public(id).ID})
		}
		many := make([]hub.Show, 70)
		for i := range many {
			many[i] = public(quiz.ID(fmt.Sprint("many ", i)))
		}
		s.shower.stage.Show(many)
		if got := v.quizzes(); len(got) < 60 || len(got) > 64 {
			s.Fatalf("%d of %d", len(got), len(many))
		}
	})
}

// The same frame is the same to the byte wherever it is carried.
func TestFramesAreTheSameToTheByte(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		defer s.seat("another", hub.Notified, feed.Cursor{}).leave()
		s.shower.stage.Show([]hub.Show{public("q")})
		v := s.seat("u", hub.Notified, feed.Cursor{})
		defer v.leave()
		s.showFor(5 * time.Second)
		pulled, _ := s.pulled("poller", 0)
		var all [][]byte
		for _, f := range slices.Concat(v.welcome.GetQuizFrames(), pulled.GetQuizFrames(), []*ovationv1.QuizFrame{v.take()[0].GetQuiz()}) {
			b, err := proto.MarshalOptions{Deterministic: true}.Marshal(f)
			s.must(err)
			all = append(all, b)
		}
		if len(all) != 3 || !bytes.Equal(all[0], all[1]) || !bytes.Equal(all[0], all[2]) {
			s.Fatalf("%q", all)
		}
	})
}

// What is for hosts and moderators alone wakes nobody else.
func TestCountsWakeNobodyElse(t *testing.T) {
	t.Parallel()
	play(t, nil, func(s *stage) {
		viewer := s.seat("viewer", hub.Notified, feed.Cursor{})
		defer viewer.leave()
		host, err := s.trySeat(hub.Subscription{Room: theRoom, Session: room.Session{ID: "host", User: "host", Role: live.RoleHost}})
		s.must(err)
		defer host.leave()
		s.shower.stage.Show([]hub.Show{public("q")})
		passing(0)
		for _, v := range []*seat{viewer, host} {
			<-v.bell
			v.take()
		}
		counts := public("counts")
		counts.Staff, counts.Once = true, true
		s.shower.stage.Show([]hub.Show{public("q"), counts})
		passing(0)
		<-host.bell
		select {
		case <-viewer.bell:
			s.Fatalf("a viewer was woken")
		default:
		}
	})
}
