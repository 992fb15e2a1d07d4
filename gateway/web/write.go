package web

import (
	"encoding/binary"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// writeNow writes what the connection takes at once, in the goroutine of a caller who must not wait. A writer does the
// rest; most often there is none. writing is the caller's.
func (c *conn) writeNow() {
	batch := c.take()
	if batch != nil && sizeOf(batch) <= blockSize && c.outMu.TryLock() { // who has it may wait for the peer
		whole, err := c.tryBatch(batch)
		c.outMu.Unlock()
		if err != nil {
			c.writeFailed()
			c.reg.running.Done()
			return
		}
		if !whole {
			go c.writeRest(batch)
			return
		}
		c.written(batch)
		batch = c.take()
	}
	if batch == nil {
		c.reg.running.Done()
		return
	}
	go c.writeFrom(batch)
}

// write empties the queue and ends.
func (c *conn) write() { c.writeFrom(c.take()) }

func (c *conn) writeFrom(batch [][]byte) {
	defer c.reg.running.Done()
	for ; batch != nil; batch = c.take() {
		if err := c.writeBatch(batch); err != nil {
			c.writeFailed()
			return
		}
		c.written(batch)
	}
}

// writeRest goes on where tryBatch had to stop.
func (c *conn) writeRest(batch [][]byte) {
	if err := c.uncork(); err != nil {
		c.writeFailed()
		c.reg.running.Done()
		return
	}
	c.written(batch)
	c.write()
}

// written counts a batch as gone.
func (c *conn) written(batch [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames -= len(batch)
	for _, f := range batch {
		c.bytes -= len(f)
	}
}

func (c *conn) take() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	batch := c.queue
	c.queue = nil
	if batch == nil {
		c.writing = false
		c.letGo()
		if c.closing {
			c.interrupt()
		}
	}
	return batch
}

// drain waits until what is queued has been written, or cannot be. A close from within a handler would overtake the
// handler's last answer without it. It ends within the writer's deadline.
func (c *conn) drain() {
	c.mu.Lock()
	if !c.writing || c.broken {
		c.mu.Unlock()
		return
	}
	done := make(chan struct{})
	c.drained = done
	c.mu.Unlock()
	<-done
}

// letGo lets a reader that drains go on. mu is held.
func (c *conn) letGo() {
	if c.drained != nil {
		close(c.drained)
		c.drained = nil
	}
}

// writeFailed lets the reader end the connection. writing stays true: nothing is written any more.
func (c *conn) writeFailed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue, c.broken = nil, true
	c.letGo()
	if c.closing {
		c.interrupt()
		return
	}
	_ = c.raw.Close()
}

// writeBatch sends the frames in as few writes as their size allows.
func (c *conn) writeBatch(batch [][]byte) error {
	if err := c.cork(sizeOf(batch)); err != nil {
		return err
	}
	for _, f := range batch {
		if err := c.gather(f); err != nil {
			_ = c.uncork()
			return err
		}
	}
	return c.uncork()
}

func sizeOf(batch [][]byte) (n int) {
	for _, f := range batch {
		n += len(f) + maxHeader
	}
	return n
}

// tryBatch is writeBatch without waiting. Where it had to stop, the connection stays corked, so that nothing comes
// between. outMu is held.
func (c *conn) tryBatch(batch [][]byte) (whole bool, err error) {
	c.corked, c.out = true, takeRoom(sizeOf(batch))
	if err := c.setWriteDeadline(); err != nil {
		return false, err
	}
	for _, f := range batch {
		c.out = appendFrame(c.out, f)
	}
	n, err := c.tryWrite(c.out)
	if err != nil {
		return false, err
	}
	c.out = slices.Delete(c.out, 0, n) // in its place, which goes back to the pool
	if len(c.out) > 0 {
		return false, nil
	}
	giveRoom(c.out)
	c.corked, c.out = false, nil
	return true, nil
}

// tryWrite writes what fits. A connection without a descriptor of its own takes nothing at once.
func (c *conn) tryWrite(p []byte) (n int, err error) {
	sc, ok := c.raw.(syscall.Conn)
	if !ok {
		return 0, nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var wrote error
	err = rc.Write(func(fd uintptr) bool {
		for n, wrote = syscall.Write(int(fd), p); wrote == syscall.EINTR; {
			n, wrote = syscall.Write(int(fd), p)
		}
		return true
	})
	n = max(n, 0)
	if wrote == syscall.EAGAIN {
		wrote = nil
	}
	return n, errors.Join(err, wrote)
}

// maxHeader is the longest header of a frame that is not masked, in bytes. Source: RFC 6455 §5.2.
const maxHeader = 10

// gather puts a text frame into what is written next. Frames of ours go around coder/websocket, which flushes each one;
// its own, pongs and the closing, come through wire whole, so they never stand inside one of ours.
func (c *conn) gather(payload []byte) error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if len(c.out) > 0 && len(c.out)+len(payload)+maxHeader > maxCorked {
		if err := c.flush(); err != nil {
			return err
		}
	}
	c.out = appendFrame(c.out, payload)
	return nil
}

// appendFrame encodes a text frame. Source: RFC 6455 §5.2.
func appendFrame(b, payload []byte) []byte {
	b = append(b, 0x80|byte(websocket.MessageText))
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// cork gathers what is written from now on; size is how much that will be, about.
func (c *conn) cork(size int) error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	c.corked = true
	c.out = takeRoom(size)
	return c.setWriteDeadline()
}

// setWriteDeadline leaves at least writeTime, and at most half of that more: a deadline costs as much as an eighth of a
// write, so a lively connection does not get one for each. outMu is held.
func (c *conn) setWriteDeadline() error {
	now := time.Now()
	if c.writeBy.Sub(now) >= writeTime {
		return nil
	}
	c.writeBy = now.Add(writeTime + writeTime/2)
	return c.raw.SetWriteDeadline(c.writeBy)
}

func (c *conn) uncork() error {
	c.outMu.Lock()
	defer c.outMu.Unlock()
	err := c.flush()
	giveRoom(c.out)
	c.corked, c.out = false, nil
	return err
}

// flush writes what is gathered. outMu is held.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	_, err := c.raw.Write(c.out)
	c.out = c.out[:0]
	return err
}
