package audience

import (
	"errors"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/ovation-live/ovation/clients/cli/internal/account"
	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/reason"
	ovation "github.com/ovation-live/ovation/clients/go"
	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// maxFaults is how many viewers with a fault are reported one by one.
const maxFaults = 10

// bucketNames are the buckets' names in reports, by index.
var bucketNames = [account.Buckets]string{"whitelist", "high", "low"}

// Report is the outcome of a run, over all viewers.
type Report struct {
	// Room is what they watched.
	Room string `json:"room"`
	// Delivery is how they asked to get messages.
	Delivery string `json:"delivery"`
	// Interrupted says that the run was ended before its time.
	Interrupted bool `json:"interrupted"`
	// Wall is how long it took.
	Wall latency.Micros `json:"wall_us"`
	// Viewers is how many were to come.
	Viewers int `json:"viewers"`
	// Joined is how many got in.
	Joined int `json:"joined"`
	// Accepted is how many messages the room took meanwhile, by bucket; null if its log
	// began anew, for then nobody knows.
	Accepted map[string]uint64 `json:"accepted"`
	// Head is the room's head at the end, by bucket.
	Head map[string]uint64 `json:"head"`
	account.Counts
	// Dropped is how many messages were reported as dropped, by bucket.
	Dropped map[string]uint64 `json:"dropped"`
	// Faulty is how many viewers have a gap, duplicate, disorder or books that do not
	// close.
	Faulty int `json:"faulty"`
	// Behind is how many viewers had not read up to the head at the end.
	Behind int `json:"behind"`
	// BehindMessages is how many messages they lacked together.
	BehindMessages uint64 `json:"behind_messages"`
	// Astray is how many were in another life of the log than the head.
	Astray int `json:"astray"`
	// Kills is how many connections were broken on purpose.
	Kills int `json:"kills"`
	// Reconnects is how often a viewer came back.
	Reconnects int `json:"reconnects"`
	// Polled is how many viewers had to do without a stream.
	Polled int `json:"polled"`
	// Disconnects counts why connections ended, by name.
	Disconnects map[string]int `json:"disconnects"`
	// Errors counts why stays ended before the run did, by name.
	Errors map[string]int `json:"errors"`
	// Faults are the first viewers with a fault.
	Faults []Fault `json:"faults"`
	// Latency is from a message's timestamp to its reader, on the clocks of the two
	// machines; messages from before joining do not count.
	Latency latency.Summary `json:"latency"`
}

// Fault is one viewer whose account does not come out.
type Fault struct {
	Viewer int `json:"viewer"`
	account.Counts
	// Behind is how many messages of the head it lacks.
	Behind uint64 `json:"behind"`
	// Error is why its stay ended, if it did.
	Error string `json:"error,omitempty"`
}

// Clean says whether every viewer was there and accounts for every message. Viewers
// that an interrupted run found behind are no fault.
func (r Report) Clean() bool {
	return r.Faulty == 0 && len(r.Errors) == 0 &&
		(r.Interrupted || r.Behind == 0 && r.Astray == 0 && r.Joined == r.Viewers)
}

// report sums up.
func (c *Crowd) report(states []state, begin, end *ovationv1.Cursor, wall time.Duration) Report {
	report := Report{
		Room:        c.options.Room,
		Delivery:    deliveryName(c.options.Delivery),
		Wall:        latency.Micros(wall.Microseconds()),
		Viewers:     len(states),
		Head:        map[string]uint64{},
		Dropped:     map[string]uint64{},
		Kills:       c.kills,
		Disconnects: map[string]int{},
		Errors:      map[string]int{},
		Faults:      []Fault{},
		Latency:     c.latency.Summary(),
	}
	same := begin.GetEpoch() == end.GetEpoch()
	if same {
		report.Accepted = map[string]uint64{}
	}
	first, last := account.Sequences(begin), account.Sequences(end)
	for b, name := range bucketNames {
		report.Head[name] = last[b]
		if same {
			report.Accepted[name] = last[b] - min(last[b], first[b])
		}
	}
	for i, s := range states {
		report.enter(i+1, s, end)
	}
	for b, name := range bucketNames {
		report.Dropped[name] = report.Counts.Dropped[b]
	}
	return report
}

// enter adds one viewer.
func (r *Report) enter(number int, s state, head *ovationv1.Cursor) {
	fault := Fault{Viewer: number, Counts: s.account.Counts()}
	r.Counts.Add(fault.Counts)
	r.Reconnects += s.reconnects
	for _, cause := range s.causes {
		r.Disconnects[cause]++
	}
	if s.polled {
		r.Polled++
	}
	if err := s.fault(); err != nil {
		fault.Error = causeName(err)
		r.Errors[fault.Error]++
	}
	if s.joined {
		r.Joined++
		fault.Behind = r.place(s, head)
	}
	if !fault.Counts.Clean() {
		r.Faulty++
	}
	unwell := !fault.Counts.Clean() || fault.Error != "" || fault.Behind > 0
	if unwell && len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, fault)
	}
}

// place enters where a viewer stands, seen from the head.
func (r *Report) place(s state, head *ovationv1.Cursor) uint64 {
	behind, same := s.account.Behind(head)
	switch {
	case !same:
		r.Astray++
	case behind > 0:
		r.Behind++
		r.BehindMessages += behind
	}
	return behind
}

// causeName is a short name of why something ended: what the server says, or the code
// that the network's failure stands for.
func causeName(err error) string {
	var failure *connect.Error
	switch {
	case errors.Is(err, ovation.ErrRoomEnded):
		return "room_ended"
	case ovation.Detail(err) != nil:
		return reason.Name(err)
	case errors.As(err, &failure):
		return "connection " + reason.Name(err)
	}
	return strings.TrimPrefix(err.Error(), "ovation: ")
}

// deliveryName is a delivery's name: "notify", "inline", "auto".
func deliveryName(delivery ovationv1.Delivery) string {
	if delivery == ovationv1.Delivery_DELIVERY_UNSPECIFIED {
		return "auto"
	}
	return strings.ToLower(strings.TrimPrefix(delivery.String(), "DELIVERY_"))
}
