package app

import (
	"github.com/ovation-live/ovation/server/config"
	"github.com/ovation-live/ovation/server/interceptor"
	"github.com/ovation-live/ovation/server/limit"
	"github.com/ovation-live/ovation/server/rpc"
)

// newLimits returns what callers are held to.
func newLimits(c config.Limits, m *limit.Metrics) interceptor.Limits {
	return interceptor.Limits{
		Addresses: limit.NewAddresses(limit.AddressLimits{
			Connections: c.AddressConnections,
			Connects:    c.AddressConnectRate,
			Requests:    c.AddressRequestRate,
			BadTokens:   c.AddressBadTokenRate,
			Total:       c.MaxConnections,
			Exempt:      c.Exempt(),
			Proxies:     c.Proxies(),
		}, m),
		Users: limit.NewUsers(limit.UserLimits{
			Connects: c.UserConnectRate,
			Sends:    c.UserSendRate,
			Reads:    c.UserReadRate,
			Streams:  c.UserStreams,
			Pulls:    c.UserPulls,
		}, m),
		Call: rpc.Call,
	}
}
