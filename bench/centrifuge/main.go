// Command centrifuge is the least that a server on Centrifuge can be, the library that
// Centrifugo is built on: WebSocket, Protobuf, everyone subscribed to one channel on
// connecting, no history, no presence, and every publication encoded once.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/centrifugal/centrifuge"

	"github.com/ovation-live/ovation/bench/rival"
)

// channel is what everyone is subscribed to.
const channel = "bench"

func main() {
	node, err := newNode()
	if err != nil {
		fmt.Fprintln(os.Stderr, "centrifuge:", err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		UseWriteBufferPool: true, // less memory for each who is idle
		CheckOrigin:        func(*http.Request) bool { return true },
	}))
	server := &http.Server{Handler: mux} //nolint:gosec // loopback, and the clients are ours
	rival.Server{
		Name:  "centrifuge",
		Serve: func(l net.Listener) error { return server.Serve(l) },
		Publish: func(frame []byte) {
			if _, err := node.Publish(channel, frame); err != nil {
				fmt.Fprintln(os.Stderr, "centrifuge: publishing:", err)
			}
		},
	}.Main()
}

// newNode starts a node that lets everyone in.
func newNode() (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError})
	if err != nil {
		return nil, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: "viewer"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
		}, nil
	})
	return node, node.Run()
}
