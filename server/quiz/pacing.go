package quiz

import (
	"sync"
	"time"
)

// pacing has calls begin together: the first after a pause at once, and those that come
// within an interval of others when it is over. So what the lanes of all intakes have for a
// store that is a network away goes there, and its answers come back, at one go. The zero
// value lets every call begin at once.
type pacing struct {
	interval time.Duration

	mu   sync.Mutex
	next time.Time     // when calls may begin again
	gate chan struct{} // closed then; nil: nobody waits
}

// wait waits until a call may begin.
func (p *pacing) wait() {
	if p.interval <= 0 {
		return
	}
	if gate := p.enter(time.Now()); gate != nil {
		<-gate
	}
}

// enter returns what to wait for, nil for nothing.
func (p *pacing) enter(now time.Time) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := p.next.Sub(now)
	switch {
	case p.gate != nil:
	case wait <= 0:
		p.next = now.Add(p.interval)
		return nil
	default:
		p.gate = make(chan struct{})
		time.AfterFunc(wait, p.begin)
	}
	return p.gate
}

// begin lets all begin that wait.
func (p *pacing) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = time.Now().Add(p.interval)
	close(p.gate)
	p.gate = nil
}
