package web

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

const (
	maxEarly    = 64 << 10 // bytes sent together with the handshake
	bareBuffer  = 16       // bytes of coder/websocket's reader; the real buffer is borrowed
	controlSize = 128      // bytes of its writer: a control frame leaves it whole (RFC 6455 §5.5)
	maxHeaders  = 64       // header lines of a handshake
	bearerStart = "Bearer "
)

// refusal is an answer given before the upgrade. Its code is one of architecture.md §6.
type refusal string

func (r refusal) Error() string { return "websocket refused: " + string(r) }

// Code is the code word.
func (r refusal) Code() string { return string(r) }

// upgradeOptions say who may open a socket.
type upgradeOptions struct {
	Addr string // of the client, as it counts in limits
	// Origins are the allowed ones, as parseOrigin gives them.
	Origins []string
	// Bearer reports whether a token allows a client without an Origin. Nil: none does.
	Bearer func(token string) bool
}

// prepareSockets sets what the hijack needs on the server below Fiber. Call it before listening.
func prepareSockets(app *fiber.App) { app.Server().KeepHijackedConns = true }

// upgrade makes a websocket of the request. start is called in the connection's own goroutine, after the 101
// and before the first frame, and gives what lives on it.
//
// Errors, all before the upgrade and with nothing kept: forbidden (Origin; 403), invalid (no websocket
// handshake), unavailable (shutting down, or full), too_many (from one address). A handshake that is wrong in detail is answered by
// coder/websocket. Source: architecture.md §10.
func upgrade(fc *fiber.Ctx, reg *registry, o upgradeOptions, start func(c *conn) connHandler) error {
	if !mayConnect(fc.Get("Origin"), fc.Get("Authorization"), o) {
		return refusal("forbidden")
	}
	if !strings.EqualFold(fc.Get("Upgrade"), "websocket") || fc.Context().Request.Header.Len() > maxHeaders {
		return refusal("invalid")
	}
	if err := reg.reserve(o.Addr); err != nil {
		return err
	}
	r := handshake(fc)
	fc.Context().HijackSetNoResponse(true)
	fc.Context().Hijack(func(nc net.Conn) {
		raw, early, err := recoverEarly(nc)
		if err != nil {
			reg.abandon(o.Addr)
			_ = nc.Close()
			return
		}
		go accept(raw, early, r, reg, o.Addr, start)
	})
	return nil
}

// mayConnect compares scheme, host and port. A browser always sends Origin; without one only a bearer token
// counts.
func mayConnect(origin, authorization string, o upgradeOptions) bool {
	if origin == "" {
		token, ok := strings.CutPrefix(authorization, bearerStart)
		return ok && token != "" && o.Bearer != nil && o.Bearer(strings.Clone(token))
	}
	got, ok := parseOrigin(origin)
	if !ok {
		return false
	}
	for _, want := range o.Origins {
		if got == want {
			return true
		}
	}
	return false
}

// parseOrigin gives an origin in its one form: scheme://host:port, lower case, the port always there.
// Source: RFC 6454 §6.
func parseOrigin(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery ||
		u.Fragment != "" || strings.HasSuffix(s, "#") || u.Hostname() == "" {
		return "", false
	}
	port := u.Port()
	switch scheme := strings.ToLower(u.Scheme); {
	case scheme == "https" && port == "":
		port = "443"
	case scheme == "http" && port == "":
		port = "80"
	case scheme != "https" && scheme != "http":
		return "", false
	}
	return strings.ToLower(u.Scheme) + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port), true
}

// handshake copies the request: fasthttp reuses its bytes after the handler.
func handshake(fc *fiber.Ctx) *http.Request {
	h := http.Header{}
	fc.Context().Request.Header.VisitAll(func(k, v []byte) { h.Add(string(k), string(v)) })
	return &http.Request{
		Method: strings.Clone(fc.Method()), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: string(fc.Context().Host()), URL: &url.URL{Path: strings.Clone(fc.Path())},
		Header: h, Body: http.NoBody,
	}
}

// recoverEarly gives the connection below fasthttp's wrapper and what fasthttp had already read of it. With a
// deadline that is over, reading empties its buffer and touches nothing else.
func recoverEarly(nc net.Conn) (raw net.Conn, early []byte, err error) {
	h, ok := nc.(interface{ UnsafeConn() net.Conn })
	if !ok {
		return nil, nil, fmt.Errorf("hijacked connection is a %T", nc)
	}
	raw = h.UnsafeConn()
	if err := raw.SetReadDeadline(past()); err != nil {
		return nil, nil, err
	}
	block := takeBlock()
	defer giveBlock(block)
	for {
		n, err := nc.Read(block)
		early = append(early, block[:n]...)
		if err != nil || n == 0 {
			break
		}
		if len(early) > maxEarly {
			return nil, nil, io.ErrShortBuffer
		}
	}
	return raw, early, nil
}

// accept ends the handshake and serves. It owns the connection.
func accept(raw net.Conn, early []byte, r *http.Request, reg *registry, addr string, start func(c *conn) connHandler) {
	c := &conn{reg: reg, raw: raw, addr: addr}
	c.dec = &decoder{c: c}
	if err := newDecoder(c.dec, &shim{d: c.dec, header: http.Header{}}, r); err != nil {
		reg.abandon(addr)
		_ = raw.Close()
		return
	}
	c.unread = early
	c.id = reg.nextID()
	c.alarm.ring = c.ring
	h := start(c)
	c.mu.Lock()
	c.h = h
	c.mu.Unlock()
	reg.add(c)
	c.serve()
}
