package quizshow

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/server/hub"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

const (
	// lookEvery is how often it is looked, in a room where something is shown, what is over,
	// who has come, and who has not acknowledged what they were sent.
	lookEvery = 500 * time.Millisecond
	// readAgain is how long to leave a quiz that could not be read.
	readAgain = 250 * time.Millisecond
)

// performance is what is shown in one room that is followed.
type performance struct {
	follower *Follower
	stage    hub.Stage
	ctx      context.Context //nolint:containedctx // the life of run
	stop     context.CancelFunc
	wake     chan struct{}                // there is something to look at
	arrived  chan struct{}                // there is somebody to write down
	view     atomic.Pointer[[]*quiz.Quiz] // those that are running, or of which something is shown

	mu      sync.Mutex
	heard   map[quiz.ID]int64 // revisions that were heard of and not read yet; of no id: whatever there is
	unread  bool              // the store was away when the room was opened
	running bool              // run is
	entries entries
	begun   quiz.Slot // the last question of which everyone was noted who was there

	personal atomic.Pointer[[]*personal] // what is each viewer's own

	acting sync.Mutex                 // for who performs, and so are
	frames map[string]*wire.QuizFrame // the same for everyone
	counts counts
}

func newPerformance(f *Follower, s hub.Stage) *performance {
	ctx, cancel := context.WithCancel(f.ctx)
	p := &performance{
		follower: f, stage: s, ctx: ctx, stop: cancel, wake: make(chan struct{}, 1), arrived: make(chan struct{}, 1),
		heard: make(map[quiz.ID]int64), frames: make(map[string]*wire.QuizFrame),
	}
	p.view.Store(new([]*quiz.Quiz))
	p.personal.Store(new([]*personal))
	return p
}

// find returns a quiz of the room, nil if nothing of it is shown.
func (p *performance) find(id quiz.ID) *quiz.Quiz {
	for _, q := range *p.view.Load() {
		if q.Quiz == id {
			return q
		}
	}
	return nil
}

// hear takes in that a quiz was changed. What is known already says nothing.
func (p *performance) hear(m store.QuizMark) {
	if q := p.find(m.ID); q != nil && q.Revision >= m.Revision {
		return
	}
	p.mu.Lock()
	p.heard[m.ID] = max(p.heard[m.ID], m.Revision)
	p.mu.Unlock()
	p.kick()
}

// compare takes in which quiz the store says is running. It answers, so what could not be
// read when the room was opened is read now: a quiz may have ended meanwhile.
func (p *performance) compare(m store.QuizMark, running bool) {
	p.mu.Lock()
	unread := p.unread
	p.unread = false
	p.mu.Unlock()
	if unread {
		p.hear(store.QuizMark{})
	}
	if running {
		if q := p.find(m.ID); q == nil || q.Revision < m.Revision {
			p.follower.config.Metrics.mended.Inc()
			p.hear(m)
		}
	}
	for _, q := range *p.view.Load() {
		if q.State.Running() && (!running || q.Quiz != m.ID) {
			p.follower.config.Metrics.mended.Inc()
			p.hear(store.QuizMark{ID: q.Quiz, Revision: q.Revision + 1})
		}
	}
}

// kick has run look, beginning it if it is not there.
func (p *performance) kick() {
	signal(p.wake)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.running && p.ctx.Err() == nil {
		p.running = p.follower.start(p.run)
	}
}

// rests says whether nothing is to be done.
func (p *performance) rests() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.running
}

// run performs as long as there is something to show.
func (p *performance) run() {
	metrics := p.follower.config.Metrics
	metrics.rooms.Inc()
	defer metrics.rooms.Dec()
	var repeats sync.WaitGroup
	ctx, stop := context.WithCancel(p.ctx)
	repeats.Go(func() { p.repeatUntil(ctx) })
	defer repeats.Wait()
	defer stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for more := p.turn(); more; {
		select {
		case <-p.wake:
			more = p.turn()
		case <-tick.C:
			more = p.turn()
		case <-p.arrived:
			p.write(p.ctx, *p.view.Load())
		case <-p.ctx.Done():
			return
		}
	}
}

