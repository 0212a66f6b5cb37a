package hostile

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// floods is how many connections flood a server with frames at once.
const floods = 4

// Streams and long polls that are opened and reset at once (CVE-2023-44487), by so many
// users that no limit of theirs helps.
func TestRapidResets(t *testing.T) {
	resets := size(3000, 25_000)
	attack{name: fmt.Sprintf("%d streams, reset at once", floods*resets), most: 128, do: func(t *testing.T, s *server) {
		var authorizations []string
		for i := range 200 {
			authorizations = append(authorizations, bearer(t, fmt.Sprintf("resetter-%d", i)))
		}
		peers(floods, func(i int) {
			p := newPeer(s.connect(t, i))
			told := p.listen()
			made := 0
			for ; made < resets && p.err == nil; made++ {
				stream := uint32(2*made + 1)
				who := authorizations[made/2%len(authorizations)]
				if made%2 == 0 {
					p.call(stream, "FeedService/Subscribe", "application/connect+json", who, envelope(`{"roomId":"steady"}`))
				} else {
					p.call(stream, "FeedService/Pull", "application/json", who, `{"roomId":"steady","wait":"60s"}`)
				}
				p.note(p.framer.WriteRSTStream(stream, http2.ErrCodeCancel))
			}
			h := p.finish(told)
			t.Logf("%d resets; answered %v, told to go away: %v, %v", made, h.statuses, h.gone, h.goAway)
			if h.statuses["500"] > 0 {
				t.Errorf("answered %v", h.statuses)
			}
		})
	}}.run(t)
}

// Headers that never end (CVE-2023-45288): the connection is cut long before they would.
func TestContinuationFlood(t *testing.T) {
	const most = 256 << 20
	attack{name: "headers that never end", most: 64, do: func(t *testing.T, s *server) {
		peers(floods, func(i int) {
			p := newPeer(s.connect(t, i))
			told := p.listen()
			p.note(p.framer.WriteHeaders(http2.HeadersFrameParam{
				StreamID: 1, BlockFragment: p.request("FeedService/Send", "application/json", ""),
			}))
			p.block.Reset()
			_ = p.fields.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("|", 8<<10), Sensitive: true})
			sent := 0
			for ; sent < most && p.err == nil; sent += p.block.Len() {
				p.note(p.framer.WriteContinuation(1, false, p.block.Bytes()))
			}
			h := p.finish(told)
			t.Logf("cut after %d KiB: %v, %v, answered %v", sent>>10, h.gone, h.goAway, h.statuses)
			if p.err == nil {
				t.Errorf("%d bytes of headers were taken", sent)
			}
		})
	}}.run(t)
}

// Small headers that decode to large ones.
func TestHeaderBombs(t *testing.T) {
	bombs := size(200, 2000)
	attack{name: fmt.Sprintf("%d headers of 40 MB in 10 KB", floods*bombs), most: 192, do: func(t *testing.T, s *server) {
		peers(floods, func(i int) {
			p := newPeer(s.connect(t, i))
			told := p.listen()
			block := p.request("FeedService/Send", "application/json", "")
			p.block.Reset()
			_ = p.fields.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 4000)})
			block = append(block, p.block.Bytes()...)
			// It is the latest of the dynamic table: index 62, in a byte.
			bomb := strings.Repeat("\xbe", 10_000)
			for n := 0; n < bombs && p.err == nil; n++ {
				if n > 0 {
					block = p.request("FeedService/Send", "application/json", "")
				}
				p.note(p.framer.WriteHeaders(http2.HeadersFrameParam{
					StreamID: uint32(2*n + 1), BlockFragment: append(block, bomb...), EndHeaders: true, EndStream: true,
				}))
			}
			h := p.finish(told)
			t.Logf("answered %v, told to go away: %v, %v", h.statuses, h.gone, h.goAway)
			if h.statuses["431"] == 0 || h.statuses["200"] > 0 {
				t.Errorf("answered %v", h.statuses)
			}
		})
	}}.run(t)
}

// Frames that ask for an answer each, none of which is read (CVE-2019-9512, 9515), and
// empty ones that ask for nothing.
func TestControlFloods(t *testing.T) {
	frames := size(25_000, 300_000)
	for name, send := range map[string]func(*peer){
		"PING": func(p *peer) { p.note(p.framer.WritePing(false, [8]byte{1})) },
		"SETTINGS": func(p *peer) {
			p.note(p.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 14}))
		},
		"PRIORITY":      func(p *peer) { p.note(p.framer.WritePriority(1, http2.PriorityParam{Weight: 1})) },
		"WINDOW_UPDATE": func(p *peer) { p.note(p.framer.WriteWindowUpdate(0, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			attack{name: fmt.Sprintf("%d %s frames", floods*frames, name), most: 64, do: func(t *testing.T, s *server) {
				peers(floods, func(i int) {
					p := newPeer(s.connect(t, i))
					sent := 0
					for ; sent < frames && p.err == nil; sent++ {
						send(p)
					}
					h := p.finish(p.listen())
					t.Logf("%d frames, then %v, told to go away: %v, %v", sent, p.err, h.gone, h.goAway)
				})
			}}.run(t)
		})
	}
}
