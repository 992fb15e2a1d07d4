package site

import (
	"sync"
	"time"
)

// limiter counts attempts by key in windows of ten minutes, in memory: a restart forgives.
type limiter struct {
	now   func() time.Time
	mu    sync.Mutex
	since time.Time
	count map[string]int
}

const limitWindow = 10 * time.Minute

// take counts one attempt and reports whether it is among the first most of this window. The attempt is counted
// before anything is looked up, so racing guesses do not get more of them.
func (l *limiter) take(key string, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.now(); l.count == nil || now.Sub(l.since) >= limitWindow {
		l.count, l.since = map[string]int{}, now
	}
	l.count[key]++
	return l.count[key] <= most
}

// undo takes one attempt back: it was no guess.
func (l *limiter) undo(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count[key]--; l.count[key] <= 0 {
		delete(l.count, key)
	}
}

// forgive forgets a key, after a right password.
func (l *limiter) forgive(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.count, key)
}
