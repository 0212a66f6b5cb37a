// Package paired makes a store of two backends, by the rule that package store states:
// a durable one that holds the truth of rooms, sanctions, words and history, and a hot
// one that holds all that happens in rooms, and copies.
//
// What a copy is of is changed in the durable backend first. In the same transaction
// that notes a debt: the hot backend is owed the change. Whoever made the change hands
// it over and pays the debt; what is owed for longer than a moment is handed over by
// any store that runs, so that a node which dies between the two steps, or an outage of
// the hot backend, delays a change and loses none.
package paired
