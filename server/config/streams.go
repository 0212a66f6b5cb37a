package config

import "fmt"

// Streams says how connections are served.
type Streams struct {
	HTTP2 string `name:"http2" env:"OVATION_HTTP2" default:"lean" placeholder:"lean|std" help:"What serves HTTP/2: lean is Ovation's own server, which takes less memory and time for each viewer; std is that of Go's standard library (default ${default})."`
}

// LeanHTTP2 says whether Ovation's own server serves HTTP/2.
func (s Streams) LeanHTTP2() bool { return s.HTTP2 == "lean" }

func (s Streams) validate() error {
	if s.HTTP2 != "std" && s.HTTP2 != "lean" {
		return fmt.Errorf("--http2 is %q, must be std or lean", s.HTTP2)
	}
	return nil
}
