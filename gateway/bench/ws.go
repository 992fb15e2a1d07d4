package bench

import (
	"bufio"
	"context"
	"crypto/sha1" // what RFC 6455 §4.2.2 asks for; nothing rests on it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Conn is a websocket client that costs little, because the load shares the machine with what it measures: it reads
// several frames with one call to the kernel and gives them out without a copy.
type Conn struct {
	c  net.Conn
	br *bufio.Reader

	mu   sync.Mutex // writes
	out  []byte
	body []byte // of a frame that is longer than br's buffer
	past int    // bytes of br to forget before the next frame
}

// Closed says with which code the other side ended. Source: RFC 6455 §7.4.
type Closed int

// Error is for people.
func (c Closed) Error() string { return fmt.Sprintf("closed with %d", int(c)) }

// Dialing says how a socket is opened.
type Dialing struct {
	URL, Path string // http://host:port, and what to ask for
	Header    http.Header
	From      net.Addr // nil = any
	Buffer    int      // bytes that one read may take
}

// Frame kinds. Source: RFC 6455 §5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// Dial opens a websocket. Errors: those of the network, and any answer but 101.
func Dial(ctx context.Context, d Dialing) (*Conn, error) {
	host := strings.TrimPrefix(d.URL, "http://")
	c, err := (&net.Dialer{LocalAddr: d.From}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	until, ok := ctx.Deadline()
	if !ok {
		until = time.Now().Add(time.Minute)
	}
	w := &Conn{c: c, br: bufio.NewReaderSize(c, d.Buffer)}
	err = errors.Join(c.SetDeadline(until), w.handshake(host, d), c.SetDeadline(time.Time{}))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return w, nil
}

const keySalt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" // RFC 6455 §1.3

func (w *Conn) handshake(host string, d Dialing) error {
	key := base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, rand.Uint64()), rand.Uint64()))
	var b strings.Builder
	b.WriteString("GET " + d.Path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n")
	if err := d.Header.Write(&b); err != nil {
		return err
	}
	b.WriteString("\r\n")
	if _, err := io.WriteString(w.c, b.String()); err != nil {
		return err
	}
	res, err := http.ReadResponse(w.br, nil)
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte(key + keySalt))
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("websocket: the answer is %s", res.Status)
	}
	return nil
}

// Read gives the next message, text or binary; the bytes are good until the next read. Pings are answered.
// Errors: Closed, and those of the network.
func (w *Conn) Read() ([]byte, error) {
	for {
		op, final, body, err := w.frame()
		switch {
		case err != nil:
			return nil, err
		case op == opPing:
			if err := w.write(opPong, body); err != nil {
				return nil, err
			}
		case op == opClose && len(body) >= 2:
			return nil, Closed(binary.BigEndian.Uint16(body))
		case op == opClose:
			return nil, Closed(1005)
		case (op == opText || op == opBinary) && final:
			return body, nil
		case op != opPong:
			return nil, fmt.Errorf("websocket: a frame of kind %d that is not understood", op)
		}
	}
}

// frame reads one frame as a server sends it: without a mask.
func (w *Conn) frame() (op byte, final bool, body []byte, err error) {
	if _, err = w.br.Discard(w.past); err != nil {
		return 0, false, nil, err
	}
	w.past = 0
	head, err := w.br.Peek(2)
	if err != nil {
		return 0, false, nil, err
	}
	op, final = head[0]&15, head[0]&128 != 0
	n, size := int(head[1]&127), 2
	switch n {
	case 126:
		if head, err = w.br.Peek(4); err == nil {
			n, size = int(binary.BigEndian.Uint16(head[2:])), 4
		}
	case 127:
		if head, err = w.br.Peek(10); err == nil {
			n, size = int(min(binary.BigEndian.Uint64(head[2:]), maxFrame+1)), 10
		}
	}
	switch {
	case err != nil:
		return 0, false, nil, err
	case n > maxFrame:
		return 0, false, nil, errors.New("websocket: a frame of more than 4 MB")
	}
	if size+n <= w.br.Size() {
		w.past = size + n
		body, err = w.br.Peek(w.past)
		return op, final, body[min(size, len(body)):], err
	}
	if _, err = w.br.Discard(size); err != nil {
		return 0, false, nil, err
	}
	w.body = append(w.body[:0], make([]byte, n)...)
	_, err = io.ReadFull(w.br, w.body)
	return op, final, w.body, err
}

const maxFrame = 4 << 20 // bytes of one frame

// Write sends a text. Errors: those of the network.
func (w *Conn) Write(text []byte) error { return w.write(opText, text) }

// WriteBinary sends bytes. Errors: those of the network.
func (w *Conn) WriteBinary(b []byte) error { return w.write(opBinary, b) }

// write sends one frame, masked as clients must (RFC 6455 §5.3).
func (w *Conn) write(op byte, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := append(w.out[:0], 128|op)
	switch n := len(body); {
	case n < 126:
		b = append(b, 128|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 128|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 128|127), uint64(n))
	}
	mask := binary.LittleEndian.AppendUint32(nil, rand.Uint32())
	b = append(b, mask...)
	for i, c := range body {
		b = append(b, c^mask[i&3])
	}
	w.out = b
	_, err := w.c.Write(b)
	return err
}

// Close ends the connection without a word.
func (w *Conn) Close() { _ = w.c.Close() }
