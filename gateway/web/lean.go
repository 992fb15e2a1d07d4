package web

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// blockSize is what a connection borrows while a message is in flight, in bytes.
const blockSize = 4 << 10

var (
	errIdle    = errors.New("idle")           // nothing came for a while: park
	errBetween = errors.New("between frames") // a control frame came alone: wait outside of the decoder
)

var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

func takeBlock() []byte { return blocks.Get().(*[blockSize]byte)[:] }

// giveBlock takes back a block; one that has grown is left to the collector.
func giveBlock(b []byte) {
	if cap(b) == blockSize {
		blocks.Put((*[blockSize]byte)(b[:blockSize]))
	}
}

var rooms = sync.Pool{New: func() any { return new([maxCorked]byte) }}

// takeRoom borrows what many frames are gathered in: a block if they fit into one.
func takeRoom(size int) []byte {
	if size <= blockSize {
		return takeBlock()[:0]
	}
	return rooms.Get().(*[maxCorked]byte)[:0]
}

func giveRoom(b []byte) {
	if cap(b) == maxCorked {
		rooms.Put((*[maxCorked]byte)(b[:maxCorked]))
		return
	}
	giveBlock(b)
}

// past is a deadline that is over.
func past() time.Time { return time.Unix(1, 0) }

// input is the state of a connection's reader; no other goroutine touches it.
type input struct {
	block     []byte // borrowed; nil at rest
	unread    []byte // part of block, or the bytes that came with the handshake
	begunAt   time.Time
	timed     bool     // the message has its deadline
	lively    bool     // after the last message
	inMessage bool     // between the first frame of a message and its end
	between   bool     // no byte of a further frame is here
	first     [14]byte // what woke a resting connection: a masked frame's header, and less than a message
	came      int8     // bytes of it
	tried     error
	readBy    time.Time // the deadline that stands, unless a close has asked for another
}

// begin starts the clock of a message.
func (c *conn) begin() {
	c.begunAt, c.timed, c.between, c.inMessage = time.Now(), false, false, false
}

// control runs after each ping and pong. Nothing further in the input means that the wait for the next frame
// may be long and must not happen inside the decoder, on a deep stack and with a block.
func (c *conn) control() {
	if c.inMessage {
		return
	}
	if len(c.unread) == 0 && c.dec.empty() {
		c.between = true
		return
	}
	c.begin()
}

// setReadDeadline yields to a close: once that is asked for, the reader never waits again.
func (c *conn) setReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing && !c.writing {
		t = past()
	}
	c.readBy = t
	return c.raw.SetReadDeadline(t)
}

// release gives the block back.
func (c *conn) release() {
	giveBlock(c.block)
	c.block, c.unread = nil, nil
}

// wait returns once there is input, or errIdle, or why there will be none.
func (c *conn) wait() error {
	c.timed = false
	if c.isClosing() {
		c.drain()
		return net.ErrClosed
	}
	if !c.nothingLeft() {
		return nil
	}
	if err := c.setIdleDeadline(); err != nil {
		return err
	}
	err := c.fill()
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.isClosing() {
		return errIdle
	}
	return err
}

// setIdleDeadline leaves between three quarters of the idle time and all of it: a lively connection gets no deadline for
// each message.
func (c *conn) setIdleDeadline() error {
	now := time.Now()
	if left := c.readBy.Sub(now); left <= c.reg.idleAfter && left >= c.reg.idleAfter*3/4 {
		return nil
	}
	return c.setReadDeadline(now.Add(c.reg.idleAfter))
}

// nothingLeft reports whether all that was read has been understood.
func (c *conn) nothingLeft() bool { return len(c.unread) == 0 && c.dec.empty() }

// fill reads once into the block.
func (c *conn) fill() error {
	if c.block == nil {
		c.block = takeBlock()
	}
	n, err := c.raw.Read(c.block)
	c.unread = c.block[:n]
	if n > 0 {
		return nil
	}
	return err
}

// rest gives everything back and lets a fresh goroutine wait. What needs a deep stack comes before it: a stack that has
// grown stays.
func (c *conn) rest() {
	c.giveDecoder()
	c.release()
	if err := c.setReadDeadline(time.Time{}); err != nil {
		c.end(err)
		return
	}
	if sc, ok := c.raw.(syscall.Conn); ok {
		if rc, err := sc.SyscallConn(); err == nil {
			go c.park(rc)
			return
		}
	}
	go c.parkSmall()
}

// park waits for input on the descriptor itself and does nothing else, within the smallest stack there is.
func (c *conn) park(rc syscall.RawConn) {
	err := rc.Read(c.try)
	if err == nil {
		err = c.tried
	}
	go c.wake(err)
}

// wake goes on with what came.
func (c *conn) wake(err error) {
	if err != nil {
		c.end(err)
		return
	}
	c.block = takeBlock()
	c.unread = c.block[:copy(c.block, c.first[:c.came])]
	c.serve()
}

// try reads the first bytes, if there are any. The poller tells only of new input, so the read comes before the wait.
func (c *conn) try(fd uintptr) bool {
	n, err := syscall.Read(int(fd), c.first[:])
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), c.first[:])
	}
	if err == syscall.EAGAIN {
		return false
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	c.came, c.tried = int8(n), err
	return true
}

// parkSmall is for a connection without a descriptor of its own, such as TLS.
func (c *conn) parkSmall() {
	n, err := c.raw.Read(c.first[:])
	if n > 0 {
		err = nil
	}
	c.came = int8(n)
	go c.wake(err)
}
