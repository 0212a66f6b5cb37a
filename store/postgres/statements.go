package postgres

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed sql/*.sql
var sources embed.FS

// statements is every statement of sql/*.sql, by the name on the line before it.
var statements = load()

// heading begins the line that names a statement.
const heading = "-- name: "

// load reads the statements.
func load() map[string]string {
	files, err := fs.Glob(sources, "sql/*.sql")
	if err != nil {
		panic(err) // the pattern is right
	}
	all := make(map[string]string)
	for _, file := range files {
		b, err := sources.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded
		}
		for _, part := range strings.Split(string(b), heading)[1:] {
			name, text, _ := strings.Cut(part, "\n")
			if _, twice := all[name]; twice {
				panic("postgres: two statements are named " + name)
			}
			all[name] = strings.TrimSuffix(strings.TrimSpace(text), ";")
		}
	}
	return all
}

// statement returns the text of a statement.
func statement(name string) string {
	text, ok := statements[name]
	if !ok {
		panic("postgres: no statement is named " + name)
	}
	return text
}
