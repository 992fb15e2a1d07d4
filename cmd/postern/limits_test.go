package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// knock tries to open a websocket and gives the status of the answer; header lines stand as they are given.
func knock(t *testing.T, f *fixture, lines ...string) (status int, body string, leave func()) {
	t.Helper()
	c := f.tcp(t)
	text := "GET /v1/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: " + f.config.PublicURL + "\r\n"
	if _, err := io.WriteString(c, text+strings.Join(append(lines, "", ""), "\r\n")); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(b)
	}
	return res.StatusCode, body, func() { _ = c.Close() }
}

// tcp opens a connection to the gateway that ends with the test.
func (f *fixture) tcp(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(f.url, "localhost", "127.0.0.1", 1), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(6 * patience))
	return c
}

// Websockets are counted per client address: the one that the nearest proxy that is trusted saw, whatever the client
// itself writes into X-Forwarded-For; behind no trusted proxy it is the peer.
func TestAddressLimits(t *testing.T) {
	behind := startFixture(t, "SQLite", options{config: func(c *Config) { c.Limits.ConnectionsPerAddress = 2 }})
	direct := startFixture(t, "SQLite", options{config: func(c *Config) {
		c.Limits.ConnectionsPerAddress, c.TrustedProxies = 2, nil
	}})
	for _, c := range []struct {
		name  string
		f     *fixture
		first string
		again []string // further header lines, each from the same client
		other string   // is let in all the same
	}{
		{"behind a proxy", behind, "203.0.113.9", []string{"203.0.113.9"}, "203.0.113.10"},
		{"with a forged left end", behind, "203.0.113.11", []string{"198.51.100.1, 203.0.113.11", "127.0.0.1, 203.0.113.11"}, "203.0.113.11, 203.0.113.12"},
		{"with a forged first line", behind, "203.0.113.13", []string{"198.51.100.1\r\nX-Forwarded-For: 203.0.113.13"}, "198.51.100.1"},
		{"with junk to the left", behind, "203.0.113.14", []string{"<script>,203.0.113.14", "unknown, 203.0.113.14:4711"}, "203.0.113.15"},
		{"within one /64", behind, "2001:db8::1", []string{"2001:db8::2", "[2001:db8::ffff]:80"}, "2001:db8:0:1::1"},
		{"behind no proxy", direct, "203.0.113.9", []string{"203.0.113.10", "::1", ""}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var leave []func()
			for range 2 {
				status, _, bye := knock(t, c.f, "X-Forwarded-For: "+c.first)
				if leave = append(leave, bye); status != http.StatusSwitchingProtocols {
					t.Fatalf("within the limit: %d", status)
				}
			}
			for _, line := range c.again {
				status, body, _ := knock(t, c.f, "X-Forwarded-For: "+line)
				if status != http.StatusTooManyRequests || !strings.Contains(body, `"too_many"`) || !strings.Contains(body, `"after_ms"`) {
					t.Errorf("from %q: %d %s", line, status, body)
				}
			}
			if c.other != "" {
				if status, body, _ := knock(t, c.f, "X-Forwarded-For: "+c.other); status != http.StatusSwitchingProtocols {
					t.Errorf("from elsewhere: %d %s", status, body)
				}
			}
			leave[0]()
			soon(t, "a place that was left is free", func() bool {
				status, _, bye := knock(t, c.f, "X-Forwarded-For: "+c.first)
				bye()
				return status == http.StatusSwitchingProtocols
			})
			for _, bye := range leave {
				bye()
			}
		})
	}
}

// soon polls until something is so.
func soon(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what + ": it did not happen")
		}
	}
}

// Who sends a request byte by byte, or nothing, is cut off, and meanwhile everybody else is served.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	f := startFixture(t, "SQLite", options{})
	t.Cleanup(http.DefaultClient.CloseIdleConnections) // the gateway waits for them when it ends
	var all sync.WaitGroup
	for name, start := range map[string]string{
		"nothing":   "",
		"headers":   "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"a body":    "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{",
		"chunks":    "POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"handshake": "GET /v1/socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nX-Slow: ",
	} {
		c := f.tcp(t)
		drop := map[string]string{"nothing": "", "chunks": "1\r\nx\r\n"}
		all.Go(func() {
			next, special := drop[name]
			if !special {
				next = "x"
			}
			f.drips(t, name, c, start, next)
		})
	}
	all.Wait()
}

