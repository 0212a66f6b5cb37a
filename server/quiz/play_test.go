package quiz_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/ledger"
	rules "github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/quiz"
	"github.com/ovation-live/ovation/store"
)

// The roles by names that are not their methods'.
type (
	book  = store.Quizzes
	slots = store.Answers
)

// faulty is a store of quizzes and answers whose every so-many-th call fails, before or
// after it is done; of those about one slot, at most three of each kind.
type faulty struct {
	book
	slots
	faults *faults
	after  bool
}

// trouble is which calls fail.
type trouble struct {
	every int64         // one of so many; 0: none
	from  int64         // with this one begins an outage
	lasts time.Duration // of so long
}

// faults says which calls fail.
type faults struct {
	trouble

	mu     sync.Mutex
	calls  int64
	over   time.Time // the end of the outage
	failed map[string]int
}

// fails says whether a call does; about is empty if it is about no slot.
func (f *faults) fails(about string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.calls == f.from {
		f.over = time.Now().Add(f.lasts)
	}
	if time.Now().Before(f.over) {
		return true
	}
	if f.every == 0 || f.calls%f.every != 0 || about != "" && f.failed[about] == 3 {
		return false
	}
	f.failed[about]++
	return true
}

// made counts the calls so far.
func (f *faults) made() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func failing[T any](f faulty, about string, call func() (T, error)) (T, error) {
	if !f.faults.fails(about) {
		return call()
	}
	var none T
	if f.after {
		_, _ = call()
	}
	return none, store.ErrUnavailable
}

func (f faulty) ChangeQuiz(ctx context.Context, ref rules.Ref, change func(rules.Quiz, live.Timestamp) (store.QuizChange, error)) (rules.Quiz, error) {
	return failing(f, "", func() (rules.Quiz, error) { return f.book.ChangeQuiz(ctx, ref, change) })
}

func (f faulty) Quiz(ctx context.Context, ref rules.Ref) (rules.Quiz, error) {
	return failing(f, "", func() (rules.Quiz, error) { return f.book.Quiz(ctx, ref) })
}

func (f faulty) CompleteQuizTask(ctx context.Context, t rules.Task, part rules.Part) (rules.Part, error) {
	return failing(f, fmt.Sprint("complete", t), func() (rules.Part, error) { return f.book.CompleteQuizTask(ctx, t, part) })
}

func (f faulty) DropQuizTask(ctx context.Context, t rules.Task) error {
	_, err := failing(f, fmt.Sprint("drop", t), func() (struct{}, error) { return struct{}{}, f.book.DropQuizTask(ctx, t) })
	return err
}

func (f faulty) QuizPart(ctx context.Context, slot rules.Slot) (rules.Part, error) {
	return failing(f, fmt.Sprint("part", slot), func() (rules.Part, error) { return f.book.QuizPart(ctx, slot) })
}

func (f faulty) ClaimQuizTasks(ctx context.Context, n store.NodeID, limit int, lease time.Duration) ([]rules.Task, error) {
	return failing(f, "", func() ([]rules.Task, error) { return f.book.ClaimQuizTasks(ctx, n, limit, lease) })
}

func (f faulty) PutStandings(ctx context.Context, slot rules.Slot, players []rules.Player) error {
	_, err := failing(f, fmt.Sprint("stand", slot), func() (struct{}, error) { return struct{}{}, f.slots.PutStandings(ctx, slot, players) })
	return err
}

type sealing struct {
	life     store.SlotLife
	evidence []rules.Evidence
}

func (f faulty) Seal(ctx context.Context, slot rules.Slot) (store.SlotLife, []rules.Evidence, error) {
	s, err := failing(f, fmt.Sprint("seal", slot), func() (sealing, error) {
		life, evidence, err := f.slots.Seal(ctx, slot)
		return sealing{life, evidence}, err
	})
	return s.life, s.evidence, err
}

