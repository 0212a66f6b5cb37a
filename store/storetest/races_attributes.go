package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ovation-live/ovation/live"
	"github.com/ovation-live/ovation/live/attribute"
	"github.com/ovation-live/ovation/store"
)

var attributesRaces = []test{
	{"ConditionHoldsForOne", conditionHoldsForOne},
	{"IncrementsAreNotLost", incrementsAreNotLost},
	{"SameBatchAppliesOnce", sameBatchAppliesOnce},
}

func conditionHoldsForOne(t *testing.T, s *rig) {
	s.create("r")
	var won atomic.Int32
	parallel(crowd, func(i int) {
		value := fmt.Sprint(i)
		_, err := s.Attributes.UpdateAttributes(t.Context(), "r", batch("", ifAt(0, set("seat", value)), set("also", value)))
		if err == nil {
			won.Add(1)
		} else if _, ok := errors.AsType[*attribute.ConflictError](err); !ok {
			t.Errorf("%v, want a conflict", err)
		}
	})
	got := s.snapshot("r").Attributes
	if n := won.Load(); n != 1 || len(got) != 2 || string(got[0].Value) != string(got[1].Value) {
		t.Errorf("%d won, and left %+v", n, got)
	}
}

func incrementsAreNotLost(t *testing.T, s *rig) {
	s.create("r")
	parallel(4, func(int) {
		for done := 0; done < 10; {
			n, at := 0, live.Timestamp(0)
			for _, a := range s.snapshot("r", "count").Attributes {
				n, at = len(a.Value), a.Timestamp
			}
			u := batch("", ifAt(at, set("count", string(make([]byte, n+1)))))
			if _, err := s.Attributes.UpdateAttributes(t.Context(), "r", u); err == nil {
				done++
			}
		}
	})
	if n := len(s.snapshot("r").Attributes[0].Value); n != 40 {
		t.Errorf("counted %d of 40", n)
	}
}

func sameBatchAppliesOnce(t *testing.T, s *rig) {
	s.create("r")
	var got [crowd]store.AttributePosition
	parallel(crowd, func(i int) { got[i] = s.apply("r", batch("request", ifAt(0, set("k", "1")))) })
	for _, position := range got {
		if position != got[0] {
			t.Errorf("answers %+v and %+v", position, got[0])
		}
	}
	if n := s.head("r").Sequence; n != 1 {
		t.Errorf("published %d times", n)
	}
}
