package verifytest_test

import (
	"testing"

	"github.com/postern-chat/postern/verify/verifytest"
)

func TestMemory(t *testing.T) {
	verifytest.Ledger(t, func(*testing.T) verifytest.Store { return verifytest.NewMemory(verifytest.Noon) })
}