// drips sends start and then drop after drop until the gateway ends the connection.
func (f *fixture) drips(t *testing.T, name string, c net.Conn, start, drop string) {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, c)
		ended <- err
	}()
	for next := start; ; next = drop {
		_, _ = io.WriteString(c, next) // once it was cut off this fails
		res, err := http.Get(f.url + "/healthz")
		if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
			t.Errorf("%s: somebody else gets %v, %v", name, res, err)
		}
		select {
		case err := <-ended:
			var slow net.Error
			if errors.As(err, &slow) && slow.Timeout() {
				t.Errorf("%s: it was never cut off", name)
			}
			return
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// What is too large, or packed, is refused before anything is made of it, and each refusal has its code.
func TestOversizedRequests(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 64<<20)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, request string
		status        int
		code          string
	}{
		{"a long path", "GET /" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, "too_large"},
		{"a long query", "GET /v1/suggest?mailbox=" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431, "too_large"},
		{"a long header", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", 431, "too_large"},
		{"many headers", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: x\r\n", 2000) + "\r\n", 431, "too_large"},
		{"many headers of a handshake", "GET /v1/socket HTTP/1.1\r\nHost: x\r\nOrigin: " + f.config.PublicURL + "\r\nUpgrade: websocket\r\n" + strings.Repeat("X-Many: x\r\n", 100) + "\r\n", 400, "invalid"},
		{"a body over 1 MiB", "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413, "too_large"},
		{"a body of a length that is none", "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "invalid"},
		{"a method that nobody knows", "\x01BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 400, ""}, // Fiber's own words
		{"no HTTP", "hello\r\n\r\n", 400, "invalid"},
		{"a bomb", fmt.Sprintf("POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", bomb.Len(), bomb.String()), 415, "unsupported"},
		{"packed twice", "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip, br\r\nContent-Length: 2\r\n\r\n{}", 415, "unsupported"},
		{"packed as nothing", "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}", 415, "unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := f.tcp(t)
			if _, err := io.WriteString(conn, c.request); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			coded := c.code == "" || strings.Contains(string(b), `"code":"`+c.code+`"`) && res.Header.Get("X-Content-Type-Options") == "nosniff"
			if err != nil || res.StatusCode != c.status || !coded {
				t.Errorf("%d %v %s, %v; want %d %s", res.StatusCode, res.Header, b, err, c.status, c.code)
			}
		})
	}
}

// Who floods a connection loses it with 4003, whatever he floods it with; his other tab and everybody else go on, and
// commands beyond what a person may do are refused one by one.
func TestFloods(t *testing.T) {
	f := startFixture(t, "SQLite", options{config: func(c *Config) { c.Limits.Commands = 5 }})
	r := newRow(t, f)
	r.given()
	b := newBrowser(t)
	vic := r.visit(b)
	cv := r.starts(vic, map[string]any{"text": "Hello", "ticket": true})
	for _, c := range []struct {
		name  string
		frame string
	}{
		{"junk", "junk"},
		{"signals", `{"sig":"typing","data":{"conversation":"` + cv + `","on":true}}`},
		{"unknown signals", `{"sig":"none"}`},
		{"large frames", `{"sig":"` + strings.Repeat("x", 60<<10) + `"}`},
		{"commands", badCommand("pass", nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := r.visit(newBrowser(t))
			for range 2000 { // far more than may pass on any machine
				if err := bad.ws.Write(t.Context(), websocket.MessageText, []byte(c.frame)); err != nil {
					break // it has been closed
				}
			}
			var end websocket.CloseError
			for {
				if _, _, err := bad.ws.Read(t.Context()); errors.As(err, &end) {
					break
				} else if err != nil {
					t.Fatalf("ended without a word: %v", err)
				}
			}
			if end.Code != 4003 || end.Reason != "too_many" {
				t.Errorf("closed with %v", end)
			}
			vic.do("pass", nil) // everybody else's connection goes on
		})
	}
	vic = r.visit(b)
	refused := 0
	for range 60 {
		e, _ := vic.do("pass", nil)["error"].(map[string]any)
		if e["code"] == "too_many" && e["retry"] == "after" {
			refused++
		}
	}
	if refused == 0 {
		t.Error("sixty commands at once by somebody who may say twenty")
	}
}
