package rival

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Order is what is to be published, as the query of POST /publish says it.
type Order struct {
	Frames   int     // how many in all
	Rate     float64 // frames a second
	Bytes    int     // of one message
	Messages int     // merged into one frame
}

// Published answers an order that is carried out.
type Published struct {
	Frames   int `json:"frames"`
	Messages int `json:"messages"`
}

// publisher carries out orders, and answers when the last frame is published.
type publisher func(frame []byte)

// ServeHTTP implements http.Handler.
func (p publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o, err := orderOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(o.carryOut(r.Context(), p)) // whoever asked has gone
}

// orderOf reads an order.
func orderOf(r *http.Request) (o Order, err error) {
	var faults []error
	number := func(name string) float64 {
		n, err := strconv.ParseFloat(r.URL.Query().Get(name), 64)
		if err != nil || n <= 0 || n > 1e9 {
			faults = append(faults, fmt.Errorf("%s must be a positive number", name))
		}
		return n
	}
	o = Order{Frames: int(number("frames")), Rate: number("rate"), Bytes: int(number("bytes")), Messages: int(number("messages"))}
	return o, errors.Join(faults...)
}

// carryOut publishes at an even pace. Where the machine is late it catches up, so that
// the number of frames is what was asked for.
func (o Order) carryOut(ctx context.Context, publish func([]byte)) (done Published) {
	begun := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for done.Frames < o.Frames {
		due := begun.Add(time.Duration(float64(done.Frames) / o.Rate * float64(time.Second)))
		timer.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			return done
		case <-timer.C:
		}
		publish(o.frame(done.Frames))
		done.Frames++
		done.Messages += o.Messages
	}
	return done
}

// frame returns a frame of its own for every number: nothing in between may take two
// for the same.
func (o Order) frame(number int) []byte {
	frame := make([]byte, o.Bytes*o.Messages)
	for i := range frame {
		frame[i] = byte('a' + i%26)
	}
	if len(frame) >= 8 {
		binary.BigEndian.PutUint64(frame, uint64(number)) //nolint:gosec // counts from 0
	}
	return frame
}
