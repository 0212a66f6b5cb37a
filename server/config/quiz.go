package config

import (
	"errors"
	"fmt"
)

// Quiz is how quizzes are served.
type Quiz struct {
	QuizMaxWaiting int    `default:"10000" placeholder:"N" help:"Most answers of quizzes that wait for the store on this node; who sends more is told to come again, with a ticket by which the answer counts as of the first try (default ${default})."`
	QuizTicketKey  Secret `placeholder:"SECRET" help:"Key that such tickets are signed with, at least 32 bytes; the same on every node. Without it, it is derived from --auth-secret; without that too, each node knows its own tickets alone."`
}

// minTicketKey is the shortest key of tickets.
const minTicketKey = 32

func (q Quiz) validate() error {
	var short error
	if n := len(q.QuizTicketKey); n > 0 && n < minTicketKey {
		short = fmt.Errorf("--quiz-ticket-key has %d bytes, it needs at least %d: try `openssl rand -hex 32`", n, minTicketKey)
	}
	return errors.Join(between("--quiz-max-waiting", q.QuizMaxWaiting, 1, maxLimit), short)
}

// TicketKey returns the key of tickets that all nodes share; empty: there is none.
func (c Config) TicketKey() []byte {
	if c.QuizTicketKey != "" {
		return []byte(c.QuizTicketKey)
	}
	return []byte(c.Secret())
}