func (f faulty) PutAnswers(
	ctx context.Context, slot rules.Slot, entry bool, all []rules.Answer,
) (life store.SlotLife, receipts []rules.Receipt, err error) {
	receipts, err = failing(f, "", func() ([]rules.Receipt, error) {
		var receipts []rules.Receipt
		var err error
		life, receipts, err = f.slots.PutAnswers(ctx, slot, entry, all)
		return receipts, err
	})
	return life, receipts, err
}

// breaking returns a set of which every so-many-th call about quizzes fails.
func breaking(set store.Set, every int64, after bool) store.Set {
	return failingBy(set, trouble{every: every}, after)
}

// failingBy returns a set whose calls about quizzes fail as faults says.
func failingBy(set store.Set, how trouble, after bool) store.Set {
	f := faulty{set.Quizzes, set.Answers, &faults{trouble: how, failed: make(map[string]int)}, after}
	set.Quizzes, set.Answers = f, f
	return set
}

// answerUntil answers as clients do: with the ticket, as often as it takes.
func answerUntil(t *testing.T, s *quiz.Service, user string, n rules.Number, o rules.Option) (quiz.Submitted, error) {
	t.Helper()
	ticket := ""
	for {
		done, err := submit(t, s, user, n, o, ticket)
		later := new(quiz.BusyError)
		if !errors.As(err, &later) {
			return done, err
		}
		ticket = later.Ticket
		time.Sleep(later.After)
	}
}

// Whatever call of the store fails, before it is done or after, and whoever of two nodes
// makes it: all answers that were acknowledged count, and the result is that of a quiz in
// which nothing failed.
func TestNothingThatFailsChangesTheResult(t *testing.T) {
	t.Parallel()
	all := map[string]trouble{"nothing": {}}
	for _, every := range []int64{3, 5, 7, 11} {
		all[fmt.Sprintf("each %d.", every)] = trouble{every: every}
	}
	for _, from := range []int64{2, 50, 150, 300, 500, 900} { // in each part of the game
		all[fmt.Sprintf("from the %d. on", from)] = trouble{from: from, lasts: 8 * time.Second} // longer than leases
	}
	for name, how := range all {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " after: ", after), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { playThrough(t, how, after) })
			})
		}
	}
}

func playThrough(t *testing.T, how trouble, after bool) {
	set := newSet(t)
	sound := quiz.New(set, set.Rooms, quiz.Config{}) // it asks and looks, and does no task
	t.Cleanup(sound.Close)
	broken := failingBy(set, how, after)
	nodes := []*quiz.Service{
		node(t, broken, func(c *quiz.Config) { c.Node = "a" }),
		node(t, broken, func(c *quiz.Config) { c.Node = "b" }),
	}
	create(t, sound, 3, func(r *rules.Rules) {
		r.AnswerWindow, r.TicketGrace = 5*time.Minute, 10*time.Second
		r.Pot, r.Missed, r.Revives.Initial = 1000, rules.EliminateMissed, 1
	})
	in := make(map[string]int) // lives left
	for i := range 100 {
		in[fmt.Sprint("user ", i)] = 2
	}
	draw := rand.New(rand.NewPCG(1, uint64(how.every+how.from)))
	for n := rules.Number(1); n <= 3; n++ {
		ask(t, sound, n)
		chosen := make(map[string]rules.Option)
		var all sync.WaitGroup
		for user := range in {
			o, first, second := rules.Option(1+draw.IntN(3)), draw.IntN(2), draw.IntN(2)
			chosen[user] = o
			all.Go(func() {
				done, err := answerUntil(t, nodes[first], user, n, o)
				if err != nil || done.Option != o {
					t.Errorf("%s at %d: %+v, %v", user, n, done, err)
				}
				if again, err := answerUntil(t, nodes[second], user, n, 1+o%3); err != nil || again.Option != o {
					t.Errorf("%s again: %+v, %v", user, again, err)
				}
			})
		}
		all.Wait()
		for user, o := range chosen {
			if o == 1 {
				continue
			}
			if in[user]--; in[user] == 0 || n == 3 { // no revive is spent on the last
				delete(in, user)
			}
		}
		if got := reveal(t, sound, n).Rounds[n-1].Tally; got.Remaining != int64(len(in)) || got.Missed != 0 {
			t.Fatalf("after %d: %+v, want %d in", n, got, len(in))
		}
	}
	if calls := broken.Quizzes.(faulty).faults.made(); how.from > calls {
		t.Errorf("the outage was to begin with call %d of %d", how.from, calls)
	}
	q := finish(t, sound)
	if q.Result.Winners != int64(len(in)) {
		t.Errorf("%+v, want %d winners", q.Result, len(in))
	}
	checkPaid(t, set, sound, in)
}

