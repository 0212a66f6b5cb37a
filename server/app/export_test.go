package app

import (
	"log/slog"
	"net/http"
)

// NewServer returns a server as apps serve with, for tests that shorten its times.
func NewServer(h http.Handler) *http.Server {
	return (&App{logger: slog.New(slog.DiscardHandler)}).newServer(h)
}
