// Package redisurl reads addresses of Redis as operators write them.
package redisurl

import (
	"net/url"

	"github.com/redis/rueidis"
)

// Parse reads redis://, rediss:// or unix://, with rueidis' parameters: addr for more
// addresses of a cluster or of Sentinels, master_set for what the Sentinels call the server.
// To these it adds who one is to the Sentinels, sentinel_username and sentinel_password; and
// rediss:// is TLS to them too.
func Parse(address string) (rueidis.ClientOption, error) {
	option, err := rueidis.ParseURL(address)
	if err != nil {
		return option, err
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return option, err
	}
	q := parsed.Query()
	option.Sentinel.Username, option.Sentinel.Password = q.Get("sentinel_username"), q.Get("sentinel_password")
	option.Sentinel.ClientName = option.ClientName
	if option.TLSConfig != nil {
		option.Sentinel.TLSConfig = option.TLSConfig.Clone()
	}
	return option, nil
}
