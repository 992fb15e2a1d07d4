package web

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
)

const (
	maxMessage = 64 << 10 // bytes of one incoming message; more is close 1009
	// Outgoing frames not yet written, and bytes of them. A resume may bring 1,000 at once, and one commit several
	// hundred to an agent who watches many conversations.
	maxQueueFrames = 1024
	maxQueueBytes  = 512 << 10
	maxCorked      = 32 << 10 // bytes gathered before a batch is written in parts

	messageTime = 10 * time.Second // from the first byte of a message to its last
	writeTime   = 10 * time.Second // for one batch of outgoing frames, at least
	closeTime   = 5 * time.Second  // for the peer's answer to our close
	slowTime    = time.Second      // the same of one who fell silent: until then he counts as present
)

// Close codes. 4000–4499 come back, 4500–4999 stay away (architecture.md §9); the rest is RFC 6455 §7.4.1.
const (
	closeBroken          = 1002 // no frame of RFC 6455, or a compressed one
	closeLost            = 1006 // never on the wire: the connection ended without a close frame
	closeInvalidText     = 1007
	closeTooLarge        = 1009
	closeRestarting      = 4000
	closeSlow            = 4001
	closeTokenExpired    = 4002
	closeTooMany         = 4003
	closeUnauthenticated = 4500
	closeOrigin          = 4501
	closeProtocol        = 4502
	closeBlocked         = 4503
	closeVersion         = 4504
)

// connHandler is what lives on a connection. onFrame and onClose come one after the other from the connection's
// reader; onClose is last and comes exactly once. onAlarm comes from the wheel and may fall together with it.
type connHandler interface {
	// onFrame gets a whole message, valid UTF-8, at most 64 KiB; the slice is the handler's to keep.
	// lively says that more may follow soon: a mere answer to a ping is the last for a while.
	onFrame(ctx context.Context, frame []byte) (lively bool)
	// onAlarm says that the time given to conn.Alarm is over. It must not block.
	onAlarm()
	// onClose tells why: the code and reason that we gave or that the peer sent, 1006 for a lost connection.
	onClose(code int, reason string)
}

// conn is one websocket. At rest it holds no buffer, no decoder, no timer and one shallow goroutine.
type conn struct {
	addr string // of the client, as it counts in limits
	id   uint64
	reg  *registry
	raw  net.Conn
	dec  *decoder // the reader's; nil at rest
	h    connHandler

	input // the reader's own
	alarm alarm

	mu      sync.Mutex
	queue   [][]byte
	frames  int // queued or being written
	bytes   int
	writing bool
	waiting bool          // somebody has queued and will flush
	broken  bool          // the writer has failed; writing stays true
	drained chan struct{} // closed when a waiting reader may go on; nil = nobody waits
	closing bool
	ending  bool // the reader is awake and closing
	code    int
	reason  string

	outMu   sync.Mutex
	corked  bool
	out     []byte
	writeBy time.Time // the deadline that stands
}

// ID is unique within the process.
func (c *conn) ID() uint64 { return c.id }

// Send queues a text frame and never blocks. It keeps the slice, which must not change any more. False: the
// connection is closing or was too slow, in which case it is now being closed with 4001.
func (c *conn) Send(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.queueLocked(frame) {
		return false
	}
	c.startLocked()
	return true
}

// Queue is Send for whoever has more to send to many: nothing is written before Flush. True: this call was the first
// that needs one.
func (c *conn) Queue(frame []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.queueLocked(frame) || c.writing || c.waiting {
		return false
	}
	c.waiting = true
	return true
}

// Flush writes what Queue has queued.
func (c *conn) Flush() {
	c.mu.Lock()
	c.waiting = false
	mine := len(c.queue) > 0 && !c.broken && !c.writing
	if mine {
		c.writing = true
		c.reg.running.Add(1)
	}
	c.mu.Unlock()
	if mine {
		c.writeNow()
	}
}

// queueLocked keeps a frame to be written. mu is held.
func (c *conn) queueLocked(frame []byte) bool {
	if c.closing {
		return false
	}
	if c.frames+1 > maxQueueFrames || c.bytes+len(frame) > maxQueueBytes {
		for _, f := range c.queue {
			c.bytes -= len(f)
		}
		c.frames -= len(c.queue)
		c.queue = nil
		c.closeLocked(closeSlow, "slow")
		return false
	}
	c.queue = append(c.queue, frame)
	c.frames++
	c.bytes += len(frame)
	return true
}

// startLocked starts the writer, unless it runs. mu is held.
func (c *conn) startLocked() {
	if !c.writing {
		c.writing = true
		c.reg.running.Add(1)
		go c.write()
	}
}

