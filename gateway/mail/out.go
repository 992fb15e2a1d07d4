// Package mail carries tickets by e-mail: it composes an agent's answer once, and sends it through one smart
// host or into a spool folder. It also takes mail in (in.go).
//
// What never happens here: authority. Mail carries words; no mail moves a change (mail-and-routing.md).
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Composer makes the bytes of an agent's answer.
type Composer struct {
	Tokens Tokens // signed Reply-To
	Domain string // right side of Message-IDs: the gateway's host name
}

// Compose fixes Message-ID, envelope and bytes, so that each retry is the same mail. Errors: invalid for an
// address that cannot be written.
func (c Composer) Compose(cv gateway.Conversation, mb gateway.Mailbox, author string, m gateway.Message, now time.Time) (gateway.Mail, error) {
	to, err := mail.ParseAddress(cv.Claimed.Email)
	if err != nil {
		return gateway.Mail{}, gateway.Invalid("email")
	}
	local, domain, ok := strings.Cut(mb.Address, "@")
	if !ok {
		return gateway.Mail{}, gateway.Invalid("address")
	}
	id := strings.ToLower(string(m.ID)) + "@" + c.Domain
	reply := local + "+" + c.Tokens.Make('t', string(cv.ID), to.Address) + "@" + domain
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", (&mail.Address{Name: oneLine(author), Address: mb.Address}).String())
	header("To", (&mail.Address{Address: to.Address}).String())
	header("Reply-To", (&mail.Address{Address: reply}).String())
	header("Subject", mime.QEncoding.Encode("utf-8", fmt.Sprintf("%s [#%d]", oneLine(cv.Subject), cv.Number)))
	header("Date", now.Format(time.RFC1123Z))
	header("Message-ID", "<"+id+">")
	root := "<" + strings.ToLower(string(cv.ID)) + "@" + c.Domain + ">"
	header("In-Reply-To", root)
	header("References", root)
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := io.WriteString(w, body(m, mb)); err != nil {
		return gateway.Mail{}, gateway.Internal("write mail", err)
	}
	if err := w.Close(); err != nil {
		return gateway.Mail{}, gateway.Internal("write mail", err)
	}
	return gateway.Mail{
		ID: m.ID, Conversation: cv.ID, MessageID: id, To: to.Address, Raw: b.Bytes(),
		From: local + "+" + c.Tokens.Make('b', string(m.ID), to.Address) + "@" + domain,
	}, nil
}

func body(m gateway.Message, mb gateway.Mailbox) string {
	text := strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n", "\r\n")
	for _, f := range m.Files {
		text += "\r\n\r\n[" + oneLine(f.Name) + "]"
	}
	if mb.Signature != "" {
		text += "\r\n\r\n-- \r\n" + strings.ReplaceAll(mb.Signature, "\n", "\r\n")
	}
	return text + "\r\n"
}

// oneLine keeps typed words out of the header's structure.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Spool writes each mail as a file NAME.eml, for the demo and for hosts that pick them up. Sending the same
// mail again writes the same file.
type Spool struct {
	Dir string
}

// Send stores the mail. Errors: unavailable.
func (s Spool) Send(_ context.Context, m gateway.Mail) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return gateway.Unavailable("spool", err)
	}
	name := filepath.Join(s.Dir, string(m.ID)+".eml")
	tmp := name + ".part"
	if err := os.WriteFile(tmp, m.Raw, 0o600); err != nil {
		return gateway.Unavailable("spool", err)
	}
	if err := os.Rename(tmp, name); err != nil {
		return gateway.Unavailable("spool", err)
	}
	return nil
}

// SMTP sends through one smart host. TLS is demanded unless the host is a loopback address.
type SMTP struct {
	Addr     string // host:port
	User     string
	Password string
	Timeout  time.Duration
}

// Send gives the mail to the smart host. Errors: unavailable = again later (4xx, no connection), invalid =
// never (5xx).
func (s SMTP) Send(ctx context.Context, m gateway.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return gateway.Unavailable("smtp", err)
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return gateway.Unavailable("smtp", err)
		}
	}
	return verdict(s.talk(conn, m))
}

func (s SMTP) talk(conn net.Conn, m gateway.Mail) error {
	host, _, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok {
		if err := c.StartTLS(&tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}); err != nil {
			return err
		}
	} else if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("the server offers no TLS")
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.From); err != nil {
		return err
	}
	if err := c.Rcpt(m.To); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.Raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the mail is taken already
	return nil
}

// verdict tells "again later" from "never" by the server's own code.
func verdict(err error) error {
	var reply *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply) && reply.Code >= 500:
		return &gateway.Error{Is: "invalid", Params: gateway.P{"field": "mail"}, Err: err}
	}
	return gateway.Unavailable("smtp", err)
}
