package room

import "github.com/ovation-live/ovation/live"

// Incarnation tells the streams of one session apart: it grows each time that the
// session is joined or resumed. 0 is none.
type Incarnation int64

// Session is one device's stay in a room.
type Session struct {
	ID          live.SessionID
	User        live.UserID
	Name        string
	Role        live.Role
	Joined      live.Timestamp
	Incarnation Incarnation
}

// Member is a user who is in a room now, with however many sessions.
type Member struct {
	User     live.UserID
	Name     string
	Role     live.Role
	Joined   live.Timestamp // of the first of the present sessions
	Sessions int
}

// Online is how many are in a room now.
type Online struct {
	Users    int
	Sessions int
}
