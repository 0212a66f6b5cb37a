package app

import (
	"context"
	"fmt"

	"github.com/ovation-live/ovation/server/auth"
	"github.com/ovation-live/ovation/server/keyset"
)

// buildVerifier makes what knows callers by their tokens. Public keys are read for the
// first time: a server that knows nobody does not start.
func (a *App) buildVerifier(ctx context.Context) error {
	o := auth.Options{Issuer: a.config.AuthIssuer, Audience: a.config.AuthAudience}
	if a.config.AuthJWKS != "" {
		if err := a.openKeys(ctx); err != nil {
			return err
		}
		o.Keys = a.keys
	}
	a.verifier = auth.NewVerifierWith(a.config.Secret(), o)
	return nil
}

// openKeys reads the public keys, and keeps them current.
func (a *App) openKeys(ctx context.Context) error {
	source, err := keyset.ParseSource(a.config.AuthJWKS)
	if err != nil {
		return fmt.Errorf("--auth-jwks: %w", err)
	}
	a.keys, err = keyset.Open(ctx, keyset.Config{
		Source:  source,
		Refresh: a.config.AuthJWKSRefresh,
		Logger:  a.logger,
		Metrics: keyset.NewMetrics(a.metrics.registry),
	})
	if err != nil {
		return fmt.Errorf("%w; the server needs it once to start, name one that can be read with --auth-jwks", err)
	}
	return nil
}
