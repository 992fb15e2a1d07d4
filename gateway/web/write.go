package web

import (
	"encoding/binary"
	"time"

	"github.com/coder/websocket"
)

// write empties the queue and ends.
func (c *conn) write() {
	defer c.reg.running.Done()
	for {
		batch := c.take()
		if batch == nil {
			return
		}
		if err := c.writeBatch(batch); err != nil {
			c.writeFailed()
			return
		}
		c.mu.Lock()
		c.frames -= len(batch)
		for _, f := range batch {
			c.bytes -= len(f)
		}
		c.mu.Unlock()
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
	total := 0
	for _, f := range batch {
		total += len(f) + maxHeader
	}
	if err := c.cork(total); err != nil {
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
	c.out = append(c.out, 0x80|byte(websocket.MessageText))
	switch n := len(payload); {
	case n < 126:
		c.out = append(c.out, byte(n))
	case n < 1<<16:
		c.out = binary.BigEndian.AppendUint16(append(c.out, 126), uint16(n))
	default:
		c.out = binary.BigEndian.AppendUint64(append(c.out, 127), uint64(n))
	}
	c.out = append(c.out, payload...)
	return nil
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
