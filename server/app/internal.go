package app

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// internalPages are what operators find at the internal address, and the index lists.
var internalPages = []struct{ path, about string }{
	{"/metrics", "what to watch, for Prometheus; docs/METRICS.md says what each series is"},
	{"/healthz", "the process runs"},
	{"/readyz", "it wants traffic; 503 from the moment it drains"},
	{"/debug/pprof/", "profiles: heap, goroutine, profile?seconds=30 (CPU), trace?seconds=5"},
}

// internalHandler is what operators see. It has the probes too: the public address
// takes no new connections from the moment a drain begins, this one does to its end.
func (a *App) internalHandler() http.Handler {
	mux := http.NewServeMux()
	a.addProbes(mux)
	mux.HandleFunc("GET /{$}", internalIndex)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{Registry: a.metrics.registry}))
	mux.HandleFunc("/debug/pprof/", pprof.Index) // without cmdline: a secret may be among the flags
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// internalIndex lists what there is.
func internalIndex(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	b.WriteString("Ovation, for operators: keep this address private.\n\n")
	for _, page := range internalPages {
		_, _ = fmt.Fprintf(&b, "%-15s %s\n", page.path, page.about)
	}
	answer(w, http.StatusOK, b.String())
}