// checkPaid checks that the pot went to the winners, once, and that the log replays to what
// is listed.
func checkPaid(t *testing.T, set store.Set, s *quiz.Service, in map[string]int) {
	t.Helper()
	var list []quiz.Standing
	token, err := "", error(nil)
	for more := true; more && err == nil; more = token != "" {
		var some []quiz.Standing
		some, token, err = s.Results(t.Context(), backend, quiz.ResultQuery{Ref: ref, Size: 7, Token: token})
		list = append(list, some...)
	}
	if err != nil || len(list) != 100 {
		t.Fatalf("%d players, %v", len(list), err)
	}
	var sum int64
	for _, p := range list {
		if _, won := in[string(p.User)]; won != (p.Status == rules.Won) {
			t.Errorf("%s is %v", p.User, p.Status)
		}
		balance, err := set.Ledger.Balances(t.Context(), []ledger.Account{{Kind: ledger.User, Owner: string(p.User)}})
		if err != nil || balance.Amounts[0] != p.Prize {
			t.Errorf("%s has %v, %v; won %d", p.User, balance, err, p.Prize)
		}
		sum += p.Prize
	}
	if want := int64(1000); len(in) > 0 && sum != want {
		t.Errorf("%d coins were paid", sum)
	}
}

// Late, early, forged and foreign tries are told what they are, and one with a ticket
// counts as of the first try.
func TestWhatIsNotTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		s := node(t, set)
		full := node(t, breaking(set, 1, false)) // it can put nothing
		create(t, s, 1)
		if _, err := submit(t, s, "ann", 1, 1, ""); !errors.Is(err, rules.ErrEarly) {
			t.Errorf("before it was asked: %v", err)
		}
		ask(t, s, 1)
		if _, err := submit(t, s, "ann", 1, 4, ""); !errors.Is(err, rules.ErrOptionUnknown) {
			t.Errorf("no such option: %v", err)
		}
		if _, err := submit(t, s, "ann", 1, 1, "AAAA"); !errors.Is(err, quiz.ErrTicket) {
			t.Errorf("a forged ticket: %v", err)
		}
		full.Saw(find(t, set))
		first := set.Clock.Now()
		_, err := submit(t, full, "ann", 1, 1, "")
		later := new(quiz.BusyError)
		if !errors.As(err, &later) || later.After <= 0 {
			t.Fatalf("where nothing can be put: %v", err)
		}
		if _, err := submit(t, s, "bob", 1, 1, later.Ticket); !errors.Is(err, quiz.ErrTicket) {
			t.Errorf("another's ticket: %v", err)
		}
		time.Sleep(11 * time.Second) // closed, and within the grace
		tooLate := new(rules.LateError)
		if _, err := submit(t, s, "ann", 1, 1, ""); !errors.As(err, &tooLate) {
			t.Errorf("after the window: %v", err)
		}
		if done, err := submit(t, s, "ann", 1, 1, later.Ticket); err != nil || done.Received != first || done.Duplicate {
			t.Errorf("with the ticket: %+v, %v", done, err)
		}
		time.Sleep(2 * time.Second)
		if _, err := submit(t, s, "bob", 1, 1, later.Ticket); err == nil {
			t.Error("another's ticket after the grace")
		}
		if q := reveal(t, s, 1); q.Round(1).Tally.Answers[0] != 1 {
			t.Errorf("%+v", q.Round(1).Tally)
		}
	})
}