// turn does all that is to be done now, and says whether there will be more.
func (p *performance) turn() bool {
	failed := p.readHeard(p.ctx)
	more := p.perform(p.ctx, p.follower.now())
	if failed {
		p.pause()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = p.ctx.Err() == nil && (more || len(p.heard) > 0)
	return p.running
}

// pause leaves the store alone that could not be read, and looks again then.
func (p *performance) pause() {
	again := time.NewTimer(readAgain)
	defer again.Stop()
	select {
	case <-again.C:
	case <-p.ctx.Done():
	}
	signal(p.wake)
}

// signal marks that there is something, without blocking.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// readHeard reads the quizzes that were heard of, and says whether one could not be read:
// it is as it was.
func (p *performance) readHeard(ctx context.Context) (failed bool) {
	p.mu.Lock()
	ids := make([]quiz.ID, 0, len(p.heard))
	for id := range p.heard {
		ids = append(ids, id)
	}
	p.mu.Unlock()
	slices.Sort(ids)
	for _, id := range ids {
		err := p.read(ctx, id)
		p.follower.failed(readFailed, err)
		if err != nil && !isNone(err) {
			failed = true
			continue
		}
		p.mu.Lock()
		if q := p.find(id); err != nil || q == nil || q.Revision >= p.heard[id] {
			delete(p.heard, id)
		}
		p.mu.Unlock()
	}
	return failed
}

// read reads a quiz; with no id the room's running one, or the one that ended last. One
// that is gone is shown no more.
func (p *performance) read(ctx context.Context, id quiz.ID) error {
	q, err := p.follower.fetch(ctx, quiz.Ref{Room: p.stage.Room(), Quiz: id})
	switch {
	case err == nil:
		p.see(q)
	case isNone(err) && id != "":
		p.keep(func(q *quiz.Quiz) bool { return q.Quiz != id })
	}
	return err
}

// see takes in a quiz as it was read, unless a later one is known.
func (p *performance) see(q *quiz.Quiz) {
	p.acting.Lock()
	defer p.acting.Unlock()
	if known := p.find(q.Quiz); known != nil && known.Revision >= q.Revision {
		return
	}
	view := slices.DeleteFunc(slices.Clone(*p.view.Load()), func(o *quiz.Quiz) bool { return o.Quiz == q.Quiz })
	view = append(view, q)
	slices.SortFunc(view, func(a, b *quiz.Quiz) int { return int(a.CreatedAt - b.CreatedAt) })
	p.view.Store(&view)
}

// keep drops the quizzes that are not to be kept.
func (p *performance) keep(which func(*quiz.Quiz) bool) {
	p.acting.Lock()
	defer p.acting.Unlock()
	p.keepOnly(which)
}

// keepOnly is keep for who holds p.acting.
func (p *performance) keepOnly(which func(*quiz.Quiz) bool) {
	view := slices.DeleteFunc(slices.Clone(*p.view.Load()), func(q *quiz.Quiz) bool { return !which(q) })
	p.view.Store(&view)
}

// perform shows what is to be shown now, and says whether there will be more to do.
func (p *performance) perform(ctx context.Context, now live.Timestamp) (more bool) {
	p.acting.Lock()
	defer p.acting.Unlock()
	p.keepOnly(func(q *quiz.Quiz) bool { return q.State.Running() || q.State.Over() && len(q.Frames(now)) > 0 })
	view := *p.view.Load()
	public, fresh := p.shows(view, now)
	p.stage.Show(public)
	p.enter(ctx, view, now)
	for _, own := range fresh {
		p.resolve(ctx, own, p.stage.Users())
	}
	p.count(ctx, view, now)
	all, _ := p.shows(view, now)
	p.stage.Show(all)
	p.resolveWanted(ctx)
	return len(view) > 0
}

// shows returns what is to be shown now, but for what is each viewer's own and fresh:
// nobody knows yet what it is to anybody. It is not, if it is asked for again.
func (p *performance) shows(view []*quiz.Quiz, now live.Timestamp) (shows []hub.Show, fresh []*personal) {
	frames, before := make(map[string]*wire.QuizFrame), *p.personal.Load()
	var owned []*personal
	for _, q := range view {
		for _, f := range q.Frames(now) {
			if !f.Kind.Personal() {
				frames[f.ID] = p.frame(q, f)
				shows = append(shows, hub.Show{ID: f.ID, Frame: frames[f.ID]})
				continue
			}
			own := findPersonal(before, f.ID)
			if own == nil {
				own = newPersonal(q, f)
				fresh = append(fresh, own)
			} else {
				shows = append(shows, hub.Show{ID: f.ID, Own: &own.own})
			}
			owned = append(owned, own)
		}
	}
	p.frames = frames
	p.personal.Store(&owned)
	return append(shows, p.counts.shows()...), fresh
}

// frame returns a frame as it was made the first time.
func (p *performance) frame(q *quiz.Quiz, f quiz.Frame) *wire.QuizFrame {
	if made := p.frames[f.ID]; made != nil {
		return made
	}
	return wire.QuizStep(q, f)
}

// repeatUntil has frames sent again until ctx is done, however long the store takes to
// answer meanwhile.
func (p *performance) repeatUntil(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.repeat(ctx, *p.view.Load(), p.follower.now())
		case <-ctx.Done():
			return
		}
	}
}

// repeat has the frames sent again that were not acknowledged. Of a question's the store
// is asked first whom they have reached through other nodes.
func (p *performance) repeat(ctx context.Context, view []*quiz.Quiz, now live.Timestamp) {
	for _, q := range view {
		for _, f := range q.Frames(now) {
			if f.Kind == quiz.QuestionFrame {
				reached := p.follower.deliveredTo(ctx, q.Ref, f.Number, p.stage.Waiting(f.ID))
				p.stage.Delivered(reached, f.ID)
			}
		}
	}
	p.stage.Repeat()
}
