package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

// imapMistakes says what is wrong with the folders that mail is read from.
func (m Mail) imapMistakes() (bad Mistakes) {
	seen := map[string]bool{}
	for i, f := range m.IMAP {
		name := fmt.Sprintf("mail.imap %d", i+1)
		bad = append(bad, f.mistakes(name)...)
		if seen[f.source()] {
			bad = append(bad, name+": this folder stands there twice")
		}
		seen[f.source()] = true
	}
	return bad
}

func (f IMAPConfig) mistakes(name string) (bad Mistakes) {
	for key, value := range map[string]string{"mailbox": f.Mailbox, "host": f.Host, "user": f.User, "password_file": f.PasswordFile} {
		if value == "" {
			bad = append(bad, name+": "+key+" is missing")
		}
	}
	if f.Port < 0 || f.Port > 65535 {
		bad = append(bad, name+": port must be between 1 and 65535")
	}
	if !slices.Contains([]string{"", "tls", "starttls", "none"}, f.TLS) {
		bad = append(bad, name+": tls must be tls, starttls or none")
	}
	if f.TLS == "none" && !loopback(f.Host) {
		bad = append(bad, name+": tls: none only with a loopback host")
	}
	_, err := f.since()
	bad.add(name+": since", err)
	if f.PasswordFile != "" {
		_, err := f.account()
		bad.add(name, err)
	}
	slices.Sort(bad)
	return bad
}

func (f IMAPConfig) addr() string {
	port := f.Port
	switch {
	case port != 0:
	case f.TLS == "" || f.TLS == "tls":
		port = 993
	default:
		port = 143
	}
	return net.JoinHostPort(f.Host, strconv.Itoa(port))
}

func (f IMAPConfig) folder() string {
	if f.Folder == "" {
		return "INBOX"
	}
	return f.Folder
}

// source names the folder for position and lease.
func (f IMAPConfig) source() string { return "imap:" + f.User + "@" + f.addr() + "/" + f.folder() }

func (f IMAPConfig) since() (time.Time, error) {
	if f.Since == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, f.Since)
	if err != nil {
		return t, errors.New("must be YYYY-MM-DD")
	}
	return t, nil
}

// account reads password and authorities. Errors never hold the password.
func (f IMAPConfig) account() (mail.Account, error) {
	secret, err := os.ReadFile(f.PasswordFile)
	if err != nil {
		return mail.Account{}, fmt.Errorf("password_file: %w", err)
	}
	a := mail.Account{Addr: f.addr(), TLS: f.TLS, User: f.User, Password: strings.TrimRight(string(secret), "\r\n"), Folder: f.folder()}
	if a.TLS == "" {
		a.TLS = "tls"
	}
	if f.CAFile == "" {
		return a, nil
	}
	text, err := os.ReadFile(f.CAFile)
	if err != nil {
		return a, fmt.Errorf("ca_file: %w", err)
	}
	a.Roots = x509.NewCertPool()
	if !a.Roots.AppendCertsFromPEM(text) {
		return a, errors.New("ca_file: must be a PEM file with a CERTIFICATE")
	}
	return a, nil
}

// folders gives what reads the folders that the configuration names.
func (a *App) folders(c Config, node string, in mail.Ingest) (runs []func(context.Context), err error) {
	for _, f := range c.Mail.IMAP {
		account, err := f.account()
		if err != nil {
			return nil, err
		}
		since, err := f.since()
		if err != nil {
			return nil, err
		}
		source := mail.IMAP{
			Name: f.source(), Owner: node, Dial: account.Dial, Store: a.Service.Store, Now: a.Service.Store.Now,
			Since: since, Pause: a.outside.pause, Log: a.log,
			Take: func(ctx context.Context, m mail.Fetched, at gateway.MailPosition) error {
				mb, err := a.mailboxFor(ctx, f.Mailbox, m.Raw)
				if err != nil {
					return err
				}
				return a.takeMail(ctx, in, mb, mail.Envelope{Position: &at, Part: m.Part}, m.Raw)
			},
		}
		runs = append(runs, source.Run)
	}
	return runs, nil
}

// mailboxFor gives the mailbox that a mail out of a folder is for.
func (a *App) mailboxFor(ctx context.Context, slug string, raw []byte) (gateway.Mailbox, error) {
	all, err := a.Service.Store.Mailboxes(ctx)
	if err != nil {
		return gateway.Mailbox{}, err
	}
	i := slices.IndexFunc(all, func(mb gateway.Mailbox) bool { return mb.Slug == slug })
	if i < 0 {
		return gateway.Mailbox{}, fmt.Errorf("mail.imap: there is no mailbox %q", slug)
	}
	return mail.Choose(all[i], all, raw), nil
}
