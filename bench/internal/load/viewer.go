//go:build linux

package load

import (
	"errors"
	"fmt"
	"net/netip"
)

// Tally is what came to one viewer, or to many.
type Tally struct {
	Frames   int64 // that carried news
	Messages int64 // in these
	Dropped  int64 // messages that the server said were lost
	Bytes    int64 // of frames with news, without envelopes
	Other    int64 // frames without news: heartbeats and their like
}

// add adds another.
func (t *Tally) add(o Tally) {
	t.Frames += o.Frames
	t.Messages += o.Messages
	t.Dropped += o.Dropped
	t.Bytes += o.Bytes
	t.Other += o.Other
}

// Less returns what came since before.
func (t Tally) Less(before Tally) Tally {
	return Tally{
		Frames: t.Frames - before.Frames, Messages: t.Messages - before.Messages, Dropped: t.Dropped - before.Dropped,
		Bytes: t.Bytes - before.Bytes, Other: t.Other - before.Other,
	}
}

// Reading is what a frame says.
type Reading struct {
	News     bool
	Messages int64
	Dropped  int64
	Mark     int64 // how far it says that its viewer has come, for servers that say it
	Last     bool  // of the stream
}

// Dialect is how viewers of a server speak.
type Dialect struct {
	WebSocket bool                       // instead of a stream over HTTP/2
	Procedure string                     // or the path
	Headers   [][2]string                // but for the viewer's own
	Request   []byte                     // the one message that is sent
	Read      func(frame []byte) Reading // what a frame says; it is called for all but the first
	Bearer    func(viewer int) string    // the token of a viewer; nil: none
}

// Crowd is the viewers of a room, each with a connection of its own.
type Crowd struct {
	poller  *Poller
	dialect Dialect
	ready   int
	viewers []*watching
	total   Tally
	broken  int
	fault   error // of the first that broke
}

// NewCrowd returns a crowd of nobody.
func NewCrowd(p *Poller, d Dialect) *Crowd { return &Crowd{poller: p, dialect: d} }

// Add connects one viewer more.
func (c *Crowd) Add(address netip.AddrPort) error {
	headers := c.dialect.Headers
	if c.dialect.Bearer != nil {
		headers = append([][2]string{{"authorization", "Bearer " + c.dialect.Bearer(len(c.viewers))}}, headers...)
	}
	block := newBlocks(address.String(), c.dialect.Procedure, headers).first
	var seen *watching
	err := c.poller.Dial(address, func(conn *Conn) Handler {
		if c.dialect.WebSocket {
			v := newSocketViewer(conn, c, address.String())
			seen = &v.watching
			return v
		}
		v := &viewer{crowd: c}
		v.client = newClient(conn, v)
		v.request(1, block, enveloped(c.dialect.Request))
		seen = &v.watching
		return v
	})
	if err == nil {
		c.poller.Do(func() { c.viewers = append(c.viewers, seen) })
	}
	return err
}

// Standing is how a crowd is.
type Standing struct {
	Tally
	Ready  int   // have their first frame
	Broken int   // lost their stream
	Fault  error // why the first of these did
	Behind int   // have not come to the mark
}

// Standing returns how the crowd is. A viewer is behind who has come less far than the
// mark.
func (c *Crowd) Standing(mark int64) (s Standing) {
	c.poller.Do(func() {
		s = Standing{Tally: c.total, Ready: c.ready, Broken: c.broken, Fault: c.fault}
		for _, v := range c.viewers {
			if v.mark < mark {
				s.Behind++
			}
		}
	})
	return s
}

// Spread returns the fewest and the most messages that came to one viewer.
func (c *Crowd) Spread() (fewest, most int64) {
	c.poller.Do(func() {
		for i, v := range c.viewers {
			if i == 0 || v.messages < fewest {
				fewest = v.messages
			}
			most = max(most, v.messages)
		}
	})
	return fewest, most
}

// lost notes that a viewer lost its stream.
func (c *Crowd) lost(err error) {
	if c.broken++; c.fault == nil {
		c.fault = err
	}
}

// watching is what one viewer has seen.
type watching struct {
	ready    bool
	messages int64
	mark     int64
}

// errEnded is a stream that the server ended.
var errEnded = errors.New("the server ended the stream")

// take counts a frame.
func (w *watching) take(c *Crowd, frame []byte) error {
	if !w.ready {
		w.ready = true
		c.ready++
		return nil
	}
	r := c.dialect.Read(frame)
	t := Tally{Other: 1}
	if r.News {
		t = Tally{Frames: 1, Messages: r.Messages, Dropped: r.Dropped, Bytes: int64(len(frame))}
	}
	c.total.add(t)
	w.messages += r.Messages
	w.mark = max(w.mark, r.Mark)
	if r.Last {
		return errEnded
	}
	return nil
}

// viewer is one stream over HTTP/2.
type viewer struct {
	*client

	crowd    *Crowd
	body     envelopes
	watching watching
}

// headers implements streams.
func (v *viewer) headers(_ uint32, block []byte, ended bool) error {
	switch {
	case !v.watching.ready && (len(block) == 0 || block[0] != ok):
		return errStatus
	case ended:
		return errEnded
	}
	return nil
}

// data implements streams.
func (v *viewer) data(_ uint32, b []byte, ended bool) error {
	err := v.body.read(b, func(flags byte, frame []byte) error {
		if flags != 0 {
			return fmt.Errorf("%w: %q", errEnded, frame)
		}
		return v.watching.take(v.crowd, frame)
	})
	if err == nil && ended {
		return errEnded
	}
	return err
}

// Lost implements Handler.
func (v *viewer) Lost(err error) { v.crowd.lost(err) }
