package services

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

// do sends one command over a connection of its own.
func (r *Redis) do(args ...string) (any, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{r.Addr()}, ForceSingleClient: true, DisableCache: true, DisableRetry: true,
		ConnWriteTimeout: patience,
	})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := client.Do(ctx, client.B().Arbitrary(args...).Build()).ToAny()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, fmt.Errorf("redis at %s: %v: %w", r.Addr(), args, err)
	}
	return got, nil
}
