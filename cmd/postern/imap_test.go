package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/gateway/mail"
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

// While the gateway is off for days mail comes on; a mail that came before by LMTP comes again; the folder's numbers begin
// anew; a mail is deleted at the server. Every mail is a ticket once.
func TestMailOfDaysComesInOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, c Config) {
		d := server.NewDovecot(t)
		reads(t, &c, d, d.Plain, "starttls")
		c.Mail.LMTP = "unix:" + filepath.Join(t.TempDir(), "lmtp")
		first := startNode(t, c)
		for i := range 3 {
			d.Deliver(t, "support", postcard(i+1, ""))
		}
		first.arrives(t, 3)
		if got := (lmtpClient{t, first.lmtp}).hands("support@shop.test", strings.ReplaceAll(string(postcard(4, "")), "\r\n", "\n")); got != 250 {
			t.Fatal(got)
		}
		first.arrives(t, 4)
		first.stop() // what reads mail ends
		c.Mail.LMTP = ""
		for i := range 6 {
			d.Deliver(t, "support", postcard(i+4, ""))
		}
		d.Age(t, "support", 4*24*time.Hour)
		n := openNode(t, c)
		n.box = first.box
		n.arrives(t, 9)
		d.Renumber(t, "support")
		d.Deliver(t, "support", postcard(10, ""))
		n.arrives(t, 10)
		d.Delete(t, "support")
		d.Deliver(t, "support", postcard(11, ""))
		n.arrives(t, 11)
		n.staysDeleted(t, d, 11)
	})
}

// staysDeleted deletes the ticket of a card that still lies in the folder, whose numbers then begin anew.
func (n *node) staysDeleted(t *testing.T, d *server.Dovecot, card int) {
	t.Helper()
	has := func(card int) int {
		return slices.IndexFunc(n.tickets(t), func(cv gateway.Conversation) bool { return cv.Subject == fmt.Sprint("card ", card) })
	}
	if _, err := n.Service.Store.DeleteTicket(t.Context(), n.tickets(t)[has(card)].ID, gateway.System(), time.Now()); err != nil {
		t.Fatal(err)
	}
	d.Renumber(t, "support")
	d.Deliver(t, "support", postcard(card+1, ""))
	waitUntil(t, "the next card does not come", func() bool { return has(card+1) >= 0 })
	if has(card) >= 0 {
		t.Error("what was deleted has come back")
	}
}

// Two gateways share one folder: each mail comes in once.
func TestTwoNodesReadOneFolder(t *testing.T) {
	d := server.NewDovecot(t)
	c := shared(t)
	reads(t, &c, d, d.TLS, "tls")
	one := startNode(t, c)
	two := openNode(t, c)
	two.box = one.box
	for i := range 50 {
		d.Deliver(t, "support", postcard(i+1, ""))
	}
	two.arrives(t, 50)
}

// A server whose certificate nobody vouches for gets no password, and a wrong password opens nothing.
func TestFoldersThatAreRefused(t *testing.T) {
	c := alone(t)
	d := server.NewDovecot(t)
	other := server.NewAuthority(t)
	reads(t, &c, d, d.TLS, "tls")
	for _, tls := range []string{"tls", "starttls"} {
		f := c.Mail.IMAP[0]
		if f.TLS, f.CAFile = tls, other.RootFile; tls == "starttls" {
			_, port, _ := net.SplitHostPort(d.Plain)
			f.Port, _ = strconv.Atoi(port)
		}
		a, err := f.account()
		if err != nil {
			t.Fatal(err)
		}
		if folder, err := a.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v %v", tls, folder, err)
		}
	}
	a, err := c.Mail.IMAP[0].account()
	if err != nil {
		t.Fatal(err)
	}
	a.Password = "another"
	if _, err := a.Dial(t.Context()); err == nil {
		t.Error("signed in with a wrong password")
	}
}

// A mail larger than is taken comes as its beginning, with its header, and holds up no other.
func TestHugeMailHoldsUpNothing(t *testing.T) {
	c := alone(t)
	d := server.NewDovecot(t)
	reads(t, &c, d, d.TLS, "tls")
	n := startNode(t, c)
	d.Deliver(t, "support", postcard(1, strings.Repeat("A long line of words that goes on.\n", mail.MaxMail/32)))
	d.Deliver(t, "support", postcard(2, ""))
	n.arrives(t, 2)
}

func TestFoldersInTheConfiguration(t *testing.T) {
	secret := write(t, t.TempDir(), "p", "secret\n")
	good := IMAPConfig{Mailbox: "support", Host: "imap.site.test", User: "support", PasswordFile: secret}
	for name, change := range map[string]func(*IMAPConfig){
		"mailbox is missing": func(f *IMAPConfig) { f.Mailbox = "" }, "host is missing": func(f *IMAPConfig) { f.Host = "" },
		"user is missing": func(f *IMAPConfig) { f.User = "" }, "password_file is missing": func(f *IMAPConfig) { f.PasswordFile = "" },
		"password_file: open": func(f *IMAPConfig) { f.PasswordFile = "/nonexistent" }, "port must be": func(f *IMAPConfig) { f.Port = 70000 },
		"tls must be": func(f *IMAPConfig) { f.TLS = "ssl" }, "none only": func(f *IMAPConfig) { f.TLS = "none" },
		"since: must be": func(f *IMAPConfig) { f.Since = "yesterday" }, "ca_file: must be": func(f *IMAPConfig) { f.CAFile = secret },
	} {
		f := good
		change(&f)
		if bad := (Mail{IMAP: []IMAPConfig{f}}).imapMistakes(); len(bad) != 1 || !strings.Contains(bad[0], name) || strings.Contains(bad[0], "secret\n") {
			t.Errorf("%s: %v", name, bad)
		}
	}
	if bad := (Mail{IMAP: []IMAPConfig{good}}).imapMistakes(); len(bad) > 0 {
		t.Error(bad)
	}
	if bad := (Mail{IMAP: []IMAPConfig{good, good}}).imapMistakes(); len(bad) != 1 {
		t.Error(bad)
	}
	for addr, ok := range map[string]bool{"": true, "127.0.0.1:53": true, "127.0.0.1": false, ":53": false} {
		if bad := (Mail{Resolver: addr, Authserv: "mx.site.test"}).senderMistakes(); (len(bad) == 0) != ok {
			t.Errorf("%q: %v", addr, bad)
		}
	}
	if bad := (Mail{Authserv: "mx; x"}).senderMistakes(); len(bad) != 1 {
		t.Error(bad)
	}
}
