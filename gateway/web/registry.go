package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// idleAfter is how long a connection is silent before it parks. Parking costs some microseconds at the next
// message, so it is not done between two messages of a lively chat.
const idleAfter = 2 * time.Second

// registry knows every websocket of the process, because fasthttp forgets a connection once it is hijacked.
type registry struct {
	idleAfter time.Duration
	wheel     *wheel
	ctx       context.Context // given to onFrame; ends with shutdown
	cancel    context.CancelFunc
	again     *http.Request  // upgradeAgain, read only
	running   sync.WaitGroup // writers

	mu      sync.Mutex
	last    uint64
	conns   map[*conn]struct{}
	pending int // hijacked, handshake not done
	most    int // open and pending together; 0 = no bound
	perAddr *tally[string]
	memory  *memory // nil = there is no ceiling
	closed  bool
	empty   chan struct{}
}

func newRegistry(ctx context.Context) *registry {
	ctx, cancel := context.WithCancel(ctx)
	return &registry{
		idleAfter: idleAfter, wheel: newWheel(), ctx: ctx, cancel: cancel, again: upgradeAgain(),
		conns: map[*conn]struct{}{}, empty: make(chan struct{}),
	}
}

// Count is how many websockets are open.
func (r *registry) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// bound sets how many sockets there may be at once, and how many from one address; 0 = as many as come. Call it before the first.
func (r *registry) bound(most, perAddress int) {
	r.most = most
	if perAddress > 0 {
		r.perAddr = newTally[string](perAddress)
	}
}

// reserve holds a place for a handshake from an address. Those who are connected go on; newcomers are refused.
// Errors: unavailable (shutting down, all places are taken, or no memory is left), too_many (of this address).
func (r *registry) reserve(addr string) error {
	if r.memory.Full() {
		return gateway.Unavailable("memory", nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.most > 0 && len(r.conns)+r.pending >= r.most {
		return refusal("unavailable")
	}
	if r.perAddr != nil && !r.perAddr.enter(addr) {
		return gateway.TooMany(tooManySockets.Milliseconds())
	}
	r.pending++
	return nil
}

// tooManySockets is after how long somebody may try again whose address has all its places taken.
const tooManySockets = 10 * time.Second

// release gives an address its place back.
func (r *registry) release(addr string) {
	if r.perAddr != nil {
		r.perAddr.leave(addr)
	}
}

func (r *registry) nextID() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	return r.last
}

// add turns a reserved place into a connection. One that arrives during shutdown is told to come back.
func (r *registry) add(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending--
	r.conns[c] = struct{}{}
	if r.closed {
		c.Close(closeRestarting, "restarting")
	}
}

// abandon gives a reserved place back.
func (r *registry) abandon(addr string) {
	r.release(addr)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending--
	r.tellEmpty()
}

func (r *registry) remove(c *conn) {
	r.release(c.addr)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.tellEmpty()
}

// tellEmpty ends the wait of shutdown. mu is held.
func (r *registry) tellEmpty() {
	if r.closed && len(r.conns) == 0 && r.pending == 0 {
		close(r.empty)
	}
}

func (r *registry) all() []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*conn, 0, len(r.conns))
	for c := range r.conns {
		list = append(list, c)
	}
	return list
}

// shutdown refuses newcomers, lets signal speak to each connection, closes them with 4000 evenly over spread,
// so that they do not all come back at once, and waits. When ctx ends, the rest is cut off; that is no error.
// It may be called once.
func (r *registry) shutdown(ctx context.Context, spread time.Duration, signal func(*conn)) {
	r.mu.Lock()
	r.closed = true
	r.tellEmpty()
	r.mu.Unlock()
	list := r.all()
	for _, c := range list {
		signal(c)
	}
	closeSpread(ctx, list, spread)
	select {
	case <-r.empty:
	case <-ctx.Done():
		for _, c := range r.all() {
			_ = c.raw.Close()
		}
		<-r.empty
	}
	r.running.Wait()
	r.wheel.stop()
	r.cancel()
}

// closeSpread closes one after the other; once ctx ends, all the rest at once.
func closeSpread(ctx context.Context, list []*conn, spread time.Duration) {
	start := time.Now()
	for i, c := range list {
		due := start.Add(spread * time.Duration(i) / time.Duration(len(list)))
		if d := time.Until(due); d > time.Millisecond {
			select {
			case <-time.After(d):
			case <-ctx.Done():
			}
		}
		c.Close(closeRestarting, "restarting")
	}
}
