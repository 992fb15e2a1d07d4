package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// factForms are the facts of vic (proof-gate.md §8), in lower case, in every form in which a screen might show them.
func factForms() []string {
	return []string{
		"1742 maple hollow", "maple hollow drive", "apt 5b", "+14155552671", "14155552671", "4155552671", "…8213", `\u20268213`,
		"harriet.quill@example-mail.com", "harriet.quill%40example-mail.com", `harriet.quill\u0040example-mail.com`,
		"112-8834921-5567", "11288349215567", "14 mar 1983", "14 march 1983", "march 14, 1983", "1983-03-14",
		"14.03.1983", "14/03/1983", "03/14/1983", "u-vic",
	}
}

// watch sees every HTTP answer and every websocket message of a gateway to its staff, whoever asked for it and
// whether or not a test reads it. It sits below the gateway, in the listener's connections. An account fact in any of
// them is a finding, but for the account card of a window that the test has declared open.
type watch struct {
	mu     sync.Mutex
	open   map[string]string // conversation → cookie of the agent who may see its card
	found  []sent
	seen   int // answers and messages to staff
	shown  int // of these, cards with facts that were allowed
	asking map[*tap]bool
}

// sent is something that went to staff and holds facts.
type sent struct {
	what  string // request line, or "socket"
	text  string // as a person would read it
	facts []string
}

func newWatch() *watch { return &watch{open: map[string]string{}, asking: map[*tap]bool{}} }

// shows declares that from now on this agent, and nobody else, may read the conversation's card; "" = nobody may.
func (w *watch) shows(cv, cookie string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open[cv] = cookie
}

func (w *watch) listener(l net.Listener) net.Listener { return tapped{l, w} }

type tapped struct {
	net.Listener
	w *watch
}

// Accept gives a connection whose both ways are followed.
func (l tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tap{Conn: c, w: l.w}, nil
}

// tap follows one connection. It is no io.ReaderFrom: everything passes Write.
type tap struct {
	net.Conn
	w *watch

	mu      sync.Mutex
	line    string // of the present request
	staff   bool
	allowed bool // it may be answered with facts
	socket  bool
	out     bytes.Buffer // what was sent since the request, or an unfinished frame
	message bytes.Buffer // frames of one message
}

// SyscallConn keeps the gateway on the path that it takes with a plain connection.
func (t *tap) SyscallConn() (syscall.RawConn, error) { return t.Conn.(syscall.Conn).SyscallConn() }

var requestHead = regexp.MustCompile(`^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (\S+) HTTP/1\.1\r\n`)

// Read notices where a request begins, and whose it is.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if m := requestHead.FindSubmatch(p[:n]); m != nil {
		t.begin(string(m[1])+" "+string(m[2]), p[:n])
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.end()
	}
	return n, err
}

// Close is the end of the last answer.
func (t *tap) Close() error {
	t.end()
	return t.Conn.Close()
}

func (t *tap) begin(line string, head []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.socket {
		return
	}
	t.judge()
	t.line, t.staff = line, bytes.Contains(head, []byte("postern-agent="))
	t.allowed = t.staff && t.w.allows(line, head)
	t.w.waits(t, t.staff)
}

func (t *tap) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.socket {
		t.judge()
	}
	t.w.waits(t, false)
}

// allows reports whether this request for a card comes from the agent to whom it is open at this moment.
func (w *watch) allows(line string, head []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	cv, ok := strings.CutPrefix(line, "GET /v1/conversations/")
	cv, card := strings.CutSuffix(cv, "/account")
	cookie := w.open[cv]
	return ok && card && cookie != "" && bytes.Contains(head, []byte(cookie))
}

// waits remembers the connections whose last answer is not judged yet.
func (w *watch) waits(t *tap, yes bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if yes {
		w.asking[t] = true
	} else {
		delete(w.asking, t)
	}
}

// Write keeps what goes to staff.
func (t *tap) Write(p []byte) (int, error) {
	t.mu.Lock()
	if t.staff {
		t.out.Write(p)
		if !t.socket && bytes.HasPrefix(t.out.Bytes(), []byte("HTTP/1.1 101")) {
			if i := bytes.Index(t.out.Bytes(), []byte("\r\n\r\n")); i >= 0 {
				t.socket = true
				t.out.Next(i + 4)
			}
		}
		if t.socket {
			t.frames()
		}
	}
	t.mu.Unlock()
	return t.Conn.Write(p)
}

// frames takes whole frames of a server (RFC 6455 §5.2: never masked) out of what was sent.
func (t *tap) frames() {
	for {
		b := t.out.Bytes()
		if len(b) < 2 {
			return
		}
		size, at := uint64(b[1]&127), 2
		switch {
		case size == 126 && len(b) >= 4:
			size, at = bigEndian(b[2:4]), 4
		case size == 127 && len(b) >= 10:
			size, at = bigEndian(b[2:10]), 10
		case size > 125:
			return
		}
		if uint64(len(b)-at) < size {
			return
		}
		first, body := b[0], b[at:at+int(size)]
		if op := first & 15; op <= 2 { // text, binary and their continuations
			t.message.Write(body)
			if first&128 != 0 {
				t.w.look("socket", t.message.Bytes(), false)
				t.message.Reset()
			}
		}
		t.out.Next(at + int(size))
	}
}