// find returns the quiz.
func find(t *testing.T, set store.Set) *rules.Quiz {
	t.Helper()
	q, err := set.Quizzes.Quiz(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return &q
}

// Who has more waiting than the node takes is told to come again.
func TestBeyondTheThreshold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		stuck := &slow{Answers: set.Answers, gate: make(chan struct{})}
		set.Answers = stuck
		s := node(t, set, func(c *quiz.Config) { c.MaxWaiting = 1 })
		create(t, s, 1)
		ask(t, s, 1)
		done := make(chan error, 1)
		go func() {
			_, err := submit(t, s, "ann", 1, 1, "")
			done <- err
		}()
		synctest.Wait()
		later := new(quiz.BusyError)
		if _, err := submit(t, s, "bob", 1, 1, ""); !errors.As(err, &later) {
			t.Errorf("one too many: %v", err)
		}
		close(stuck.gate)
		if err := <-done; err != nil {
			t.Errorf("the first: %v", err)
		}
		if _, err := submit(t, s, "bob", 1, 1, later.Ticket); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

// slow is answers that are put when the test says so.
type slow struct {
	store.Answers
	gate chan struct{}
}

func (s *slow) PutAnswers(
	ctx context.Context, slot rules.Slot, entry bool, all []rules.Answer,
) (store.SlotLife, []rules.Receipt, error) {
	<-s.gate
	return s.Answers.PutAnswers(ctx, slot, entry, all)
}

// forgetful is answers that lose what they have, as Redis without persistence does.
type forgetful struct {
	store.Answers
	fresh func() store.Answers
	life  atomic.Int64
	lost  atomic.Int64 // when, in nanoseconds
	now   atomic.Pointer[store.Answers]
	calls atomic.Int64
	at    int64 // the call before which all is lost; 0: none
}

// settles is how long after a loss nothing is sealed, as store.Answers wants it.
const settles = 3 * time.Second

func (f *forgetful) lose() {
	next := f.fresh()
	f.now.Store(&next)
	f.life.Add(1)
	f.lost.Store(time.Now().UnixNano())
}

// unsettled says whether something was lost so lately that it may not have been put again.
func (f *forgetful) unsettled() bool { return time.Since(time.Unix(0, f.lost.Load())) < settles }

// hold returns what there is now.
func (f *forgetful) hold() store.Answers {
	if f.calls.Add(1) == f.at {
		f.lose()
	}
	return *f.now.Load()
}

func (f *forgetful) named(l store.SlotLife) store.SlotLife {
	if l == "" {
		return ""
	}
	return store.SlotLife(fmt.Sprint(f.life.Load(), l))
}

func (f *forgetful) PutAnswers(
	ctx context.Context, slot rules.Slot, entry bool, all []rules.Answer,
) (store.SlotLife, []rules.Receipt, error) {
	life, receipts, err := f.hold().PutAnswers(ctx, slot, entry, all)
	return f.named(life), receipts, err
}

func (f *forgetful) PutAnswersAgain(
	ctx context.Context, slot rules.Slot, entry bool, all []rules.Answer,
) (store.SlotLife, []rules.Receipt, error) {
	life, receipts, err := f.hold().PutAnswersAgain(ctx, slot, entry, all)
	return f.named(life), receipts, err
}

func (f *forgetful) EvidenceOf(
	ctx context.Context, slot rules.Slot, sealed bool, users []live.UserID,
) (store.SlotLife, []rules.Evidence, error) {
	life, evidence, err := f.hold().EvidenceOf(ctx, slot, sealed, users)
	if !sealed && f.unsettled() {
		life = ""
	}
	return f.named(life), evidence, err
}

func (f *forgetful) PutNotes(ctx context.Context, slot rules.Slot, notes []rules.Note) (store.SlotLife, bool, error) {
	life, sealed, err := f.hold().PutNotes(ctx, slot, notes)
	return f.named(life), sealed, err
}

func (f *forgetful) Seal(ctx context.Context, slot rules.Slot) (store.SlotLife, []rules.Evidence, error) {
	held := f.hold()
	if f.unsettled() {
		return "", nil, store.ErrUnavailable
	}
	life, evidence, err := held.Seal(ctx, slot)
	return f.named(life), evidence, err
}

func (f *forgetful) SlotLives(ctx context.Context, ref rules.Ref, n rules.Number) ([rules.Shards]store.SlotLife, error) {
	lives, err := f.hold().SlotLives(ctx, ref, n)
	for i := range lives {
		lives[i] = f.named(lives[i])
	}
	return lives, err
}

func (f *forgetful) PutStandings(ctx context.Context, slot rules.Slot, players []rules.Player) error {
	return f.hold().PutStandings(ctx, slot, players)
}

func (f *forgetful) StandingsOf(ctx context.Context, slot rules.Slot, users []live.UserID) ([]rules.Player, error) {
	return f.hold().StandingsOf(ctx, slot, users)
}

// losing has a set's answers lost before a call; 0: when the test says so.
func losing(t *testing.T, set *store.Set, at int64) *forgetful {
	t.Helper()
	lossy := &forgetful{Answers: set.Answers, fresh: func() store.Answers { return newSet(t).Answers }, at: at}
	first := lossy.Answers
	lossy.now.Store(&first)
	set.Answers = lossy
	return lossy
}

// Whatever step of a game it is at which all is lost that players did: what was acknowledged
// counts, and who has answered is told so, also by a node that never saw the question before.
func TestWhateverStepItIsLostAt(t *testing.T) {
	t.Parallel()
	for at := int64(1); at < 450; at += 19 {
		synctest.Test(t, func(t *testing.T) {
			set := newSet(t)
			lossy := losing(t, &set, at)
			volatile := func(c *quiz.Config) { c.Volatile = true }
			nodes := []*quiz.Service{node(t, set, volatile), node(t, set, volatile)}
			create(t, nodes[0], 2, func(r *rules.Rules) { r.Missed, r.TicketGrace = rules.EliminateMissed, 0 })
			for n := rules.Number(1); n <= 2; n++ {
				ask(t, nodes[0], n)
				for i := range 100 {
					if done, err := submit(t, nodes[i%2], fmt.Sprint("user ", i), n, 1, ""); err != nil || done.Option != 1 {
						t.Fatal(done, err)
					}
				}
				time.Sleep(10 * time.Second)
				late := node(t, set, volatile) // it has never seen the question, nor watched its slots
				if got := reveal(t, late, n).Rounds[n-1].Tally; got.Remaining != 100 || got.Answers[0] != 100 {
					t.Errorf("lost at call %d; question %d: %+v", at, n, got)
				}
				if done, err := submit(t, late, "user 7", n, 2, ""); err != nil || done.Option != 1 || !done.Duplicate {
					t.Errorf("lost at call %d; repeated: %+v, %v", at, done, err)
				}
			}
			if made := lossy.calls.Load(); made < at {
				t.Errorf("to be lost at call %d of %d", at, made)
			}
		})
	}
}

// Who comes too late where answers were lost a moment ago is told to come again, for theirs
// may be put again; once they were, or there was time for it, what is so.
func TestLateAfterALoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		lossy := losing(t, &set, 0)
		s := node(t, set, func(c *quiz.Config) { c.Volatile = true })
		create(t, s, 2)
		ask(t, s, 1)
		late := func(when string) {
			t.Helper()
			tooLate := new(rules.LateError)
			if done, err := submit(t, s, "bob", 1, 1, ""); !errors.As(err, &tooLate) {
				t.Errorf("%s: %+v, %v", when, done, err)
			}
		}
		if _, err := submit(t, s, "ann", 1, 1, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8500 * time.Millisecond)
		lossy.lose()
		time.Sleep(2500 * time.Millisecond) // closed
		if done, err := submit(t, s, "bob", 1, 1, ""); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("lost a moment ago: %+v, %v", done, err)
		}
		if done, err := submit(t, s, "ann", 1, 2, ""); err != nil || done.Option != 1 || !done.Duplicate {
			t.Errorf("put again: %+v, %v", done, err)
		}
		time.Sleep(700 * time.Millisecond) // and not sealed
		late("lost a while ago")
		reveal(t, s, 1)
		lossy.lose()
		ask(t, s, 2)
		time.Sleep(5 * time.Second)
		late("sealed before all was lost")
		if done, err := submit(t, s, "ann", 1, 2, ""); err != nil || done.Option != 1 || !done.Duplicate {
			t.Errorf("sealed before all was lost: %+v, %v", done, err)
		}
	})
}

