package visit

import (
	"slices"

	"github.com/ovation-live/ovation/live"
)

// Book is the visits to one room, with its figures as they are at any time. It is not safe
// for concurrent use.
type Book struct {
	room    live.RoomID
	end     live.Timestamp // 0: it is live
	users   map[live.UserID]*guest
	closing []live.UserID // whose visits may be open since before the end
	figures *Figures
	minutes map[live.Timestamp]*minuteBook
	order   []live.Timestamp // the minutes, in order
	watch   bounded          // since when those with an open visit watch
	sorted  []Visit          // all, in order; nil: not known
}

// guest is one user's visits to a room.
type guest struct {
	stays  []Stay
	visits []Visit
}

// minuteBook is one minute of a room.
type minuteBook struct {
	enters, exits bounded
	step          *Step // nil: not known
}

// bounded is moments, of which no more are kept than a few times what they come to.
type bounded struct {
	Moments
	summed int // what they came to when they were summed last
}

// add adds a change.
func (b *bounded) add(n Net) {
	if b.Moments = append(b.Moments, n); len(b.Moments) > 4*b.summed+1024 {
		b.sum()
	}
}

// sum returns what they come to.
func (b *bounded) sum() Moments {
	b.Moments = b.Sum()
	b.summed = len(b.Moments)
	return b.Moments
}

// NewBook returns the book of a room that ended at an instant, 0: that is live.
func NewBook(room live.RoomID, end live.Timestamp) *Book {
	return &Book{
		room: room, end: end, users: make(map[live.UserID]*guest),
		figures: NewFigures(), minutes: make(map[live.Timestamp]*minuteBook),
	}
}

// Merge merges events of one user in the room, and returns the visits that they close, or
// that were closed and are otherwise now.
func (b *Book) Merge(user live.UserID, events []Event) []Visit {
	g := b.users[user]
	if g == nil {
		g = new(guest)
		b.users[user] = g
	}
	g.stays = Merge(g.stays, StaysOf(events))
	for _, e := range events {
		b.figures.Tell(e.At)
	}
	return b.renew(user, g)
}

// Admit divides what is told of a user, as the function does.
func (b *Book) Admit(user live.UserID, told []Event, most int) (admitted, refused []Event) {
	var known []Stay
	if g := b.users[user]; g != nil {
		known = g.stays
	}
	return Admit(known, told, most)
}

// End says when the room ended.
func (b *Book) End(at live.Timestamp) {
	b.end = at
	b.closing = slices.Collect(func(yield func(live.UserID) bool) {
		for user := range b.users {
			if !yield(user) {
				return
			}
		}
	})
	slices.Sort(b.closing)
}

// Ended says whether the room has ended.
func (b *Book) Ended() bool { return b.end != 0 }

// Close closes the visits of a user that its end has left open, and returns them. It is
// false where there is nobody any more.
func (b *Book) Close() (closed []Visit, more bool) {
	if len(b.closing) == 0 {
		return nil, false
	}
	user := b.closing[0]
	b.closing = b.closing[1:]
	return b.renew(user, b.users[user]), true
}

// renew brings a user's visits up to date with their stays.
func (b *Book) renew(user live.UserID, g *guest) []Visit {
	before := g.visits
	g.visits = Visits(b.room, user, g.stays, b.end)
	if slices.Equal(before, g.visits) {
		return nil
	}
	b.sorted = nil
	b.figures.Change(before, g.visits)
	b.take()
	return Closed(before, g.visits)
}

// take takes over the moments of a change.
func (b *Book) take() {
	f := b.figures
	for _, n := range f.Enters {
		b.minute(n.At).enters.add(n)
	}
	for _, n := range f.Exits {
		b.minute(n.At).exits.add(n)
	}
	for _, n := range f.Watchers {
		b.watch.add(n)
	}
	f.Enters, f.Exits, f.Watchers = f.Enters[:0], f.Exits[:0], f.Watchers[:0]
}

// minute returns the minute that an instant is in, which changes.
func (b *Book) minute(at live.Timestamp) *minuteBook {
	start := MinuteOf(at)
	m := b.minutes[start]
	if m == nil {
		m = new(minuteBook)
		b.minutes[start] = m
		i, _ := slices.BinarySearch(b.order, start)
		b.order = slices.Insert(b.order, i, start)
	}
	m.step = nil
	return m
}

// steps returns the room's curve.
func (b *Book) steps() []Step {
	steps := make([]Step, len(b.order))
	for i, at := range b.order {
		m := b.minutes[at]
		if m.step == nil {
			step := StepOf(at, m.enters.sum(), m.exits.sum())
			m.step = &step
		}
		steps[i] = *m.step
	}
	return steps
}

// Figures returns the room's figures. They are the book's own.
func (b *Book) Figures() *Figures { return b.figures }

// Attendance returns what the room's attendance comes to at an instant.
func (b *Book) Attendance(now live.Timestamp, curve, retention bool, from, until live.Timestamp) Attendance {
	f, at := b.figures, b.figures.At(now)
	a := Attendance{Unique: f.Users, Visits: f.Visits, Total: f.Total(at), AsOf: now}
	if until == 0 {
		until = CurveEnd(b.end, at)
	}
	a.Chart(b.steps(), curve, from, until)
	if retention {
		users := make(map[int]int64)
		for minutes, n := range f.Lengths {
			users[minutes] += n
		}
		b.watch.sum().Lengths(users, at)
		a.Retention = Retention(users)
	}
	return a
}

// Of returns the visits of one user, in order of their keys.
func (b *Book) Of(user live.UserID) []Visit {
	if g := b.users[user]; g != nil {
		return g.visits
	}
	return nil
}

// Each calls f for each user with their visits, in any order.
func (b *Book) Each(f func(user live.UserID, visits []Visit)) {
	for user, g := range b.users {
		f(user, g.visits)
	}
}

// All returns all visits, in order. The slice is the book's own.
func (b *Book) All() []Visit {
	if b.sorted == nil {
		for _, g := range b.users {
			b.sorted = append(b.sorted, g.visits...)
		}
		slices.SortFunc(b.sorted, Visit.Compare)
	}
	return b.sorted
}
