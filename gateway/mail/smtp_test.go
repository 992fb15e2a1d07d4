package mail

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// host is an SMTP server on a loopback port that answers as the test says.
type host struct {
	addr   string
	greet  string
	mail   string // answer to MAIL, and so on
	rcpt   string
	data   string // answer to the end of the data
	silent bool   // never greets

	of map[string]string // recipient → answer to its RCPT

	mu    sync.Mutex
	from  []string
	to    []string
	mails [][]byte
	open  sync.WaitGroup
}

func serve(t *testing.T, h *host) *host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	for _, x := range []struct {
		field *string
		text  string
	}{{&h.greet, "220 host"}, {&h.mail, "250 ok"}, {&h.rcpt, "250 ok"}, {&h.data, "250 taken"}} {
		if *x.field == "" {
			*x.field = x.text
		}
	}
	h.open.Add(1)
	go func() {
		defer h.open.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			h.open.Add(1)
			go h.talk(conn)
		}
	}()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		h.open.Wait()
	})
	return h
}

func (h *host) talk(conn net.Conn) {
	defer h.open.Done()
	c := textproto.NewConn(conn)
	defer c.Close()
	if !h.silent {
		_ = c.PrintfLine("%s", h.greet)
	}
	for {
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		if err := c.PrintfLine("%s", h.answer(c, line)); err != nil {
			return
		}
	}
}

func (h *host) answer(c *textproto.Conn, line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	h.mu.Lock()
	defer h.mu.Unlock()
	switch strings.ToUpper(verb) {
	case "EHLO", "HELO":
		return "250 host"
	case "MAIL":
		h.from = append(h.from, rest)
		return h.mail
	case "RCPT":
		h.to = append(h.to, rest)
		for who, answer := range h.of {
			if strings.Contains(rest, who) {
				return answer
			}
		}
		return h.rcpt
	case "DATA":
		_ = c.PrintfLine("354 go on")
		raw, err := c.ReadDotBytes()
		if err != nil {
			return "451 cut"
		}
		h.mails = append(h.mails, raw)
		return h.data
	case "QUIT":
		return "221 bye"
	}
	return "502 what"
}

func (h *host) taken() (mails [][]byte, from, to []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mails, h.from, h.to
}

func send(t *testing.T, addr string, m gateway.Mail) error {
	t.Helper()
	return SMTP{Addr: addr, Timeout: 5 * time.Second}.Send(t.Context(), m)
}

func TestARetrySendsTheSameBytesUnderTheSameEnvelope(t *testing.T) {
	h := serve(t, &host{})
	m := compose(t, ticket(), "Ada", "Hello\n.\n..dots\nend")
	for range 2 {
		if err := send(t, h.addr, m); err != nil {
			t.Fatal(err)
		}
	}
	mails, from, to := h.taken()
	if len(mails) != 2 || len(from) != 2 || len(to) != 2 {
		t.Fatalf("%d mails, from %v, to %v", len(mails), from, to)
	}
	want := bytes.ReplaceAll(m.Raw, []byte("\r\n"), []byte("\n"))
	for i := range mails {
		if !bytes.Equal(bytes.TrimRight(mails[i], "\n"), bytes.TrimRight(want, "\n")) {
			t.Errorf("try %d sent other bytes:\n%s\n---\n%s", i, mails[i], want)
		}
		if !strings.HasPrefix(from[i], "FROM:<"+m.From+">") || !strings.HasPrefix(to[i], "TO:<"+vic+">") {
			t.Errorf("try %d: %s %s", i, from[i], to[i])
		}
	}
}

