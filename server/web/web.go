// Package web serves the page: the built bundle of clients/web.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Handler serves the page and its assets. Their names do not change with their
// contents, so browsers are to ask whether they are still good. The page may call the
// server that it is from, and others: the base URLs that nodes returns each time, if it
// is not nil.
func Handler(nodes func() []string) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the folder is embedded: it cannot be missing
	}
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		folder := r.URL.Path != "/" && strings.HasSuffix(r.URL.Path, "/")
		if !reads || folder { // nothing is done here, and a folder is no page
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Content-Security-Policy",
			"default-src 'self'; img-src 'self' data:; frame-ancestors 'self'"+connectable(nodes))
		static.ServeHTTP(w, r)
	})
}

// origin is how a base URL begins that a policy can name as it is.
var origin = regexp.MustCompile(`^https?://[A-Za-z0-9.:\[\]-]+`)

// connectable returns what a policy says of the nodes that the page may call; nothing
// without any.
func connectable(nodes func() []string) string {
	if nodes == nil {
		return ""
	}
	sources := []string{"; connect-src", "'self'"}
	for _, node := range nodes() {
		if from := origin.FindString(node); from != "" && (from == node || node[len(from)] == '/') {
			sources = append(sources, from)
		}
	}
	if len(sources) == 2 {
		return ""
	}
	return strings.Join(sources, " ")
}