func bigEndian(b []byte) (n uint64) {
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

// judge looks at a whole answer.
func (t *tap) judge() {
	if t.staff && t.out.Len() > 0 {
		t.w.look(t.line, plain(t.out.Bytes()), t.allowed)
	}
	t.out.Reset()
	t.staff = false
}

// plain is an answer without chunks and compression, its head included.
func plain(raw []byte) []byte {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return raw
	}
	defer func() { _ = res.Body.Close() }()
	body := io.Reader(res.Body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(body); err == nil {
			body = z
		}
	}
	text, err := io.ReadAll(body)
	if err != nil && len(text) == 0 {
		return raw
	}
	var head bytes.Buffer
	_ = res.Header.Write(&head) // into memory
	return append(head.Bytes(), text...)
}

// look searches something that went to staff.
func (w *watch) look(what string, text []byte, allowed bool) {
	if what == "socket" {
		text = unasked(text)
	}
	held := factsIn(string(text))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	switch {
	case len(held) > 0 && allowed:
		w.shown++
	case len(held) > 0:
		w.found = append(w.found, sent{what, string(text), held})
	}
}

// unasked drops from a reply what its own client has asked for.
func unasked(text []byte) []byte {
	var f map[string]any
	if json.Unmarshal(text, &f) != nil {
		return text
	}
	if ok, _ := f["ok"].(map[string]any); ok["q"] != nil {
		delete(ok, "q")
		if b, err := json.Marshal(f); err == nil {
			return b
		}
	}
	return text
}

// factsIn lists the facts in a text, also where digits are set apart.
func factsIn(text string) []string {
	low := strings.ToLower(text)
	close := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "").Replace(low)
	var held []string
	for _, f := range factForms() {
		digits := strings.Trim(f, "+0123456789") == "" && len(f) > 7
		if strings.Contains(low, f) || digits && strings.Contains(close, f) {
			held = append(held, f)
		}
	}
	return held
}

// watched fails for every fact that went to staff outside an open window since the last call, unless the text shows a
// conversation whose own visitor typed it.
func (f *fixture) watched(t *testing.T, row string) {
	t.Helper()
	if f.watch == nil { // a gateway in a process of its own
		return
	}
	f.watch.mu.Lock()
	waiting := make([]*tap, 0, len(f.watch.asking))
	for tap := range f.watch.asking {
		waiting = append(waiting, tap)
	}
	f.watch.mu.Unlock()
	for _, tap := range waiting { // their clients have read these answers: they are whole
		tap.mu.Lock()
		if !tap.socket {
			tap.judge()
		}
		tap.mu.Unlock()
	}
	f.watch.mu.Lock()
	found := f.watch.found
	f.watch.found = nil
	f.watch.mu.Unlock()
	for _, s := range found {
		if rest := slices.DeleteFunc(s.facts, func(fact string) bool { return f.typedHere(s.text, fact) }); len(rest) > 0 {
			t.Errorf("%s: staff was sent %q outside an open window: %s: %.2000s", row, rest, s.what, s.text)
		}
	}
}

// typedHere reports whether a text shows a conversation whose own visitor typed the fact.
func (f *fixture) typedHere(text, fact string) bool {
	for cv, words := range f.typed {
		typed := slices.ContainsFunc(words, func(s string) bool { return slices.Contains(factsIn(s), fact) })
		if typed && strings.Contains(text, cv) {
			return true
		}
	}
	return false
}

// The watch itself: it finds what it is there for, in answers and in messages, and lets an open card pass.
func TestWatch(t *testing.T) {
	f := startFixture(t, "SQLite", options{})
	r := newRow(t, f)
	cv := "cv_01KAH0000000000000000000BB"
	cases := []struct {
		name, line, answer string
		want               bool
	}{
		{"an answer with a fact", "GET /v1/me", `{"x":"1742 Maple Hollow Drive"}`, true},
		{"digits apart", "GET /v1/me", `{"x":"+1 (415) 555-2671"}`, true},
		{"an answer without", "GET /v1/me", `{"x":"nothing"}`, false},
		{"the open card", "GET /v1/conversations/" + cv + "/account", `{"facts":{"orders":"112-8834921-5567"}}`, false},
		{"the open card by another route", "GET /v1/conversations/" + cv + "/events", `{"facts":{"orders":"112-8834921-5567"}}`, true},
	}
	f.watch.shows(cv, r.staff["ag1"].cookie)
	for _, c := range cases {
		server, client := net.Pipe()
		tap := &tap{Conn: server, w: f.watch}
		head := c.line + " HTTP/1.1\r\nHost: x\r\nCookie: " + r.staff["ag1"].cookie + "\r\n\r\n"
		go func() { _, _ = io.WriteString(client, head); _, _ = io.Copy(io.Discard, client) }()
		if _, err := tap.Read(make([]byte, 4096)); err != nil {
			t.Fatal(err)
		}
		body := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		for _, ch := range c.answer { // one character a chunk
			body += "1\r\n" + string(ch) + "\r\n"
		}
		if _, err := io.WriteString(tap, body+"0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = tap.Close()
		f.watch.mu.Lock()
		if got := len(f.watch.found) > 0; got != c.want {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
		f.watch.found = nil
		f.watch.mu.Unlock()
	}
	r.as("ag1")
	f.watch.mu.Lock()
	defer f.watch.mu.Unlock()
	if f.watch.seen < len(cases)+2 { // welcome, and the answer to hello
		t.Errorf("the watch saw %d answers and messages", f.watch.seen)
	}
}
