package mail

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/postern-chat/postern/gateway"
)

// SMTP sends through one smart host. TLS is demanded unless the host is a loopback address; port 465 speaks
// TLS from the first byte (RFC 8314).
type SMTP struct {
	Addr     string // host:port
	User     string
	Password string
	Timeout  time.Duration // for one mail, from dial to the last answer
}

// Send gives the mail to the smart host. Errors: unavailable = again later (4xx, no connection, refused
// sign-in), invalid = never (5xx for this mail).
func (s SMTP) Send(ctx context.Context, m gateway.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return gateway.Unavailable("smtp", err)
	}
	c, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return gateway.Unavailable("smtp", err) // the host, not this mail
	}
	defer func() { _ = c.Close() }()
	return verdict(deliver(c, m))
}

// client prepares the connection. When ctx ends, so does the connection, at whatever line it is.
func (s SMTP) client(ctx context.Context) (*gomail.Client, error) {
	host, service, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(service)
	if err != nil {
		return nil, err
	}
	opts := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(s.Timeout), gomail.WithTLSPolicy(s.policy(host))}
	if port == 465 {
		opts = append(opts, gomail.WithSSL())
	} else {
		opts = append(opts, gomail.WithDialContextFunc(func(_ context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, addr)
			if err == nil {
				context.AfterFunc(ctx, func() { _ = conn.Close() })
			}
			return conn, err
		}))
	}
	if s.User != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(host, opts...)
}

// policy lets only a mail server on this machine go without TLS: its certificate names another host as a rule.
func (s SMTP) policy(host string) gomail.TLSPolicy {
	ip := net.ParseIP(host)
	switch {
	case host != "localhost" && (ip == nil || !ip.IsLoopback()):
		return gomail.TLSMandatory
	case s.User != "":
		return gomail.TLSOpportunistic
	}
	return gomail.NoTLS
}

// deliver sends the stored bytes under the stored envelope: a Msg would be written anew at each try.
func deliver(c *smtp.Client, m gateway.Mail) error {
	if err := c.Mail("<" + m.From + ">"); err != nil {
		return err
	}
	if err := c.Rcpt("<" + m.To + ">"); err != nil {
		return recipient{err}
	}
	if err := copies(c, m.Cc); err != nil {
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

// copies names who else gets the mail. One whom the server never takes does not keep it from the others; if it may take
// him later, the whole mail waits, so that nobody gets it twice.
func copies(c *smtp.Client, cc []string) error {
	for _, to := range cc {
		err := c.Rcpt("<" + to + ">")
		if err != nil && gateway.CodeOf(verdict(err)) != "invalid" {
			return err
		}
	}
	return nil
}

// verdict tells "again later" from "never" by the server's own code. That we must sign in (RFC 4954 §6) is
// about the configuration and stops no mail.
func verdict(err error) error {
	var reply *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &reply) && reply.Code >= 500 && reply.Code != 530 && reply.Code != 535:
		params := gateway.P{"field": "mail", "code": strconv.Itoa(reply.Code)}
		if errors.As(err, new(recipient)) && dead(enhanced.FindString(reply.Msg), reply.Msg) {
			params["dead"] = "true"
		}
		return &gateway.Error{Is: "invalid", Params: params, Err: err}
	}
	return gateway.Unavailable("smtp", err)
}

// recipient is what the server says about whom a mail is for.
type recipient struct{ error }

func (r recipient) Unwrap() error { return r.error }
