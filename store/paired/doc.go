// Package paired makes a store of two backends, by the rule that package store states:
// a durable one that holds the truth of rooms, sanctions, words and history, and a hot
// one that holds all that happens in rooms, and copies.
//
// What a copy is of is changed in the durable backend first. In the same transaction
// that notes a debt: the hot backend is owed the change. Whoever made the change hands
// it over at once; a few seconds later any store that runs hands over what is as it is
// then, and pays the debt. So a node that dies between the two steps, or an outage of the
// hot backend, delays a change and loses none.
//
// The hot backend may lose the latest of what it was handed, when it fails over or starts
// again; then the logs in it have other epochs. A store that sees a room for the first
// time, or in another epoch, hands its copies over again.
//
// # History
//
// Messages are archived behind their being sent: every second each node looks at the rooms
// that it has sent to or follows, and whoever has the lease to a room's archive moves what
// its log holds into the durable backend, from the place up to which that was done to its
// head. The place moves in the same transaction, so that each message is kept once,
// whoever believes to have the lease. While the durable backend is away the log holds what
// it can; what it dropped before it could be kept is counted and logged.
//
// # Quizzes
//
// A quiz has its truth in the durable backend, and no copy: the hot one holds what its
// players do while a question is open, and is told of changes to publish them. A quiz goes
// by the hot backend's clock, as answers do: its changes get that for the instant, and its
// tasks are due by it.
package paired
