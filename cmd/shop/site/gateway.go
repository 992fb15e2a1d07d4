package site

import (
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

// keyCache keeps the gateway's published keys for as long as it says they hold.
type keyCache struct {
	mu  sync.Mutex
	set verify.KeySet
	at  time.Time
}
