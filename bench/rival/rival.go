// Package rival is what the servers that Ovation is compared with have in common: their
// flags, the control surface on an internal address, and the log of frames that their
// viewers read. It imports the standard library alone.
package rival

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"os/signal"
	"syscall"
)

// A Server is what is compared.
type Server struct {
	Name string
	// Serve serves viewers until the listener is closed.
	Serve func(l net.Listener) error
	// Publish gives a frame to every viewer. The frame is not changed afterwards.
	Publish func(frame []byte)
}

// Main runs the server until SIGTERM or SIGINT and ends the process.
func (s Server) Main() {
	listen := flag.String("listen", "127.0.0.1:0", "address for viewers, `HOST:PORT`")
	internal := flag.String("internal-listen", "127.0.0.1:0", "address for control and profiles, `HOST:PORT`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx, *listen, *internal); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		os.Exit(1) //nolint:gocritic // nothing is left that stop would do
	}
}

// run serves both addresses until ctx is done.
func (s Server) run(ctx context.Context, listen, internal string) error {
	var lc net.ListenConfig
	public, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	private, err := lc.Listen(ctx, "tcp", internal)
	if err != nil {
		return err
	}
	fmt.Printf("%s is serving on http://%s (internal: http://%s)\n", s.Name, public.Addr(), private.Addr())
	failed := make(chan error, 2)
	go func() { failed <- s.Serve(public) }()
	go func() { failed <- http.Serve(private, s.control()) }() //nolint:gosec // for the one who started it
	select {
	case err := <-failed:
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

// control is what the benchmark asks of a server: to publish, and profiles of itself.
func (s Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /publish", publisher(s.Publish))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return mux
}
