package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Cluster is how several nodes share their viewers.
type Cluster struct {
	AdvertiseURL   string `name:"advertise-url" placeholder:"URL" help:"Base URL at which clients reach this node and no other, as https://node-1.example.com; port 0 is the one that it listens on. Without it this node sends its viewers nowhere, and is sent none."`
	NodeID         string `name:"node-id" placeholder:"ID" help:"What tells this node from others (default the host's name, and something random)."`
	ViewersPerNode int    `name:"viewers-per-node" default:"5000" placeholder:"N" help:"Viewers of one room that a node has before the room spreads over one more; the same on every node (default ${default})."`
}

// nodeID is what a node may be called.
var nodeID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)

// maxViewersPerNode is more than a node can have.
const maxViewersPerNode = 10_000_000

// Endpoint returns the base URL at which clients reach this node, empty if it is not
// said. The configuration must be valid.
func (c Cluster) Endpoint() string { return strings.TrimRight(c.AdvertiseURL, "/") }

func (c Cluster) validate(encrypted bool) error {
	faults := []error{
		validateAdvertised(c.AdvertiseURL, encrypted),
		between("--viewers-per-node", c.ViewersPerNode, 1, maxViewersPerNode),
	}
	if c.NodeID != "" && !nodeID.MatchString(c.NodeID) {
		faults = append(faults, fmt.Errorf("--node-id %q is no id: 1 to 128 letters, digits, and . _ : - after the first", c.NodeID))
	}
	return errors.Join(faults...)
}

// validateAdvertised checks that clients can make use of an address.
func validateAdvertised(address string, encrypted bool) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "",
		u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return fmt.Errorf("--advertise-url %q is no base URL like https://node-1.example.com", address)
	case isUnspecified(u.Hostname()):
		return fmt.Errorf("--advertise-url %q names every address of this machine, which clients elsewhere cannot reach: name one", address)
	case encrypted && u.Scheme == "http":
		return fmt.Errorf("--advertise-url %q is http, and this server speaks TLS: write https", address)
	default:
		return nil
	}
}

// isUnspecified says whether a host is where servers listen on all addresses, as 0.0.0.0.
func isUnspecified(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsUnspecified()
}
