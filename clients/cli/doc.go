// Command ovation works with an Ovation server from the terminal: it makes rooms,
// reads and writes in them, plays chat logs into them, and fills them with viewers
// who check that nothing gets lost on the way.
//
//	ovation room list
//	ovation tail demo
//	ovation send demo "hello there"
//	ovation replay chat.jsonl --room demo --speed 60
//	ovation watch demo --viewers 1000 --until-idle 3s
//	ovation doctor --redis-url redis://localhost:6379
//
// Without a token it mints one with the development secret, for the role that the
// command needs. It exits with 0 if all went well, 1 if something failed, and 2 if it
// was called wrongly, whether it saw that itself or the server did.
package main
