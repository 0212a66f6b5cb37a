package quizshow

import (
	"context"
	"maps"
	"slices"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
)

// Whoever is in the room while an entry question takes answers becomes a player. So it is
// noted of the viewers who are there when it is shown first, and of everyone who comes
// while it is open. Hosts, moderators and backends are there to work: they become players
// only if they answer.

// entries is who was noted to be in the room during an open entry question. It is under
// performance.mu.
type entries struct {
	slot    quiz.Slot // of the question; the shard is nobody's
	noted   map[live.UserID]struct{}
	pending map[live.UserID]live.Timestamp // not written yet: since when
}

// open returns the entry question that takes answers, if one does.
func open(view []*quiz.Quiz, now live.Timestamp) (slot quiz.Slot, found bool) {
	for _, q := range view {
		round := q.Round(q.Current)
		if q.State == quiz.Asked && int(q.Current) <= q.Rules.EntryQuestions && now <= round.ClosesAt {
			return quiz.Slot{Ref: q.Ref, Question: q.Current, Shard: quiz.Whole}, true
		}
	}
	return quiz.Slot{}, false
}

// Came implements hub.Quizzes.
func (f *Follower) Came(id live.RoomID, who room.Session) {
	if who.Role != live.RoleViewer {
		return
	}
	p := f.room(id)
	if p == nil {
		return
	}
	now := f.now()
	slot, found := open(*p.view.Load(), now)
	if found && p.admit(slot, now, who.User) > 0 {
		signal(p.arrived)
	}
}

// admit notes that users are in the room while an entry question is open, and returns how
// many were not known to be.
func (p *performance) admit(slot quiz.Slot, now live.Timestamp, users ...live.UserID) (fresh int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries.slot != slot {
		p.entries = entries{
			slot: slot, noted: make(map[live.UserID]struct{}), pending: make(map[live.UserID]live.Timestamp),
		}
	}
	for _, user := range users {
		if _, known := p.entries.noted[user]; !known {
			p.entries.noted[user] = struct{}{}
			p.entries.pending[user] = now
			fresh++
		}
	}
	return fresh
}

// enter notes who is in the room when an entry question is shown first, and writes it
// down. What cannot be written is tried again until the question is closed.
func (p *performance) enter(ctx context.Context, view []*quiz.Quiz, now live.Timestamp) {
	if slot, found := open(view, now); found && p.begins(slot) {
		p.admit(slot, now, p.viewers()...)
	}
	p.write(ctx, view)
}

// write writes down who was noted and is not written yet.
func (p *performance) write(ctx context.Context, view []*quiz.Quiz) {
	slot, pending := p.unwritten(view)
	if len(pending) == 0 {
		return
	}
	users := slices.Collect(maps.Keys(pending))
	err := eachShard(slot.Ref, slot.Question, users, func(slot quiz.Slot, users []live.UserID) error {
		notes := make([]quiz.Note, len(users))
		for i, user := range users {
			notes[i] = quiz.Note{Kind: quiz.Entered, User: user, At: pending[user]}
		}
		err := p.follower.game.Note(ctx, slot, notes)
		if err == nil {
			p.written(slot, users)
		}
		return err
	})
	p.follower.failed(notesFailed, err)
}

// begins says whether nobody was noted to be there at a question so far who did not come
// during it.
func (p *performance) begins(slot quiz.Slot) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.begun == slot
	p.begun = slot
	return !begun
}

// viewers returns the viewers who have a stream here.
func (p *performance) viewers() (users []live.UserID) {
	for _, s := range p.stage.Sessions() {
		if s.Role == live.RoleViewer {
			users = append(users, s.User)
		}
	}
	return users
}

// unwritten returns who is still to be written down; nobody, once the question is closed.
func (p *performance) unwritten(view []*quiz.Quiz) (quiz.Slot, map[live.UserID]live.Timestamp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot := p.entries.slot
	asked := slices.ContainsFunc(view, func(q *quiz.Quiz) bool {
		return q.Ref == slot.Ref && q.Current == slot.Question && q.State == quiz.Asked
	})
	if !asked {
		p.entries = entries{}
	}
	return slot, maps.Clone(p.entries.pending)
}

// written notes that users are written down.
func (p *performance) written(slot quiz.Slot, users []live.UserID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slot.Ref != p.entries.slot.Ref || slot.Question != p.entries.slot.Question {
		return
	}
	for _, user := range users {
		delete(p.entries.pending, user)
	}
}
