package words

import "github.com/ovation-live/ovation/live"

// SetMaxWords has the filter keep only so many words of rooms, beginning with none.
func (f *Filter) SetMaxWords(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.maxWords = n
	for _, id := range []live.RoomID{"r", "s"} {
		f.rooms.Remove(id)
	}
}
