package moderation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/moderation"
)

// kept is how much of the past the books of these tests keep.
const kept = 3

// model is the rules in their plainest form: every sanction there ever was, the oldest
// first, and nothing else.
type model []moderation.Sanction

// acts returns which sanction of a kind acts on a user, -1 for none.
func (m model) acts(kind moderation.Kind, user live.UserID, now live.Timestamp) int {
	return slices.IndexFunc(m, func(s moderation.Sanction) bool {
		return s.Kind == kind && s.User == user && s.LiftedAt == 0 && (s.Until == 0 || s.Until > now)
	})
}

// lift lifts what acts.
func (m model) lift(kind moderation.Kind, user, by live.UserID, now live.Timestamp) bool {
	i := m.acts(kind, user, now)
	if i < 0 {
		return false
	}
	m[i].LiftedBy, m[i].LiftedAt = by, now
	return true
}

// term returns until when a kind acts on a user.
func (m model) term(kind moderation.Kind, user live.UserID, now live.Timestamp) moderation.Term {
	i := m.acts(kind, user, now)
	switch {
	case i < 0:
		return moderation.Term{}
	case m[i].Until == 0:
		return moderation.Term{Until: moderation.Forever, Why: m[i].Reason}
	default:
		return moderation.Term{Until: m[i].Until, Why: m[i].Reason}
	}
}

// list returns what a query selects, the newest first, as if nothing was ever dropped.
func (m model) list(q moderation.Query, now live.Timestamp) []moderation.Sanction {
	var found []moderation.Sanction
	for _, s := range slices.Backward(m) {
		s.State = moderation.Active
		if s.LiftedAt != 0 {
			s.State = moderation.Lifted
		} else if s.Until != 0 && s.Until <= now {
			s.State = moderation.Expired
		}
		if (s.State == moderation.Active || q.Past) && (q.User == "" || s.User == q.User) &&
			(len(q.Kinds) == 0 || slices.Contains(q.Kinds, s.Kind)) {
			found = append(found, s)
		}
	}
	return found
}

// pair is a book and its model, at an instant.
type pair struct {
	*rapid.T
	book  *moderation.Book
	model model
	now   live.Timestamp
}

var (
	users   = rapid.SampledFrom([]live.UserID{"ann", "bob", "cy"})
	kindsOf = rapid.SampledFrom([]moderation.Kind{
		moderation.Ban, moderation.Mute, moderation.RoomMute, moderation.Protect, moderation.Appoint,
	})
	terms = rapid.SampledFrom([]time.Duration{0, 1, time.Microsecond, 5 * time.Second, time.Hour})
)

// everywhere draws what acts on a user in every room: most often nothing.
func (p *pair) everywhere() (t moderation.Terms) {
	switch rapid.IntRange(0, 9).Draw(p.T, "everywhere") {
	case 0:
		t.Protected.Until = p.now + 1
	case 1:
		t.Banned.Until = p.now + 1
	}
	return t
}

// refuses returns what an order is refused with, nil if it is not.
func (p *pair) refuses(o moderation.Order, everywhere moderation.Terms) error {
	acts := func(kind moderation.Kind) bool { return p.model.acts(kind, o.User, p.now) >= 0 }
	switch {
	case (o.Kind == moderation.Ban || o.Kind == moderation.Mute) && (everywhere.Protected.Acts() || acts(moderation.Protect)):
		return moderation.ErrProtected
	case o.Kind == moderation.Appoint && (everywhere.Banned.Acts() || acts(moderation.Ban)):
		return moderation.ErrBanned
	default:
		return nil
	}
}

// apply applies an order to both.
func (p *pair) apply() {
	o := moderation.Order{
		Kind: kindsOf.Draw(p.T, "kind"), Room: "r", User: users.Draw(p.T, "user"), By: users.Draw(p.T, "by"),
		Reason: rapid.SampledFrom([]string{"", "why"}).Draw(p.T, "reason"), For: terms.Draw(p.T, "for"),
	}
	if o.Kind == moderation.RoomMute {
		o.User = ""
	}
	everywhere := p.everywhere()
	refused := p.refuses(o, everywhere)
	revision := p.book.Revision()
	got, err := p.book.Apply(o, fmt.Sprint(len(p.model)), p.now, everywhere)
	if !errors.Is(err, refused) || (err == nil) == (p.book.Revision() == revision) {
		p.Fatalf("Apply(%+v) = %v, want %v; revision %d after %d", o, err, refused, p.book.Revision(), revision)
	}
	if refused != nil {
		return
	}
	p.now = max(p.now, got.At)
	p.model.lift(o.Kind, o.User, o.By, p.now)
	if o.Kind == moderation.Protect {
		p.model.lift(moderation.Ban, o.User, o.By, p.now)
		p.model.lift(moderation.Mute, o.User, o.By, p.now)
	}
	want := moderation.Sanction{
		ID: got.ID, Kind: o.Kind, Room: "r", User: o.User, Reason: o.Reason, By: o.By, At: p.now, State: moderation.Active,
	}
	if o.For > 0 {
		want.Until = p.now + max(1, live.Timestamp(o.For.Microseconds()))
	}
	if got != want {
		p.Fatalf("Apply(%+v) = %+v\nwant %+v", o, got, want)
	}
	p.model = append(p.model, want)
}

