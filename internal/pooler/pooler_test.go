package pooler_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ovation-live/ovation/internal/pooler"
	"github.com/ovation-live/ovation/internal/services"
)

func TestMain(m *testing.M) { services.Main(m) }

// A pool by transaction is found, and that it loses what was prepared, each time that one
// looks; nothing stands before Postgres itself.
func TestPools(t *testing.T) {
	t.Parallel()
	direct := services.NewDatabase(t)
	for _, tt := range []struct {
		url     string
		between bool
		keeps   pooler.Keeping
	}{
		{direct, false, pooler.Unknown},
		{services.Pooled(t, direct), true, pooler.Lost},
		{services.Pooled(t, direct), true, pooler.Lost},
	} {
		conn, err := pgx.Connect(t.Context(), tt.url)
		if err != nil {
			t.Fatal(err)
		}
		between, err := pooler.Between(t.Context(), conn)
		if err != nil || between != tt.between {
			t.Errorf("Between = %v, %v; want %v", between, err, tt.between)
		}
		if tt.between {
			if keeps := pooler.Keeps(t.Context(), conn); keeps != tt.keeps {
				t.Errorf("Keeps = %v, want %v", keeps, tt.keeps)
			}
		}
		_ = conn.Close(t.Context())
	}
}
