package web

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"time"
)

// shim is the http.ResponseWriter and http.Hijacker that coder/websocket asks for, over a connection that
// Fiber has given up. It lives for the handshake.
type shim struct {
	d       *decoder
	header  http.Header
	started bool
}

// Header is what goes out with WriteHeader.
func (s *shim) Header() http.Header { return s.header }

// WriteHeader writes the status line and the header in one write. After anything but 101 the connection ends.
func (s *shim) WriteHeader(status int) {
	if s.started {
		return
	}
	s.started = true
	if status != http.StatusSwitchingProtocols {
		s.header.Set("Connection", "close")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = s.header.Write(&b) // a bytes.Buffer does not fail
	b.WriteString("\r\n")
	_, _ = s.Write(b.Bytes()) // a lost connection shows at the first read
}

// Write writes a body; with 101 there is none.
func (s *shim) Write(p []byte) (int, error) {
	if !s.started {
		s.WriteHeader(http.StatusOK)
	}
	return s.d.Write(p)
}

// Hijack hands the connection over, with buffers that hold next to nothing.
func (s *shim) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := s.d.SetDeadline(time.Time{}); err != nil {
		return nil, nil, err
	}
	return s.d, s.d.buffers(), nil
}

// mute is a shim for a connection whose handshake is over: nothing is written and no deadline is moved.
type mute struct {
	d      *decoder
	header http.Header
}

// Header implements http.ResponseWriter.
func (m mute) Header() http.Header { return m.header }

// WriteHeader implements http.ResponseWriter.
func (mute) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (mute) Write(p []byte) (int, error) { return len(p), nil }

// Hijack implements http.Hijacker.
func (m mute) Hijack() (net.Conn, *bufio.ReadWriter, error) { return m.d, m.d.buffers(), nil }
