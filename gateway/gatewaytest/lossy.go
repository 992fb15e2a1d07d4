package gatewaytest

import (
	"context"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Fault is a way in which a bus fails.
type Fault int

// The faults. None of them is an error that a caller sees: that is what makes them hard.
const (
	NoFault Fault = iota
	DropAll       // every hint is lost; presence works
	Double        // every hint comes twice
	Reorder       // hints of one call come last first, and one call's after the next one's
	Delay         // every hint comes 300 ms later
	Silent        // nothing comes through: no hint, no gap, no beat, no member
)

// hintDelay is how late the fault Delay is.
const hintDelay = 300 * time.Millisecond

// Lossy is a bus that fails as told. Make it with LossyBus.
type Lossy struct {
	gateway.Bus
	gaps chan struct{}
	done chan struct{}
	wait sync.WaitGroup

	mu    sync.Mutex
	fault Fault
	held  []gateway.Hint // by Reorder, until the next call
	ended bool
}

// LossyBus wraps inner and fails by fault until Set says otherwise. Close closes inner too.
func LossyBus(inner gateway.Bus, fault Fault) *Lossy {
	l := &Lossy{Bus: inner, fault: fault, gaps: make(chan struct{}, 1), done: make(chan struct{})}
	l.wait.Go(l.passGaps)
	return l
}

// Set changes how the bus fails from the next call on. What was held back by Reorder is lost.
func (l *Lossy) Set(fault Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault, l.held = fault, nil
}

func (l *Lossy) now() Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fault
}

// Publish sends, loses, doubles, turns round or delays the hints.
func (l *Lossy) Publish(ctx context.Context, hints ...gateway.Hint) error {
	switch l.now() {
	case DropAll, Silent:
		return nil
	case Double:
		if err := l.Bus.Publish(ctx, hints...); err != nil {
			return err
		}
	case Reorder:
		hints = l.turn(hints)
	case Delay:
		l.later(hints)
		return nil
	}
	return l.Bus.Publish(ctx, hints...)
}

// turn gives what the call before left, after the new hints, and keeps the first of these for the next call.
func (l *Lossy) turn(hints []gateway.Hint) []gateway.Hint {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []gateway.Hint
	for i := len(hints) - 1; i > 0; i-- {
		out = append(out, hints[i])
	}
	out = append(out, l.held...)
	l.held = append([]gateway.Hint(nil), hints[:min(1, len(hints))]...)
	return out
}

func (l *Lossy) later(hints []gateway.Hint) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.wait.Go(func() {
		t := time.NewTimer(hintDelay)
		defer t.Stop()
		select {
		case <-t.C:
			_ = l.Bus.Publish(context.Background(), hints...)
		case <-l.done:
		}
	})
}

// Gaps passes the inner bus's gaps on, but not while Silent.
func (l *Lossy) Gaps() <-chan struct{} { return l.gaps }

func (l *Lossy) passGaps() {
	for {
		select {
		case <-l.done:
			return
		case <-l.Bus.Gaps():
		}
		if l.now() == Silent {
			continue
		}
		select {
		case l.gaps <- struct{}{}:
		default:
		}
	}
}

// Beat is lost while Silent.
func (l *Lossy) Beat(ctx context.Context, set, member string, ttl time.Duration) error {
	if l.now() == Silent {
		return nil
	}
	return l.Bus.Beat(ctx, set, member, ttl)
}

// Drop is lost while Silent.
func (l *Lossy) Drop(ctx context.Context, set, member string) error {
	if l.now() == Silent {
		return nil
	}
	return l.Bus.Drop(ctx, set, member)
}

// Members gives nobody while Silent.
func (l *Lossy) Members(ctx context.Context, set string) ([]string, error) {
	if l.now() == Silent {
		return nil, nil
	}
	return l.Bus.Members(ctx, set)
}

// Close stops what is delayed and closes the inner bus.
func (l *Lossy) Close() error {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return nil
	}
	l.ended = true
	close(l.done)
	l.mu.Unlock()
	l.wait.Wait()
	return l.Bus.Close()
}