func TestTheServersAnswerDecidesWhetherToTryAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		h    *host
		code string
		dead string
	}{
		{"taken", &host{}, "", ""},
		{"recipient later", &host{rcpt: "450 4.2.1 greylisted"}, "unavailable", ""},
		{"recipient never", &host{rcpt: "550 5.1.1 no such user"}, "invalid", "true"},
		{"recipient is full", &host{rcpt: "552 5.1.1 mailbox is full"}, "invalid", ""},
		{"no such user, after the mail", &host{data: "550 5.1.1 no such user"}, "invalid", ""},
		{"sender never", &host{mail: "553 5.1.8 no such domain"}, "invalid", ""},
		{"content later", &host{data: "452 4.3.1 disk full"}, "unavailable", ""},
		{"content never", &host{data: "554 5.7.1 policy"}, "invalid", ""},
		{"sign in first", &host{mail: "530 5.7.0 sign in"}, "unavailable", ""},
		{"host closed for now", &host{greet: "421 later"}, "unavailable", ""},
		{"host refuses us altogether", &host{greet: "554 go away"}, "unavailable", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := serve(t, c.h)
			err := send(t, h.addr, compose(t, ticket(), "Ada", "Hello"))
			if gateway.CodeOf(err) != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if e := (*gateway.Error)(nil); errors.As(err, &e) && e.Params["dead"] != c.dead {
				t.Errorf("the address is dead: %q, want %q", e.Params["dead"], c.dead)
			}
		})
	}
}

// Who else gets a mail cannot keep it from whom it is for; while one of them may be taken later, nobody gets it yet.
func TestCopiesAtTheServer(t *testing.T) {
	for _, c := range []struct {
		name, answer, code string
		mails              int
	}{
		{"taken", "250 ok", "", 1}, {"never", "550 5.1.1 no such user", "", 1}, {"later", "450 4.2.1 greylisted", "unavailable", 0},
	} {
		h := serve(t, &host{of: map[string]string{"cy@": c.answer}})
		m := compose(t, ticket(), "Ada", "Hello")
		m.Cc = []string{"bo@x.test", "cy@x.test"}
		err := send(t, h.addr, m)
		if mails, _, to := h.taken(); gateway.CodeOf(err) != c.code || len(mails) != c.mails || len(to) != 3 {
			t.Errorf("%s: %v, %d mails, to %v", c.name, err, len(mails), to)
		}
	}
}

func TestNoHostIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{addr, "", "127.0.0.1", "127.0.0.1:smtp"} {
		if err := send(t, a, gateway.Mail{}); gateway.CodeOf(err) != "unavailable" {
			t.Errorf("%q: %v", a, err)
		}
	}
}

func TestASilentHostDoesNotHoldTheWorker(t *testing.T) {
	h := serve(t, &host{silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := SMTP{Addr: h.addr, Timeout: time.Minute}.Send(ctx, gateway.Mail{})
	if gateway.CodeOf(err) != "unavailable" || time.Since(start) > 5*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
}

func TestEnvelopeCannotCarryCommands(t *testing.T) {
	h := serve(t, &host{})
	m := compose(t, ticket(), "Ada", "Hello")
	m.To = "vic@shop.example>\r\nRCPT TO:<x@evil.test"
	if err := send(t, h.addr, m); err == nil {
		t.Fatal("sent")
	}
	if mails, _, to := h.taken(); len(mails) != 0 || len(to) != 0 {
		t.Fatalf("%d mails, to %v", len(mails), to)
	}
}

func TestOnlyThisMachineMayGoWithoutTLS(t *testing.T) {
	for host, want := range map[string]string{
		"localhost": "NoTLS", "127.0.0.1": "NoTLS", "127.8.8.8": "NoTLS", "::1": "NoTLS",
		"mail.example": "TLSMandatory", "10.0.0.1": "TLSMandatory", "localhost.evil.test": "TLSMandatory", "": "TLSMandatory",
	} {
		if got := (SMTP{}).policy(host).String(); got != want {
			t.Errorf("%q: %s", host, got)
		}
	}
	if got := (SMTP{User: "u"}).policy("mail.example").String(); got != "TLSMandatory" {
		t.Errorf("with a password: %s", got)
	}
	if got := (SMTP{User: "u"}).policy("localhost").String(); got != "TLSOpportunistic" {
		t.Errorf("with a password on this machine: %s", got)
	}
}
