package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postern-chat/postern/gateway"
)

// Limits of the LMTP door.
const (
	maxRecipients = 50
	lmtpPatience  = 5 * time.Minute // RFC 5321 §4.5.3.2: how long a mail server may be silent
)

// LMTP takes mail from a mail server on this machine. It says 250 only after the commit; 451 keeps the mail with
// the server, 550 means that no mailbox has the address, 552 that the mail is too large.
//
// Source: mail-and-routing.md 1.3.
type LMTP struct {
	Domain    string // what we call ourselves
	Mailboxes func(ctx context.Context) ([]gateway.Mailbox, error)
	// Take stores one mail of a mailbox; a mail that is stored already is no error.
	Take func(ctx context.Context, mb gateway.Mailbox, recipient string, raw []byte) error
	Log  *slog.Logger
}

// Serve answers on l until ctx ends; then mails that are being stored have a moment to end. It closes l.
func (d LMTP) Serve(ctx context.Context, l net.Listener) error {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &lmtpSession{door: d, ctx: ctx}, nil }))
	s.LMTP, s.Domain, s.EnableSMTPUTF8 = true, d.Domain, true
	s.MaxRecipients, s.MaxMessageBytes = maxRecipients, MaxMail
	s.ReadTimeout, s.WriteTimeout = lmtpPatience, lmtpPatience
	s.ErrorLog = silent{}
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(grace)
		_ = s.Close()
	})
	defer stop()
	err := s.Serve(l)
	if ctx.Err() != nil || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// silent drops what the library would print: it quotes addresses.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// target is one recipient and the mailbox that it means.
type target struct {
	address string
	mailbox gateway.Mailbox
}

type lmtpSession struct {
	door    LMTP
	ctx     context.Context
	targets []target
	null    bool // nobody is to be told of a failure: a program sent it (RFC 5321 §4.5.5)
}

// Mail implements smtp.Session.
func (s *lmtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.targets, s.null = nil, from == ""
	return nil
}

// Rcpt implements smtp.Session.
func (s *lmtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	boxes, err := s.door.Mailboxes(s.ctx)
	if err != nil {
		return reply(s.door.Log, err)
	}
	for _, mb := range boxes {
		if meant(mb.Address, to) {
			s.targets = append(s.targets, target{to, mb})
			return nil
		}
	}
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no mailbox has this address"}
}

// Data implements smtp.Session; LMTP never calls it.
func (s *lmtpSession) Data(io.Reader) error { return smtp.ErrServerClosed }

// LMTPData implements smtp.LMTPSession: each recipient has its own answer.
func (s *lmtpSession) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	raw, err := io.ReadAll(io.LimitReader(r, MaxMail+1))
	if err != nil {
		return err
	}
	large := len(raw) > MaxMail
	if s.null {
		raw = append([]byte("Return-Path: <>\r\n"), raw...) // as RFC 5321 §4.4 wants it of the last hop
	}
	for _, t := range s.targets {
		if large {
			err = gateway.TooLarge("mail", MaxMail)
		} else {
			err = s.door.Take(s.ctx, t.mailbox, t.address, bytes.Clone(raw))
		}
		status.SetStatus(t.address, reply(s.door.Log, err))
	}
	return nil
}

// Reset implements smtp.Session.
func (s *lmtpSession) Reset() { s.targets = nil }

// Logout implements smtp.Session.
func (s *lmtpSession) Logout() error { return nil }

// reply is what the mail server is told. What may pass keeps the mail there.
func reply(log *slog.Logger, err error) error {
	switch code := gateway.CodeOf(err); {
	case err == nil:
		return nil
	case code == "too_large":
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "the mail is too large"}
	default:
		log.Error("take a mail", "code", code)
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now, keep the mail"}
	}
}

// meant reports whether a mail to an address is for the mailbox: with or without what stands after a plus.
func meant(mailbox, to string) bool {
	local, domain, ok := strings.Cut(strings.ToLower(to), "@")
	local, _, _ = strings.Cut(local, "+")
	return ok && mailbox != "" && strings.EqualFold(mailbox, local+"@"+domain)
}