// lift lifts in both.
func (p *pair) lift() {
	kind, user, by := kindsOf.Draw(p.T, "kind"), users.Draw(p.T, "user"), users.Draw(p.T, "by")
	revision := p.book.Revision()
	want := p.model.lift(kind, user, by, p.now)
	if got := p.book.Lift(kind, user, by, p.now); got != want || got != (p.book.Revision() != revision) {
		p.Fatalf("Lift(%v, %s) = %v, want %v; revision %d after %d", kind, user, got, want, p.book.Revision(), revision)
	}
}

// agrees compares how everyone stands, and what both list.
func (p *pair) agrees() {
	for _, user := range []live.UserID{"ann", "bob", "cy", "nobody"} {
		want := moderation.Terms{
			Banned:    p.model.term(moderation.Ban, user, p.now),
			Muted:     p.model.term(moderation.Mute, user, p.now),
			Protected: p.model.term(moderation.Protect, user, p.now),
			Appointed: p.model.term(moderation.Appoint, user, p.now),
		}
		if got := p.book.Terms(user, p.now); got != want {
			p.Fatalf("Terms(%s) = %+v, want %+v", user, got, want)
		}
		if want.Protected.Acts() && (want.Banned.Acts() || want.Muted.Acts()) {
			p.Fatalf("%s is protected, and sanctioned: %+v", user, want)
		}
	}
	if got, want := p.book.RoomMute(p.now), p.model.term(moderation.RoomMute, "", p.now); got != want {
		p.Fatalf("RoomMute = %+v, want %+v", got, want)
	}
	p.lists(moderation.Query{Past: true})
}

// query lists by a query, in pages.
func (p *pair) query() {
	q := moderation.Query{
		Past:  rapid.Bool().Draw(p.T, "past"),
		Kinds: rapid.SliceOfNDistinct(kindsOf, 0, 2, rapid.ID).Draw(p.T, "kinds"),
		User:  rapid.OneOf(users, rapid.Just(live.UserID(""))).Draw(p.T, "user"),
	}
	p.lists(q)
}

// lists checks that the pages of a query are all that acts and enough of the past, the
// newest first.
func (p *pair) lists(q moderation.Query) {
	var got []moderation.Sanction
	q.Limit = rapid.IntRange(1, 4).Draw(p.T, "limit")
	for {
		page := p.book.List(q, p.now)
		if got = append(got, page...); len(page) < q.Limit {
			break
		}
		q.After = page[len(page)-1].Mark()
	}
	want := p.model.list(q, p.now)
	newest := make(map[string]bool) // of the past, which every book keeps
	for _, s := range p.model.list(moderation.Query{Past: true}, p.now) {
		if s.State != moderation.Active && len(newest) < kept {
			newest[s.ID] = true
		}
	}
	i := 0
	for _, s := range want {
		switch {
		case i < len(got) && got[i] == s:
			i++
		case s.State == moderation.Active, newest[s.ID]:
			p.Fatalf("List(%+v) = %+v\nlacks %+v", q, got, s)
		}
	}
	if i < len(got) {
		p.Fatalf("List(%+v) has %+v\nwant of %+v", q, got[i], want)
	}
}

// bookIsAModel lets anything happen to a book.
func bookIsAModel(t *rapid.T) {
	p := &pair{T: t, book: moderation.NewBook(kept), now: 1_000_000}
	t.Repeat(map[string]func(*rapid.T){
		"apply": func(t *rapid.T) { p.T = t; p.apply() },
		"again": func(t *rapid.T) { p.T = t; p.apply() }, // more often than the others
		"lift":  func(t *rapid.T) { p.T = t; p.lift() },
		"pass": func(t *rapid.T) {
			p.now = p.now.Add(rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, time.Hour}).Draw(t, "pass"))
		},
		"query": func(t *rapid.T) { p.T = t; p.query() },
		"":      func(t *rapid.T) { p.T = t; p.agrees() },
	})
}

func TestBookIsAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, bookIsAModel)
}

func FuzzBook(f *testing.F) { f.Fuzz(rapid.MakeFuzz(bookIsAModel)) }

// However much comes and goes, a book holds little of the past, and all that acts.
func TestBookIsBounded(t *testing.T) {
	t.Parallel()
	book := moderation.NewBook(kept)
	all := moderation.Query{Past: true, Limit: 1 << 20}
	for i := range 500 {
		now := live.Timestamp(10 * i)
		o := moderation.Order{Kind: moderation.Mute, User: live.UserID(fmt.Sprint("u", i)), For: 5 * time.Microsecond}
		if i%10 == 0 {
			o.For = 0
		}
		if _, err := book.Apply(o, fmt.Sprint(i), now, moderation.Terms{}); err != nil {
			t.Fatal(err)
		}
		acting := i/10 + 1
		if n := len(book.List(moderation.Query{Limit: 1 << 20}, now)); n < acting || n > acting+1 {
			t.Fatalf("%d of %d act", n, acting)
		}
		if n := len(book.List(all, now)); n > 2*(acting+1+kept) {
			t.Fatalf("holds %d, of which %d act", n, acting)
		}
	}
}
