package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Limits of a connection to an IMAP server.
const (
	imapAnswer = time.Minute     // for sign-in, a list, the end of IDLE
	imapBody   = 5 * time.Minute // for one mail
	imapHead   = 512 << 10       // what is fetched of a mail larger than MaxMail, in bytes
)

// Account is where a folder is and how to sign in.
type Account struct {
	Addr     string // host:port
	TLS      string // tls, starttls, or none (a loopback host only)
	Roots    *x509.CertPool
	User     string
	Password string
	Folder   string
}

// Dial connects and signs in. When ctx ends, so does the connection, at whatever line it is.
func (a Account) Dial(ctx context.Context) (Folder, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", a.Addr)
	if err != nil {
		return nil, err
	}
	f := &folder{conn: conn, name: a.Folder, news: make(chan struct{}, 1)}
	f.unbind = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := f.within(imapAnswer, func() error { return f.signIn(ctx, a) }); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// folder is a connection with its folder.
type folder struct {
	conn   net.Conn
	c      *imapclient.Client
	name   string
	news   chan struct{} // the server said that there is more
	unbind func() bool
}

// within ends the connection if fn takes longer than d: the library has no limit while it idles.
func (f *folder) within(d time.Duration, fn func() error) error {
	t := time.AfterFunc(d, func() { _ = f.conn.Close() })
	defer t.Stop()
	return fn()
}

func (f *folder) signIn(ctx context.Context, a Account) error {
	host, _, err := net.SplitHostPort(a.Addr)
	if err != nil {
		return err
	}
	opts := &imapclient.Options{
		TLSConfig:             &tls.Config{ServerName: host, RootCAs: a.Roots, MinVersion: tls.VersionTLS12},
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: f.told},
	}
	switch a.TLS {
	case "tls":
		secure := tls.Client(f.conn, opts.TLSConfig)
		if err := secure.HandshakeContext(ctx); err != nil {
			return err
		}
		f.c = imapclient.New(secure, opts)
	case "starttls":
		if f.c, err = imapclient.NewStartTLS(f.conn, opts); err != nil {
			return err
		}
	default:
		f.c = imapclient.New(f.conn, opts)
	}
	return f.c.Login(a.User, a.Password).Wait()
}

func (f *folder) told(d *imapclient.UnilateralDataMailbox) {
	if d.NumMessages == nil {
		return
	}
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// Open implements Folder. The folder is opened to read only.
func (f *folder) Open(context.Context) (validity uint32, err error) {
	select {
	case <-f.news: // what follows sees it
	default:
	}
	err = f.within(imapAnswer, func() error {
		d, err := f.c.Select(f.name, &imap.SelectOptions{ReadOnly: true}).Wait()
		if err == nil && d.UIDValidity == 0 {
			err = fmt.Errorf("mail: the folder has no UIDVALIDITY")
		}
		if err == nil {
			validity = d.UIDValidity
		}
		return err
	})
	return validity, err
}

// After implements Folder.
func (f *folder) After(ctx context.Context, uid uint32, since time.Time, take func(Fetched) error) error {
	list, err := f.list(uid)
	if err != nil {
		return err
	}
	for _, m := range list {
		one := Fetched{UID: uint32(m.UID), At: m.InternalDate, Part: m.RFC822Size > MaxMail}
		if !m.InternalDate.Before(since) {
			if one.Raw, err = f.body(m.UID, one.Part); err != nil {
				return err
			}
			if one.Raw == nil { // deleted since the list
				continue
			}
		}
		if err := take(one); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// list gives number, size and date of every mail above uid, in order.
func (f *folder) list(uid uint32) (out []*imapclient.FetchMessageBuffer, err error) {
	if uid == 1<<32-1 {
		return nil, nil
	}
	// A range that ends in * always has the last mail in it, also below uid (RFC 9051 §9).
	above := imap.UIDSet{{Start: imap.UID(uid) + 1}}
	err = f.within(imapBody, func() error {
		all, err := f.c.Fetch(above, &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true}).Collect()
		for _, m := range all {
			if uint32(m.UID) > uid {
				out = append(out, m)
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b *imapclient.FetchMessageBuffer) int { return cmp.Compare(a.UID, b.UID) })
	return out, err
}

// body fetches a mail, or the beginning of one that is too large; nil = it is not there any more.
func (f *folder) body(uid imap.UID, part bool) (raw []byte, err error) {
	section := &imap.FetchItemBodySection{Peek: true}
	if part {
		section.Partial = &imap.SectionPartial{Size: imapHead}
	}
	err = f.within(imapBody, func() error {
		cmd := f.c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		for m := cmd.Next(); m != nil; m = cmd.Next() {
			for item := m.Next(); item != nil; item = m.Next() {
				b, is := item.(imapclient.FetchItemDataBodySection)
				if !is || b.Literal == nil {
					continue
				}
				if raw, err = io.ReadAll(io.LimitReader(b.Literal, MaxMail)); err != nil {
					_ = f.conn.Close()
					return err
				}
				if raw == nil {
					raw = []byte{}
				}
			}
		}
		return cmd.Close()
	})
	return raw, err
}

// Wait implements Folder: IDLE where the server has it.
func (f *folder) Wait(ctx context.Context, d time.Duration) error {
	if !f.c.Caps().Has(imap.CapIdle) {
		return f.sit(ctx, d)
	}
	return f.within(d+imapAnswer, func() error {
		idle, err := f.c.Idle()
		if err != nil {
			return err
		}
		if err := f.sit(ctx, d); err != nil {
			_ = f.conn.Close()
			return err
		}
		if err := idle.Close(); err != nil {
			return err
		}
		return idle.Wait()
	})
}

// sit waits for news, the end of the connection, or d.
func (f *folder) sit(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-f.c.Closed():
		return io.ErrUnexpectedEOF
	case <-f.news:
	case <-t.C:
	}
	return nil
}

// Close implements Folder. It says no goodbye: a server takes that for lost, and nothing was begun.
func (f *folder) Close() error {
	f.unbind()
	err := f.conn.Close()
	if f.c != nil {
		_ = f.c.Close() // waits for its reader
	}
	return err
}
