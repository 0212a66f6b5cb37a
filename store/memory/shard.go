package memory

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/store"
)

// shard is what the players of one shard of a quiz do. The zero value is nothing.
type shard struct {
	mu    sync.Mutex
	names names
	order []int32 // numbers of users in order of user, of as many as were sorted last
	slots []*slot // by question

	after   quiz.Number   // the standings are after this question; 0: there are none
	players []quiz.Player // where they stand
	stands  []int32       // by number of user: 1 + the index in players, 0 of none
	status  []quiz.Status // by number of user
}

// slot is what the players of a shard do with one question.
type slot struct {
	sealed bool
	counts [quiz.MaxOptions]int64
	rows   []int32 // by number of user: 1 + the row, 0 of none
	facts  [][]row // in chunks, so that none is ever moved
	used   int32   // rows
	grants map[int32][]quiz.Grant
}

// row is what a slot has of one user, but for grants.
type row struct {
	user                                            int32
	option                                          quiz.Option
	received, stored, entered, delivered, revivedAt live.Timestamp
	session                                         live.SessionID
}

// chunk is how many rows are made at once.
const chunk = 256

// slot returns a question's slot, which is made if it is not there.
func (h *shard) slot(n quiz.Number) *slot {
	for len(h.slots) <= int(n) {
		h.slots = append(h.slots, nil)
	}
	if h.slots[n] == nil {
		h.slots[n] = &slot{}
	}
	return h.slots[n]
}

// look returns a question's slot, nil if it is not there.
func (h *shard) look(n quiz.Number) *slot {
	if int(n) >= len(h.slots) {
		return nil
	}
	return h.slots[n]
}

// find returns what the slot has of a user, nil for nothing.
func (s *slot) find(user int32) *row {
	if user < 0 || int(user) >= len(s.rows) || s.rows[user] == 0 {
		return nil
	}
	at := s.rows[user] - 1
	return &s.facts[at/chunk][at%chunk]
}

// row returns what the slot has of one of so many users, to be written.
func (s *slot) row(user int32, users int) *row {
	if found := s.find(user); found != nil {
		return found
	}
	if missing := users - len(s.rows); missing > 0 {
		s.rows = append(s.rows, make([]int32, missing)...)
	}
	at := s.used
	if s.used++; at%chunk == 0 {
		s.facts = append(s.facts, make([]row, chunk))
	}
	s.rows[user] = s.used
	made := &s.facts[at/chunk][at%chunk]
	made.user = user
	return made
}

// manner is how answers are taken.
type manner struct {
	entry bool // the question is an entry question
	again bool // they were taken before: the one that was received first counts
}

// answer takes answers to a question.
func (h *shard) answer(n quiz.Number, on manner, list []quiz.Answer, now live.Timestamp) ([]quiz.Receipt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := h.slot(n)
	if n > 1 && h.after < n-1 && !in.sealed {
		return nil, store.ErrNoStandings
	}
	receipts := make([]quiz.Receipt, 0, len(list))
	for some := range slices.Chunk(list, lookUp) {
		numbers := h.find(some)
		for i := range some {
			receipts = append(receipts, h.take(in, on, &some[i], numbers[i], now))
		}
	}
	return receipts, nil
}

// lookUp is how many users are looked up at once.
const lookUp = 64

// find returns the numbers of those who answer, -1 of those who are not there. It does so in
// two short loops, so that what is read for one does not wait for what is read for another.
func (h *shard) find(list []quiz.Answer) (numbers [lookUp]int32) {
	var hashes [lookUp]uint32
	for i := range list {
		hashes[i] = hashOf(list[i].User)
	}
	for i := range list {
		numbers[i] = h.names.find(list[i].User, hashes[i])
	}
	return numbers
}

// number returns a user's number, which they get if they have none.
func (h *shard) number(user live.UserID) int32 { return h.names.number(user, hashOf(user)) }

// take takes one answer, of a user whose number is -1 if they have none, or had none before
// the answers that came with it.
func (h *shard) take(in *slot, on manner, a *quiz.Answer, user int32, now live.Timestamp) quiz.Receipt {
	if user < 0 && on.entry && !in.sealed {
		user = h.number(a.User)
	}
	if first := in.find(user); first != nil && first.option != 0 {
		if on.again && !in.sealed && a.Before(first.received, first.option) {
			in.counts[first.option-1]--
			return in.put(first, a, now)
		}
		return quiz.Receipt{Verdict: quiz.Repeated, Option: first.option, Received: first.received}
	}
	switch {
	case in.sealed:
		return quiz.Receipt{Verdict: quiz.TooLate}
	case !h.plays(in, user, on.entry):
		return quiz.Receipt{Verdict: quiz.NotPlaying}
	}
	return in.put(in.row(user, len(h.names.users)), a, now)
}

// put puts an answer that counts.
func (s *slot) put(row *row, a *quiz.Answer, now live.Timestamp) quiz.Receipt {
	row.option, row.received, row.stored = a.Option, a.Received, now
	s.counts[a.Option-1]++
	return quiz.Receipt{Verdict: quiz.Taken, Option: a.Option, Received: a.Received}
}

// plays says whether a user may answer: whoever is in, has come back with the slot, or may
// still come in.
func (h *shard) plays(in *slot, user int32, entry bool) bool {
	status := quiz.Spectator
	if user >= 0 && int(user) < len(h.status) {
		status = h.status[user]
	}
	switch status {
	case quiz.Playing, quiz.Won:
		return true
	case quiz.Revivable:
		row := in.find(user)
		return row != nil && row.revivedAt != 0
	case quiz.Spectator:
		return entry
	case quiz.Out:
	}
	return false
}

