package visit

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/ovation-live/ovation/live/visit"
	"github.com/ovation-live/ovation/server/wire"
	"github.com/ovation-live/ovation/store"
)

// Closed is what other systems are told of visits that are closed, or closed and changed.
func Closed(all []visit.Visit) []store.Event {
	events := make([]store.Event, len(all))
	for i, v := range all {
		events[i] = store.Event{
			ID: "visit_closed/" + string(v.Room) + "/" + digest(v), Room: v.Room, At: v.Exited,
			Kind: store.VisitClosed, Payload: wire.VisitEvent(v),
		}
	}
	return events
}

// digest tells a visit, and what it has come to, from others. Ids of users may hold
// anything, and those of events are sent in headers.
func digest(v visit.Visit) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %d %d %d %t %d", // a hash takes everything
		v.User, v.Session, v.Version, v.Entered, v.Exited, v.Inferred, v.Anomaly)
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:15]))
}
