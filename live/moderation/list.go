package moderation

import (
	"slices"
	"sort"

	"github.com/ovation-live/ovation/live"
)

// Query selects sanctions.
type Query struct {
	User  live.UserID // empty: everyone's
	Kinds []Kind      // empty: all
	Past  bool        // with those that act no more
	After Mark        // only older ones; zero: from the newest on
	Limit int         // at most so many, at least 1
}

// selects says whether a query asks for a sanction, as it was read.
func (q Query) selects(s Sanction) bool {
	return (q.Past || s.State == Active) &&
		(q.User == "" || q.User == s.User) &&
		(len(q.Kinds) == 0 || slices.Contains(q.Kinds, s.Kind))
}

// List returns the sanctions of a query, the newest first.
func (b *Book) List(q Query, now live.Timestamp) []Sanction {
	end := len(b.all)
	if q.After != (Mark{}) {
		end = sort.Search(end, func(i int) bool { return Newer(b.all[i].Mark(), q.After) <= 0 })
	}
	var found []Sanction
	for i := end - 1; i >= 0 && len(found) < q.Limit; i-- {
		if s := b.all[i].read(now); q.selects(s) {
			found = append(found, s)
		}
	}
	return found
}
