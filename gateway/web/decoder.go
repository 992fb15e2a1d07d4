package web

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// decoder is coder/websocket's end of a connection: reads come from the block, writes may be corked. Between two
// messages there is nothing in it that belongs to its connection, so one at rest needs none, which is 2 KiB each.
type decoder struct {
	c  *conn // nil = in the pool
	ws *websocket.Conn
	br *bufio.Reader // looked at only for what it still holds
}

var decoders sync.Pool

// newDecoder ends the handshake of c, or where it is over, repeats it for nobody but coder/websocket.
func newDecoder(d *decoder, w http.ResponseWriter, r *http.Request) error {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // mayConnect is stricter and came before
		CompressionMode:    websocket.CompressionDisabled,
		OnPingReceived:     d.onPing,
		OnPongReceived:     d.onPong,
	})
	if err != nil {
		return err
	}
	runtime.SetFinalizer(ws, nil)   // it would close what another decoder serves by now; conn.end closes
	ws.SetReadLimit(2 * maxMessage) // readMessage stops before
	d.ws = ws
	return nil
}

// takeDecoder borrows a decoder, unless there is one.
func (c *conn) takeDecoder() error {
	if c.dec != nil {
		return nil
	}
	if d, ok := decoders.Get().(*decoder); ok {
		d.c, c.dec = c, d
		return nil
	}
	d := &decoder{c: c}
	if err := newDecoder(d, mute{d, http.Header{}}, c.reg.again); err != nil {
		return err
	}
	c.dec = d
	return nil
}

// giveDecoder gives the decoder back. Only a reader that has read a message to its end may do it.
func (c *conn) giveDecoder() {
	if d := c.dec; d != nil {
		c.dec, d.c = nil, nil
		decoders.Put(d)
	}
}

// upgradeAgain is the handshake that a decoder is made with when the client's own is over. The key is RFC 6455's example.
func upgradeAgain() *http.Request {
	return &http.Request{Method: http.MethodGet, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}}
}

func (d *decoder) buffers() *bufio.ReadWriter {
	d.br = bufio.NewReaderSize(d, bareBuffer)
	return bufio.NewReadWriter(d.br, bufio.NewWriterSize(d, controlSize))
}

// empty reports whether nothing read is left in it.
func (d *decoder) empty() bool { return d == nil || d.br.Buffered() == 0 }

func (d *decoder) onPing(context.Context, []byte) bool {
	d.c.control()
	return true
}

func (d *decoder) onPong(context.Context, []byte) { d.c.control() }

// Read gives input, within the time of the message that has begun.
func (d *decoder) Read(p []byte) (int, error) {
	c := d.c
	if len(c.unread) == 0 {
		if c.between {
			return 0, errBetween
		}
		if !c.timed {
			c.timed = true
			if err := c.setReadDeadline(c.begunAt.Add(messageTime)); err != nil {
				return 0, err
			}
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// Write gathers while corked, else writes at once.
func (d *decoder) Write(p []byte) (int, error) {
	c := d.c
	c.outMu.Lock()
	defer c.outMu.Unlock()
	if !c.corked {
		if err := c.setWriteDeadline(); err != nil {
			return 0, err
		}
		return c.raw.Write(p)
	}
	if len(c.out)+len(p) > maxCorked {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	c.out = append(c.out, p...)
	return len(p), nil
}

// Close closes the connection.
func (d *decoder) Close() error { return d.c.raw.Close() }

// LocalAddr implements net.Conn.
func (d *decoder) LocalAddr() net.Addr { return d.c.raw.LocalAddr() }

// RemoteAddr implements net.Conn.
func (d *decoder) RemoteAddr() net.Addr { return d.c.raw.RemoteAddr() }

// SetDeadline is called by coder/websocket when it takes the connection over.
func (d *decoder) SetDeadline(t time.Time) error {
	return errors.Join(d.SetReadDeadline(t), d.SetWriteDeadline(t))
}

// SetReadDeadline is a part of SetDeadline.
func (d *decoder) SetReadDeadline(t time.Time) error {
	d.c.readBy = t
	return d.c.raw.SetReadDeadline(t)
}

// SetWriteDeadline is a part of SetDeadline.
func (d *decoder) SetWriteDeadline(t time.Time) error {
	d.c.outMu.Lock()
	defer d.c.outMu.Unlock()
	d.c.writeBy = t
	return d.c.raw.SetWriteDeadline(t)
}
