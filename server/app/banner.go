package app

import (
	"fmt"
	"strings"
)

// Banner says where the server is and, in development, what to try.
func (a *App) Banner() string {
	var b strings.Builder
	url := a.PublicURL()
	if !a.config.Development() {
		fmt.Fprintf(&b, "Ovation is serving on %s (internal: %s)\n", url, a.InternalURL())
		return b.String()
	}
	server, kept := "", "embedded store"
	if a.config.Shared() {
		kept = "rooms in Redis and Postgres"
	}
	if url != "http://localhost:8080" {
		server = " --server " + url
	}
	fmt.Fprintf(&b, `Ovation is serving, in development mode: %[5]s, well-known secret, loopback only.

  Page      %[1]s/?room=%[3]s
  RPC       %[1]s  (Connect, gRPC and gRPC-Web)
  Metrics   %[2]s/metrics

Open the page, then let something happen in the room, from another terminal:

  go run ./clients/cli%[4]s send %[3]s "hello"
  go run ./clients/cli%[4]s tail %[3]s
  go run ./clients/cli%[4]s attr set %[3]s seat:1=alice
  go run ./clients/cli%[4]s watch %[3]s --viewers 100 --until-idle 5s &
  go run ./clients/cli%[4]s replay examples/chat.jsonl --room %[3]s --speed 30

Or without our clients:

  TOKEN=$(go run ./clients/cli%[4]s token)
  curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"roomId":"%[3]s"}' %[1]s/ovation.v1.RoomService/GetRoom

Stop with Ctrl-C.
`, url, a.InternalURL(), DemoRoom, server, kept)
	return b.String()
}
