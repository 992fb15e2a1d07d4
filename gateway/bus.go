package gateway

import (
	"context"
	"time"
)

// Hint wakes nodes. Event is the one with this Seq, at most 8 KiB, and may be absent; Note is a signal of at
// most 256 bytes that is not stored.
type Hint struct {
	Topic string
	Seq   uint64
	Event []byte
	Note  []byte
}

// Bus carries hints between nodes. It may lose, double and reorder them: only numbers find gaps.
type Bus interface {
	// Publish sends hints in one pipeline, off the commit path; it gives up after 50 ms.
	Publish(ctx context.Context, hints ...Hint) error
	// Subscribe calls fn for each hint of topic until cancel. fn must not block.
	Subscribe(topic string, fn func(Hint)) (cancel func())
	// Gaps receives after a reconnect, restart or overflow: look for yourself.
	Gaps() <-chan struct{}
	// Beat keeps member in set for ttl.
	Beat(ctx context.Context, set, member string, ttl time.Duration) error
	// Drop takes member out of set at once.
	Drop(ctx context.Context, set, member string) error
	// Members gives who beat within their ttl.
	Members(ctx context.Context, set string) ([]string, error)
	// Close ends all subscriptions and waits for them.
	Close() error
}
