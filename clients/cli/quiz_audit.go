package main

type quizAuditCommand struct{}
