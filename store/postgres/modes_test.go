//go:build !race

package postgres_test

import (
	"testing"

	"github.com/ovation-live/ovation/store/postgres"
)

// TestStore is the suite in the mode that nodes have by default, under the race detector. In the
// others the same code of ours sends the same statements, whose arguments and rows are encoded
// otherwise. So these run without the detector, in a step of their own of `make test`.

func TestStoreThatPreparesNothing(t *testing.T) {
	t.Parallel()
	suite(t, postgres.Exec, 5)
}

func TestStoreThatSendsTexts(t *testing.T) {
	t.Parallel()
	suite(t, postgres.SimpleProtocol, 5)
}
