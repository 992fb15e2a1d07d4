package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// longPatience is how long a test waits for mail: two cores may have other work.
const longPatience = 2 * time.Minute

// cutter passes connections on to a server and cuts them.
type cutter struct {
	net.Listener
	mu    sync.Mutex
	open  []net.Conn
	cuts  int
	after int64 // bytes from the server until the next cut; 0 = none
	past  int64
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l}
	t.Cleanup(func() { _ = l.Close(); c.cut() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			c.mu.Lock()
			c.open = append(c.open, in, out)
			c.mu.Unlock()
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, io.TeeReader(out, c)); _ = in.Close() }()
		}
	}()
	return c
}

// Write counts what came from the server, and cuts in the middle of it.
func (c *cutter) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.past += int64(len(b))
	now := c.after > 0 && c.cuts > 0 && c.past >= c.after
	if now {
		c.past, c.cuts = 0, c.cuts-1
	}
	c.mu.Unlock()
	if now {
		c.cut()
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close()
	}
	c.open = nil
}

func (c *cutter) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

// reads lets a configuration read the account "support" at addr.
func reads(t *testing.T, c *Config, d *server.Dovecot, addr, tls string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "imap.password")
	if err := os.WriteFile(secret, []byte(server.DovecotPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Mail.IMAP = []IMAPConfig{{Mailbox: "support", Host: host, Port: n, TLS: tls, CAFile: d.CA.RootFile, User: "support", PasswordFile: secret}}
	if bad := c.Mail.imapMistakes(); len(bad) > 0 {
		t.Fatal(bad)
	}
}

// postcard is a mail that is like no other.
func postcard(n int, more string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf("From: Vic <vic%d@example-mail.com>\nTo: support@shop.test\nSubject: card %d\n"+
		"Date: Mon, 02 Mar 2026 12:00:00 +0000\nMessage-ID: <card-%d@example-mail.com>\n\nCard %d. %s\n", n, n, n, n, more), "\n", "\r\n"))
}

// arrives waits until the cards up to n are tickets, and reports whether each came once: tickets are numbered without
// gaps.
func (n *node) arrives(t *testing.T, cards int) {
	t.Helper()
	deadline := time.Now().Add(longPatience)
	for {
		list := n.tickets(t)
		newest := uint64(0)
		seen := map[string]int{}
		for _, cv := range list {
			newest = max(newest, uint64(cv.Number))
			seen[cv.Subject]++
		}
		switch {
		case newest >= uint64(cards):
			for i := max(0, cards-len(list)); i < cards; i++ { // the list has the newest 200
				if s := fmt.Sprintf("card %d", i+1); seen[s] != 1 {
					t.Fatalf("%s came %d times; %d tickets", s, seen[s], newest)
				}
			}
			if newest > uint64(cards) {
				t.Fatalf("%d tickets of %d cards", newest, cards)
			}
			return
		case time.Now().After(deadline):
			t.Fatalf("%d of %d mails came", newest, cards)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func eachDatabase(t *testing.T, run func(*testing.T, Config)) {
	for name, base := range map[string]func(*testing.T) Config{"SQLite": alone, "PostgreSQL": shared} {
		t.Run(name, func(t *testing.T) { run(t, base(t)) })
	}
}

// 200 mails come in while the connection is cut six times, in the middle of what the server says: each is stored once.
func TestMailComesInOverACutConnection(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		d := server.NewDovecot(t)
		p := newCutter(t, d.TLS)
		p.cuts, p.after = 6, 30_000
		reads(t, &c, d, p.Addr().String(), "tls")
		n := startNode(t, c)
		for i := range 200 {
			d.Deliver(t, "support", postcard(i+1, strings.Repeat("The same words. ", 64)))
		}
		n.arrives(t, 200)
		if p.left() > 0 {
			t.Fatalf("%d cuts did not happen", p.left())
		}
		d.Deliver(t, "support", postcard(201, ""))
		n.arrives(t, 201)
	})
}