// An answer counts that was taken by whom it was put by, who heard nothing of it, and then
// acknowledged as one that is there.
func TestWhatWasTakenUnheardIsPutAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		lossy := losing(t, &set, 0)
		volatile := func(c *quiz.Config) { c.Volatile = true }
		sound, deaf := node(t, set, volatile), node(t, breaking(set, 1, true), volatile)
		create(t, sound, 1, func(r *rules.Rules) { r.Missed = rules.EliminateMissed })
		ask(t, sound, 1)
		deaf.Saw(find(t, set))
		later := new(quiz.BusyError)
		if _, err := submit(t, deaf, "ann", 1, 1, ""); !errors.As(err, &later) {
			t.Fatal(err)
		}
		if done, err := submit(t, sound, "ann", 1, 1, later.Ticket); err != nil || !done.Duplicate {
			t.Fatalf("%+v, %v", done, err)
		}
		lossy.lose()
		if got := reveal(t, sound, 1).Rounds[0].Tally; got.Answers[0] != 1 || got.Remaining != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// Where a slot was lost and another device answers before the first answer is put again, the
// answer that was received first counts.
func TestTheFirstOfTwoDevicesCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := newSet(t)
		lossy := losing(t, &set, 0)
		volatile := func(c *quiz.Config) { c.Volatile = true }
		a, b := node(t, set, volatile), node(t, set, volatile)
		create(t, a, 1)
		ask(t, a, 1)
		if _, err := submit(t, a, "ann", 1, 1, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		lossy.lose()
		if done, err := submit(t, b, "ann", 1, 2, ""); err != nil || done.Option != 2 {
			t.Fatalf("the second device: %+v, %v", done, err)
		}
		time.Sleep(2 * time.Second)
		if done, err := submit(t, b, "ann", 1, 2, ""); err != nil || done.Option != 1 || !done.Duplicate {
			t.Errorf("the second device again: %+v, %v", done, err)
		}
		if got := reveal(t, b, 1).Rounds[0].Tally; got.Answers != [rules.MaxOptions]int64{1} {
			t.Errorf("%+v", got)
		}
	})
}

// What was acknowledged is there after all was lost, once or at the last moment: each node
// puts again what it has put.
func TestWhatWasLostIsPutAgain(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Duration{3 * time.Second, 9 * time.Second, 11900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			set := newSet(t)
			lossy := losing(t, &set, 0)
			volatile := func(c *quiz.Config) { c.Volatile = true }
			nodes := []*quiz.Service{node(t, set, volatile), node(t, set, volatile)}
			create(t, nodes[0], 2, func(r *rules.Rules) { r.Missed = rules.EliminateMissed })
			for n := rules.Number(1); n <= 2; n++ {
				ask(t, nodes[0], n)
				for i := range 200 {
					if _, err := submit(t, nodes[i%2], fmt.Sprint("user ", i), n, 1, ""); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(at)
				lossy.lose()
				if got := reveal(t, nodes[1], n).Rounds[n-1].Tally; got.Remaining != 200 {
					t.Errorf("lost at %v of question %d: %+v", at, n, got)
				}
			}
		})
	}
}