// Close writes what is queued, then a close frame; it returns at once. Only the first call counts. reason is
// a code word of at most 123 bytes.
func (c *conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(code, reason)
}

// Alarm calls the handler's onAlarm once after d, to the next quarter of a second; a new call replaces the
// last one, 0 ends it. Pings and the time to hello are made of it.
func (c *conn) Alarm(d time.Duration) { c.reg.wheel.set(&c.alarm, d) }

func (c *conn) closeLocked(code int, reason string) {
	if c.closing {
		return
	}
	c.closing, c.code, c.reason = true, code, reason
	if !c.writing {
		c.interrupt()
	}
}

// interrupt wakes the reader, which alone closes. An error means that it is awake already.
// mu is held.
func (c *conn) interrupt() {
	if !c.ending {
		_ = c.raw.SetReadDeadline(past())
	}
}

// ring passes an alarm on, unless the connection is closing. One that comes before the handler waits.
func (c *conn) ring() {
	c.mu.Lock()
	h, closing := c.h, c.closing
	c.mu.Unlock()
	switch {
	case closing:
	case h == nil:
		c.Alarm(wheelTick)
	default:
		h.onAlarm()
	}
}

func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// serve reads until the connection ends or idles; then a fresh, shallow goroutine waits in its place.
func (c *conn) serve() {
	for {
		err := c.wait()
		if err == nil {
			err = c.readMessage()
		}
		switch {
		case err == nil && !c.lively && c.nothingLeft():
			c.rest()
			return
		case err == nil || errors.Is(err, errBetween):
		case errors.Is(err, errIdle):
			c.rest()
			return
		default:
			c.end(err)
			return
		}
	}
}

// readMessage takes one message and hands it on. The input has its first byte.
func (c *conn) readMessage() error {
	c.begin()
	if err := c.takeDecoder(); err != nil {
		return err
	}
	kind, r, err := c.dec.ws.Reader(context.Background())
	if err != nil {
		return err
	}
	c.inMessage = true
	frame, err := io.ReadAll(io.LimitReader(r, maxMessage+1))
	if err != nil {
		return err
	}
	switch {
	case len(frame) > maxMessage:
		return c.refuse(closeTooLarge, "too_large")
	case kind != websocket.MessageText:
		return c.refuse(closeProtocol, "protocol")
	case !utf8.Valid(frame):
		return c.refuse(closeInvalidText, "invalid")
	}
	c.inMessage = false
	c.lively = c.h.onFrame(c.reg.ctx, frame)
	return nil
}

// refuse closes from within the reader.
func (c *conn) refuse(code int, reason string) error {
	c.Close(code, reason)
	return net.ErrClosed
}

// end closes the websocket, if it still can, and tells the handler. It runs once.
func (c *conn) end(err error) {
	code, reason := c.lastWord(err)
	if c.mayClose() && c.takeDecoder() == nil {
		_ = c.dec.ws.Close(websocket.StatusCode(code), reason)
	}
	_ = c.raw.Close()
	c.dec = nil // it has seen an end: nobody else's
	c.release()
	c.reg.wheel.set(&c.alarm, 0)
	c.h.onClose(code, reason)
	c.reg.remove(c)
}

// mayClose takes the reader's deadline for the close handshake. False: there is nobody to say it to.
func (c *conn) mayClose() bool {
	c.timed, c.between = true, false
	c.mu.Lock()
	defer c.mu.Unlock()
	asked, wait := c.closing, closeTime
	if c.code == closeSlow {
		wait = slowTime
	}
	c.closing, c.ending = true, true
	return asked && c.raw.SetReadDeadline(time.Now().Add(wait)) == nil
}

// lastWord tells why the connection ends: our own close first, then the peer's, then the network's.
func (c *conn) lastWord(err error) (code int, reason string) {
	if c.timed && errors.Is(err, os.ErrDeadlineExceeded) {
		c.Close(closeSlow, "slow") // a message begun and not finished; no effect if we closed before
	} else if broken(err) {
		c.Close(closeBroken, "protocol") // coder/websocket says so too, but not of every mistake
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return c.code, c.reason
	}
	var peer websocket.CloseError
	if errors.As(err, &peer) {
		return int(peer.Code), peer.Reason
	}
	return closeLost, ""
}

// broken reports whether the peer spoke no websocket: neither the network's end nor a close.
func broken(err error) bool {
	var network net.Error
	var errno syscall.Errno
	var peer websocket.CloseError
	return !errors.As(err, &network) && !errors.As(err, &errno) && !errors.As(err, &peer) && !errors.Is(err, net.ErrClosed) &&
		!errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.ErrClosedPipe)
}
