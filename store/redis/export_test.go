package redis

// ErrAway is what a call is turned away with that Redis was not asked for.
var ErrAway = errAway
