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

	createQuiz
	getQuiz
	listQuizzes
	runningQuizzes
	changeQuiz
	claimQuizTasks
	completeQuizTask
	dropQuizTask
	quizPart
	quizTally

	putAnswers
	putNotes
	seal
	slotLives
	answerCounts
	deliveredTo
	putStandings
	standingsOf
	dropAnswers

	post
	balances
	transaction
	transactions
	accounts

	putGift
	getGift
	listGifts
	sendGifts
	settleGifts
	giftTotals
	giftCounters
	putGoal
	points

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
	createQuiz: "create_quiz", getQuiz: "quiz", listQuizzes: "quizzes", runningQuizzes: "running_quizzes",
	changeQuiz: "change_quiz", claimQuizTasks: "claim_quiz_tasks", completeQuizTask: "complete_quiz_task",
	dropQuizTask: "drop_quiz_task", quizPart: "quiz_part", quizTally: "quiz_tally",
	putAnswers: "put_answers", putNotes: "put_notes", seal: "seal", slotLives: "slot_lives", answerCounts: "answer_counts",
	deliveredTo: "delivered_to", putStandings: "put_standings", standingsOf: "standings_of", dropAnswers: "drop_answers",
	post: "post", balances: "balances", transaction: "transaction", transactions: "transactions", accounts: "accounts",
	putGift: "put_gift", getGift: "gift", listGifts: "gifts", sendGifts: "send_gifts", settleGifts: "settle_gifts",
	giftTotals: "gift_totals", giftCounters: "gift_counters", putGoal: "put_goal", points: "points",
}

// String returns the operation's name, as metrics carry it.
func (o operation) String() string { return operationNames[o] }
