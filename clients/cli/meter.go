package main

import "time"

// meter tells the rate of something that is counted, over the latest seconds.
type meter struct {
	at    time.Time
	count int64
	rate  float64
}

// meterWindow is over how long a rate is taken at least.
const meterWindow = 2 * time.Second

func newMeter() *meter { return &meter{at: time.Now()} }

// per takes the count as it is now and returns the rate a second.
func (m *meter) per(count int64) float64 {
	now := time.Now()
	passed := now.Sub(m.at)
	if passed >= meterWindow || m.rate == 0 && passed > 0 {
		m.rate = float64(count-m.count) / passed.Seconds()
	}
	if passed >= meterWindow {
		m.at, m.count = now, count
	}
	return m.rate
}
