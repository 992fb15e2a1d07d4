package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
	"github.com/postern-chat/postern/kb/markdown"
)

// mistake says what is wrong with the address of the LMTP door.
func (m Mail) mistake() error {
	if path, unix := strings.CutPrefix(m.LMTP, "unix:"); unix {
		if !strings.HasPrefix(path, "/") {
			return errors.New("must be unix: and the absolute path of a socket")
		}
		return nil
	}
	if host, _, err := net.SplitHostPort(m.LMTP); m.LMTP != "" && (err != nil || !loopback(host)) {
		return errors.New("must be unix: and an absolute path, or a loopback address and port: whoever reaches it can write into tickets")
	}
	return nil
}

// resolver asks for the keys of signed mails.
func (m Mail) resolver() *net.Resolver {
	if m.Resolver == "" {
		return net.DefaultResolver
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, m.Resolver)
	}}
}

// senderMistakes says what is wrong with how senders are judged.
func (m Mail) senderMistakes() (bad Mistakes) {
	if host, port, err := net.SplitHostPort(m.Resolver); m.Resolver != "" && (err != nil || host == "" || port == "") {
		bad = append(bad, "mail.resolver: must be address:port")
	}
	if strings.ContainsAny(m.Authserv, " \t;()\"\\=") {
		bad = append(bad, "mail.authserv_id: must be one name")
	}
	return bad
}

// listen opens the door; nil = none is configured.
func (m Mail) listen() (net.Listener, error) {
	if m.LMTP == "" {
		return nil, nil
	}
	path, unix := strings.CutPrefix(m.LMTP, "unix:")
	if !unix {
		return net.Listen("tcp", m.LMTP)
	}
	if old, err := os.Lstat(path); err == nil && old.Mode()&fs.ModeSocket != 0 {
		if c, err := net.Dial("unix", path); err == nil {
			_ = c.Close()
			return nil, fmt.Errorf("mail.lmtp: another process listens at %s", path)
		}
		if err := os.Remove(path); err != nil { // left behind by a process that was killed
			return nil, err
		}
	}
	return net.Listen("unix", path)
}

// incoming opens the doors for mail and gives what serves them until ctx ends. All lead to one Ingest.
func (a *App) incoming(c Config, node string) ([]func(context.Context), error) {
	in := mail.Ingest{
		Box: a.Service.Store, Tokens: mail.Tokens{Key: a.secret}, Markdown: markdown.Parse, Rand: rand.Reader, Sniff: http.DetectContentType,
		Sender: mail.Judge{TXT: c.Mail.resolver().LookupTXT, Authserv: c.Mail.Authserv}, Sort: a.Service.SortMail, Urgent: a.Service.Urgent,
	}
	runs, err := a.folders(c, node, in)
	if err != nil {
		return nil, err
	}
	l, err := c.Mail.listen()
	if err != nil || l == nil {
		return runs, err
	}
	a.lmtp = l.Addr()
	door := mail.LMTP{
		Domain: a.URL.Hostname(), Mailboxes: a.Service.Store.Mailboxes, Log: a.log,
		Take: func(ctx context.Context, mb gateway.Mailbox, recipient string, raw []byte) error {
			return a.takeMail(ctx, in, mb, mail.Envelope{Recipient: recipient}, raw)
		},
	}
	return append(runs, func(ctx context.Context) {
		if err := door.Serve(ctx, l); err != nil {
			a.log.Error("the door for mail closed", "err", err)
		}
	}), nil
}

// takeMail stores one mail and tells who is connected. What is stored already is no error: whoever gave it to us did not
// hear our answer, or gives it again.
func (a *App) takeMail(ctx context.Context, in mail.Ingest, mb gateway.Mailbox, env mail.Envelope, raw []byte) error {
	now, err := a.Service.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, events, err := in.Take(ctx, mb, env, raw, now)
	if gateway.CodeOf(err) == "conflict" {
		return nil
	}
	a.Service.Arrived(ctx, events...)
	return err
}
