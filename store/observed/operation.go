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
	pruneEvents

	openConsumer
	keepConsumer
	closeConsumer
	eventConsumer
	eventConsumers
	acknowledgeEvents
	deleteConsumer

	putWebhook
	claimWebhooks
	heldDeliveries
	settleDeliveries
	deadLetters
	retryDeadLetters
	pruneDeadLetters

	createQuiz
	getQuiz
	listQuizzes
	runningQuizzes
	changeQuiz
	claimQuizRequest
	claimQuizTasks
	completeQuizTask
	dropQuizTask
	quizPart
	quizTally

	openAnswers
	putAnswers
	putAnswersAgain
	putNotes
	seal
	slotLives
	answerCounts
	evidenceOf
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
	giftsSetAside
	giftTotals
	giftCounters
	putGoal
	points

	report
	takeReports
	settleReports
	reportsWaiting

	mergeVisits
	closeVisits
	setVisitsAside
	asideVisits
	takeAside
	dropAside
	watchTime
	listVisits
	attendance
	pruneVisits

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
	appendEvents: "append_events", readEvents: "events", pruneEvents: "prune_events",
	openConsumer: "open_consumer", keepConsumer: "keep_consumer", closeConsumer: "close_consumer", eventConsumer: "event_consumer",
	eventConsumers: "event_consumers", acknowledgeEvents: "acknowledge_events", deleteConsumer: "delete_consumer", putWebhook: "put_webhook",
	claimWebhooks: "claim_webhooks", heldDeliveries: "held_deliveries", settleDeliveries: "settle_deliveries", deadLetters: "dead_letters",
	retryDeadLetters: "retry_dead_letters",
	pruneDeadLetters: "prune_dead_letters",
	createQuiz:       "create_quiz", getQuiz: "quiz", listQuizzes: "quizzes", runningQuizzes: "running_quizzes",
	changeQuiz: "change_quiz", claimQuizRequest: "claim_quiz_request", claimQuizTasks: "claim_quiz_tasks", completeQuizTask: "complete_quiz_task",
	dropQuizTask: "drop_quiz_task", quizPart: "quiz_part", quizTally: "quiz_tally",
	openAnswers: "open_answers", putAnswers: "put_answers", putAnswersAgain: "put_answers_again", putNotes: "put_notes", seal: "seal", slotLives: "slot_lives", answerCounts: "answer_counts",
	evidenceOf: "evidence_of", deliveredTo: "delivered_to", putStandings: "put_standings", standingsOf: "standings_of", dropAnswers: "drop_answers",
	post: "post", balances: "balances", transaction: "transaction", transactions: "transactions", accounts: "accounts",
	putGift: "put_gift", getGift: "gift", listGifts: "gifts", sendGifts: "send_gifts", settleGifts: "settle_gifts",
	giftsSetAside: "gifts_set_aside", giftTotals: "gift_totals", giftCounters: "gift_counters", putGoal: "put_goal", points: "points",
	report: "report", takeReports: "take_reports", settleReports: "settle_reports", reportsWaiting: "reports_waiting",
	mergeVisits: "merge_visits", closeVisits: "close_visits", setVisitsAside: "set_aside", asideVisits: "aside_visits",
	takeAside: "take_aside", dropAside: "drop_aside", watchTime: "watch", listVisits: "visits",
	attendance: "attendance", pruneVisits: "prune_visits",
}

// String returns the operation's name, as metrics carry it.
func (o operation) String() string { return operationNames[o] }