// note takes notes of a question. It is true, and nothing is taken, where the slot is
// sealed.
func (h *shard) note(n quiz.Number, notes []quiz.Note) (sealed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := h.slot(n)
	if in.sealed {
		return true
	}
	for i := range notes {
		user := h.number(notes[i].User)
		in.note(in.row(user, len(h.names.users)), &notes[i])
	}
	return false
}

// note takes one note.
func (s *slot) note(row *row, n *quiz.Note) {
	switch n.Kind {
	case quiz.Entered:
		row.entered = earlier(row.entered, n.At)
	case quiz.Delivered:
		if row.delivered == 0 || n.At < row.delivered || n.At == row.delivered && n.Session < row.session {
			row.delivered, row.session = n.At, n.Session
		}
	case quiz.Revive:
		row.revivedAt = earlier(row.revivedAt, n.At)
	case quiz.Granted:
		s.grant(row.user, quiz.Grant{ID: n.ID, At: n.At, Count: n.Count})
	}
}

// earlier returns the earlier of two instants, of which the first may not be known.
func earlier(known, at live.Timestamp) live.Timestamp {
	if known != 0 {
		return min(known, at)
	}
	return at
}

// grant adds a grant, once.
func (s *slot) grant(user int32, g quiz.Grant) {
	if slices.ContainsFunc(s.grants[user], func(h quiz.Grant) bool { return h.ID == g.ID }) {
		return
	}
	if s.grants == nil {
		s.grants = make(map[int32][]quiz.Grant)
	}
	s.grants[user] = append(s.grants[user], g)
}

// seal ends a slot and returns what is in it.
func (h *shard) seal(n quiz.Number) []quiz.Evidence {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := h.slot(n)
	in.sealed = true
	h.sort()
	all := make([]quiz.Evidence, 0, in.used)
	for _, user := range h.order {
		if row := in.find(user); row != nil {
			all = append(all, h.evidence(in, row))
		}
	}
	return all
}

// sort has the users in order. Those who came since it was called last are sorted, and
// merged with the others.
func (h *shard) sort() {
	users := h.names.users
	if len(h.order) == len(users) {
		return
	}
	old := h.order
	came := make([]int32, 0, len(users)-len(old))
	for n := len(old); n < len(users); n++ {
		came = append(came, int32(n)) //nolint:gosec // memory ends before
	}
	slices.SortFunc(came, func(a, b int32) int { return cmp.Compare(users[a], users[b]) })
	h.order = make([]int32, 0, len(users))
	for len(old) > 0 && len(came) > 0 {
		first := &old
		if users[came[0]] < users[old[0]] {
			first = &came
		}
		h.order = append(h.order, (*first)[0])
		*first = (*first)[1:]
	}
	h.order = append(append(h.order, old...), came...)
}

// evidence returns what a slot has of a user.
func (h *shard) evidence(in *slot, r *row) quiz.Evidence {
	grants := slices.Clone(in.grants[r.user])
	slices.SortFunc(grants, func(a, b quiz.Grant) int { return cmp.Compare(a.ID, b.ID) })
	return quiz.Evidence{
		User: h.names.users[r.user], Entered: r.entered, Delivered: r.delivered, Session: r.session, Option: r.option,
		Received: r.received, Stored: r.stored, Revived: r.revivedAt, Grants: grants,
	}
}

// has says whether something was put into a question's slot.
func (h *shard) has(n quiz.Number) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := h.look(n)
	return in != nil && in.used > 0
}

// counts counts the answers to a question.
func (h *shard) counts(n quiz.Number) (counts [quiz.MaxOptions]int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if in := h.look(n); in != nil {
		counts = in.counts
	}
	return counts
}

// evidenceOf returns what a question's slot has of users, but for grants, and whether it is
// sealed.
func (h *shard) evidenceOf(n quiz.Number, users []live.UserID) (all []quiz.Evidence, sealed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all = nothingOf(users)
	in := h.look(n)
	if in == nil {
		return all, false
	}
	for i, user := range users {
		if row := in.find(h.names.find(user, hashOf(user))); row != nil {
			all[i] = h.evidence(in, row)
			all[i].Grants = nil
		}
	}
	return all, in.sealed
}

// deliveredTo returns those of the users to whom a question's frame was delivered.
func (h *shard) deliveredTo(n quiz.Number, users []live.UserID) (reached []live.UserID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := h.look(n)
	if in == nil {
		return nil
	}
	for _, user := range users {
		if row := in.find(h.names.find(user, hashOf(user))); row != nil && row.delivered != 0 {
			reached = append(reached, user)
		}
	}
	return reached
}

// keep keeps where players stand after a question, unless it is known after a later one.
func (h *shard) keep(n quiz.Number, players []quiz.Player) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n < h.after {
		return
	}
	h.after, h.players = n, players
	clear(h.stands)
	clear(h.status)
	for i := range players {
		user := h.number(players[i].User)
		if missing := len(h.names.users) - len(h.stands); missing > 0 {
			h.stands = append(h.stands, make([]int32, missing)...)
			h.status = append(h.status, make([]quiz.Status, missing)...)
		}
		h.stands[user], h.status[user] = int32(i)+1, players[i].Status
	}
}

// standingsOf returns where users stand after a question, or a later one.
func (h *shard) standingsOf(n quiz.Number, users []live.UserID) ([]quiz.Player, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.after == 0 || h.after < n {
		return nil, store.ErrNoStandings
	}
	all := make([]quiz.Player, len(users))
	for i, user := range users {
		all[i].User = user
		if number := h.names.find(user, hashOf(user)); number >= 0 && int(number) < len(h.stands) && h.stands[number] != 0 {
			all[i] = h.players[h.stands[number]-1]
		}
	}
	return all, nil
}
