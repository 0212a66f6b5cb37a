package services_test

import (
	"fmt"
	"testing"

	"github.com/redis/rueidis"

	"github.com/ovation-live/ovation/internal/services"
)

// keys of one slot, as a room's are.
const keys = 250

// fill sets keys of a slot.
func fill(t *testing.T, client rueidis.Client) {
	t.Helper()
	for i := range keys {
		set := client.B().Set().Key(fmt.Sprintf("{room}:%d", i)).Value("v").Build()
		if err := client.Do(t.Context(), set).Error(); err != nil {
			t.Fatal(err)
		}
	}
}

// whole checks that the keys are there.
func whole(t *testing.T, client rueidis.Client) {
	t.Helper()
	for i := range keys {
		get := client.B().Get().Key(fmt.Sprintf("{room}:%d", i)).Build()
		if got, err := client.Do(t.Context(), get).ToString(); err != nil || got != "v" {
			t.Fatalf("key %d: %q, %v", i, got, err)
		}
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	c := services.NewCluster(t)
	client := connect(t, c.URL())
	slot := c.Slot(t, "{room}")
	fill(t, client)

	old := c.Primary(t, slot)
	if to := c.MigrateSlot(t, slot); to == old || c.Primary(t, slot) != to {
		t.Errorf("the slot went from %d to %d, and is at %d", old, to, c.Primary(t, slot))
	}
	whole(t, client)

	old = c.Primary(t, slot)
	if next := c.Failover(t, slot); next == old || c.Primary(t, slot) != next {
		t.Errorf("%d failed over to %d, and the primary is %d", old, next, c.Primary(t, slot))
	}
	whole(t, client)

	old = c.Kill(t, slot)
	if next := c.Primary(t, slot); next == old {
		t.Errorf("%d was killed, and is the primary", old)
	}
	whole(t, client)
	c.Members[old].Start(t)
	c.Await(t)
}
