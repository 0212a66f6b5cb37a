package config

import (
	"errors"
	"fmt"
	"net/netip"
)

// Limits bounds what callers may do. Rates are a second; 0 is no limit.
type Limits struct {
	MaxRequestBytes int `default:"1048576" placeholder:"BYTES" help:"Largest request that is read (default ${default})."`
	MaxConnections  int `default:"0" placeholder:"N" help:"Most connections at once, of all addresses; 0: as many as the system allows (default ${default})."`

	AddressConnections  int      `default:"5000" placeholder:"N" help:"Most connections of one address at once; 0: no limit (default ${default}). An IPv6 /64 is one address."`
	AddressConnectRate  int      `default:"200" placeholder:"N" help:"New connections of one address, a second; 0: no limit (default ${default})."`
	AddressRequestRate  int      `default:"5000" placeholder:"N" help:"Requests of one address, a second; 0: no limit (default ${default})."`
	AddressBadTokenRate int      `default:"20" placeholder:"N" help:"Bad tokens that are looked at from one address, a second; 0: all (default ${default})."`
	LimitExempt         []string `default:"127.0.0.0/8,::1" placeholder:"CIDR" help:"Addresses without limits of an address (default ${default}). Empty: none."`
	TrustedProxies      []string `placeholder:"CIDR" help:"Proxies in front of the server: their connections are not limited, and whom X-Forwarded-For says they call for is."`

	UserConnectRate int `default:"10" placeholder:"N" help:"JoinRoom and Subscribe of one user, a second; 0: no limit (default ${default})."`
	UserSendRate    int `default:"20" placeholder:"N" help:"Calls of one user that change something, a second; 0: no limit (default ${default})."`
	UserReadRate    int `default:"100" placeholder:"N" help:"Other calls of one user, a second; 0: no limit (default ${default})."`
	UserStreams     int `default:"50" placeholder:"N" help:"Most streams of one user at once; 0: no limit (default ${default})."`
	UserPulls       int `default:"50" placeholder:"N" help:"Most Pulls of one user at once, long polls that is; 0: no limit (default ${default})."`
}

// maxLimit is the highest that a limit may be, other than none.
const maxLimit = 1_000_000

func (l Limits) validate() error {
	faults := []error{
		between("--max-request-bytes", l.MaxRequestBytes, 1<<10, 64<<20),
		between("--max-connections", l.MaxConnections, 0, 10*maxLimit),
		between("--address-connections", l.AddressConnections, 0, maxLimit),
		between("--address-connect-rate", l.AddressConnectRate, 0, maxLimit),
		between("--address-request-rate", l.AddressRequestRate, 0, maxLimit),
		between("--address-bad-token-rate", l.AddressBadTokenRate, 0, maxLimit),
		between("--user-connect-rate", l.UserConnectRate, 0, maxLimit),
		between("--user-send-rate", l.UserSendRate, 0, maxLimit),
		between("--user-read-rate", l.UserReadRate, 0, maxLimit),
		between("--user-streams", l.UserStreams, 0, maxLimit),
		between("--user-pulls", l.UserPulls, 0, maxLimit),
	}
	_, exempt := networks("--limit-exempt", l.LimitExempt)
	_, proxies := networks("--trusted-proxies", l.TrustedProxies)
	return errors.Join(append(faults, exempt, proxies)...)
}

// Exempt returns the addresses without limits. The configuration must be valid.
func (l Limits) Exempt() []netip.Prefix {
	found, _ := networks("--limit-exempt", l.LimitExempt)
	return found
}

// Proxies returns the proxies in front of the server. The configuration must be valid.
func (l Limits) Proxies() []netip.Prefix {
	found, _ := networks("--trusted-proxies", l.TrustedProxies)
	return found
}

// networks reads networks and single addresses. What is empty is skipped: so a flag can
// be set to none.
func networks(flag string, values []string) (found []netip.Prefix, err error) {
	var faults []error
	for _, value := range values {
		if value == "" {
			continue
		}
		network, ok := network(value)
		if !ok {
			faults = append(faults, fmt.Errorf("%s %q is neither an address nor a network like 10.0.0.0/8", flag, value))
			continue
		}
		found = append(found, network)
	}
	return found, errors.Join(faults...)
}

// network reads a network, or an address as the network that has no other. Hosts within
// it stand for all of it.
func network(value string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(value); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(value)
	return prefix.Masked(), err == nil && !prefix.Addr().Is4In6()
}
