package storetest

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/live/feed"
	"github.com/ovation-live/ovation/live/ledger"
	"github.com/ovation-live/ovation/live/quiz"
	"github.com/ovation-live/ovation/live/room"
)

// sameRoom says whether two rooms are equal, where nil is as good as empty.
func sameRoom(a, b room.Room) bool {
	for _, r := range []*room.Room{&a, &b} {
		if len(r.Labels) == 0 {
			r.Labels = nil
		}
		if len(r.Settings.Rules) == 0 {
			r.Settings.Rules = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// sameMessage says whether two messages are equal, where nil is as good as empty.
func sameMessage(a, b *feed.Message) bool {
	if a == nil || b == nil {
		return a == b
	}
	c, d := *a, *b
	for _, m := range []*feed.Message{&c, &d} {
		if len(m.Payload) == 0 {
			m.Payload = nil
		}
	}
	return reflect.DeepEqual(c, d)
}

func sameMessages(a, b []*feed.Message) bool { return slices.EqualFunc(a, b, sameMessage) }

// sameBatch says whether two batches are equal.
func sameBatch(a, b feed.Batch) bool {
	return sameMessages(a.Messages, b.Messages) && a.Cursor == b.Cursor && a.Dropped == b.Dropped &&
		a.More == b.More && a.Resync == b.Resync
}

// sameAttributes says whether two lists of attributes are equal.
func sameAttributes(a, b []attribute.Attribute) bool {
	return slices.EqualFunc(a, b, func(a, b attribute.Attribute) bool { return reflect.DeepEqual(a, b) })
}

// sameChanges says whether two runs of changes are equal.
func sameChanges(a, b attribute.Changes) bool {
	return a.After == b.After && a.Timestamp == b.Timestamp &&
		slices.EqualFunc(a.List, b.List, func(a, b attribute.Change) bool { return reflect.DeepEqual(a, b) })
}

// sameQuiz says whether two quizzes are equal, where nil is as good as empty.
func sameQuiz(a, b quiz.Quiz) bool { return reflect.DeepEqual(plainQuiz(a), plainQuiz(b)) }

// plainQuiz returns the quiz with nil for what is empty.
func plainQuiz(q quiz.Quiz) quiz.Quiz {
	if len(q.Rounds) == 0 {
		q.Rounds = nil
		return q
	}
	q.Rounds = slices.Clone(q.Rounds)
	for i := range q.Rounds {
		if one := &q.Rounds[i].Question; len(one.Labels) == 0 {
			one.Labels = nil
		}
		if one := &q.Rounds[i].Question; len(one.Options) == 0 {
			one.Options = nil
		}
	}
	return q
}

// sameEvidence says whether two pieces of evidence are equal, where nil is as good as empty.
func sameEvidence(a, b quiz.Evidence) bool {
	same := slices.Equal(a.Grants, b.Grants)
	a.Grants, b.Grants = nil, nil
	return same && reflect.DeepEqual(a, b)
}

// samePart says whether two parts are equal, where nil is as good as empty.
func samePart(a, b quiz.Part) bool {
	return a.Tally == b.Tally && slices.Equal(a.Players, b.Players) && slices.EqualFunc(a.Evidence, b.Evidence, sameEvidence)
}

func byGrant(a, b quiz.Grant) int { return cmp.Compare(a.ID, b.ID) }

// sameMove says whether a transaction is what was posted.
func sameMove(got, want ledger.Transaction) bool {
	same := slices.Equal(got.Postings, want.Postings) && got.Sequence > 0 && got.At > 0
	got.Postings, want.Postings, got.Sequence, got.At = nil, nil, want.Sequence, want.At
	return same && reflect.DeepEqual(got, want)
}

func byAccount(a, b ledger.Posting) int {
	return cmp.Or(cmp.Compare(a.Account.Kind, b.Account.Kind), cmp.Compare(a.Account.Owner, b.Account.Owner))
}
