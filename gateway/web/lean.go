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
	timed     bool // the message has its deadline
	inMessage bool // between the first frame of a message and its end
	between   bool // no byte of a further frame is here
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
	if len(c.unread) > 0 || !c.dec.empty() {
		return nil
	}
	if err := c.setIdleDeadline(); err != nil {
		return err
	}
	err := c.fill()
	if errors.Is(err, os.ErrDeadlineExceeded) && !c.isClosing() {
		c.release()
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

// park waits for input and nothing else, on a fresh stack, without a buffer and without a decoder.
func (c *conn) park() {
	c.giveDecoder()
	err := c.setReadDeadline(time.Time{})
	if err == nil {
		if sc, ok := c.raw.(syscall.Conn); ok {
			err = c.parkRaw(sc)
		} else {
			err = c.parkSmall()
		}
	}
	if err != nil {
		c.end(err)
		return
	}
	go c.serve()
}

// parkRaw waits on the descriptor itself.
func (c *conn) parkRaw(sc syscall.Conn) error {
	rc, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	if err := rc.Read(c.try); err != nil {
		return err
	}
	return c.tried
}

// try reads if there is something. The poller tells only of new input, so the read comes before the wait.
func (c *conn) try(fd uintptr) bool {
	block := takeBlock()
	for {
		n, err := syscall.Read(int(fd), block)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			giveBlock(block)
			return false
		case err == nil && n == 0:
			err = io.EOF
		}
		c.tried = err
		if err != nil {
			giveBlock(block)
			return true
		}
		c.block, c.unread = block, block[:n]
		return true
	}
}

// parkSmall is for a connection without a descriptor of its own, such as TLS: it waits on few bytes.
func (c *conn) parkSmall() error {
	small := make([]byte, 16)
	n, err := c.raw.Read(small)
	if n == 0 {
		return err
	}
	c.block = takeBlock()
	c.unread = c.block[:copy(c.block, small[:n])]
	return nil
}
