package observed

// operation is a method of a role.
type operation uint8

const (
	createRoom operation = iota
	getRoom
	listRooms
	updateRoom
	endRoom

	appendMessage
	recallMessage
	getMessage
	readLog
	readRecent
	readBetween
	readHead
	readMarks
	readHistory

	updateAttributes
	attributesSince
	attributeSnapshot

	join
	renew
	leave
	expire
	settle
	members
	online

	applySanction
	liftSanction
	listSanctions
	standing
	standings
	sanctionRevisions

	putWords
	wordLists
	wordsOf
	allWords
	wordsRevision

	follow

	announce
	withdraw
	listNodes

	appendEvents
	readEvents
	eventConsumer
	acknowledgeEvents
	pruneEvents

	operations
)

// operationNames are the methods' own.
var operationNames = [operations]string{
	createRoom: "create_room", getRoom: "room", listRooms: "rooms", updateRoom: "update_room", endRoom: "end_room",
	appendMessage: "append", recallMessage: "recall", getMessage: "message", readLog: "read", readRecent: "recent",
	readBetween: "between", readHead: "head", readMarks: "marks", readHistory: "history",
	updateAttributes: "update_attributes", attributesSince: "attributes_since", attributeSnapshot: "attribute_snapshot",
	join: "join", renew: "renew", leave: "leave", expire: "expire", settle: "settle", members: "members", online: "online",
	applySanction: "apply_sanction", liftSanction: "lift_sanction", listSanctions: "sanctions", standing: "standing",
	standings: "standings", sanctionRevisions: "sanction_revisions",
	putWords: "put_words", wordLists: "word_lists", wordsOf: "words_of", allWords: "all_words", wordsRevision: "words_revision",
	follow:   "follow",
	announce: "announce", withdraw: "withdraw", listNodes: "nodes",
	appendEvents: "append_events", readEvents: "events", eventConsumer: "event_consumer",
	acknowledgeEvents: "acknowledge_events", pruneEvents: "prune_events",
}

// String returns the operation's name, as metrics carry it.
func (o operation) String() string { return operationNames[o] }
