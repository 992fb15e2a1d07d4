package mail

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// How a source of mail waits.
const (
	imapPoll  = time.Minute      // a folder is looked at this often, whatever IDLE says
	imapLease = 3 * time.Minute  // how long a node that died keeps a source
	imapStand = 15 * time.Second // how often a node asks whether the reader has gone
	imapFirst = time.Second      // the first wait after a lost connection; it doubles
	imapLast  = 2 * time.Minute  // the longest
)

// IMAP takes mail out of one folder of an account. It reads after a position that the store moves in the transaction
// which stores the mail, so a connection or a node may end at any line; nothing is deleted or marked at the server.
//
// Source: mail-and-routing.md 1.3.
type IMAP struct {
	Name  string // names the position and the lease: one folder of one account
	Owner string // this node
	Dial  func(ctx context.Context) (Folder, error)
	Store Positions
	Now   func(ctx context.Context) (time.Time, error) // the clock that nodes compare leases by
	// Take stores one mail and moves the position with it; a mail that is stored already is no error.
	Take  func(ctx context.Context, f Fetched, at gateway.MailPosition) error
	Since time.Time // mail that reached the server before is left alone; zero = all is taken
	Pause func(ctx context.Context, d time.Duration) error
	Log   *slog.Logger
}

// Positions is what IMAP needs of gateway.MailSourceStore, which says what each does.
type Positions interface {
	LeaseMail(ctx context.Context, source, owner string, until, now time.Time) (bool, error)
	MailPosition(ctx context.Context, source string) (gateway.MailPosition, error)
	MoveMail(ctx context.Context, p gateway.MailPosition) error
}

// Fetched is one mail as a server gave it.
type Fetched struct {
	UID  uint32
	At   time.Time // when it reached the server
	Raw  []byte
	Part bool // it is larger than MaxMail: Raw is its beginning
}

// Folder is one connection to the folder that is read.
type Folder interface {
	// Open looks at the folder anew and gives its UIDVALIDITY.
	Open(ctx context.Context) (validity uint32, err error)
	// After gives every mail above uid to take, in order, until that fails. Mails of before since are only named: their
	// Raw is nil.
	After(ctx context.Context, uid uint32, since time.Time, take func(Fetched) error) error
	// Wait returns when something may have come, and after d at the latest.
	Wait(ctx context.Context, d time.Duration) error
	Close() error
}

// errElsewhere means that another node reads the source.
var errElsewhere = errors.New("another node reads it")

// Run reads until ctx ends. Lost connections come back: after 1 s, doubled up to 2 min.
func (s IMAP) Run(ctx context.Context) {
	wait := imapFirst
	for ctx.Err() == nil {
		lived, err := s.connected(ctx)
		if lived {
			wait = imapFirst
		}
		pause := wait
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errElsewhere):
			pause = imapStand
		default:
			s.Log.Warn("read mail", "source", s.Name, "err", err, "again_s", wait.Seconds())
			wait = min(2*wait, imapLast)
		}
		if s.Pause(ctx, pause) != nil {
			return
		}
	}
}

// connected reads over one connection until it is lost. lived says that it was good for something.
func (s IMAP) connected(ctx context.Context) (lived bool, err error) {
	if err := s.lease(ctx); err != nil {
		return false, err
	}
	defer s.release(ctx)
	f, err := s.Dial(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	for {
		took, err := s.catchUp(ctx, f)
		lived = lived || took || err == nil
		if err != nil {
			return lived, err
		}
		if err := f.Wait(ctx, imapPoll); err != nil {
			return lived, err
		}
		if err := s.lease(ctx); err != nil {
			return lived, err
		}
	}
}

// lease makes this node the reader of the source, or keeps it so.
func (s IMAP) lease(ctx context.Context) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	got, err := s.Store.LeaseMail(ctx, s.Name, s.Owner, now.Add(imapLease), now)
	if err == nil && !got {
		err = errElsewhere
	}
	return err
}

// release lets another node read at once if this one stops.
func (s IMAP) release(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if now, err := s.Now(ctx); err == nil {
		_, _ = s.Store.LeaseMail(ctx, s.Name, s.Owner, now.Add(-time.Millisecond), now) // else it ends by itself
	}
}

// catchUp takes what is new. Numbers that began anew mean that everything is looked at again; what is stored is known
// by its key.
func (s IMAP) catchUp(ctx context.Context, f Folder) (took bool, err error) {
	validity, err := f.Open(ctx)
	if err != nil {
		return false, err
	}
	at, err := s.Store.MailPosition(ctx, s.Name)
	if err != nil {
		return false, err
	}
	if at.Validity != validity {
		at = gateway.MailPosition{Source: s.Name, Validity: validity}
	}
	leased, err := s.Now(ctx)
	if err != nil {
		return false, err
	}
	err = f.After(ctx, at.UID, s.Since, func(m Fetched) error {
		at.UID = m.UID
		if m.Raw == nil {
			return s.Store.MoveMail(ctx, at)
		}
		if now, err := s.Now(ctx); err != nil {
			return err
		} else if now.Sub(leased) > imapLease/3 {
			if err := s.lease(ctx); err != nil {
				return err
			}
			leased = now
		}
		err := s.Take(ctx, m, at)
		took = took || err == nil
		return err
	})
	return took, err
}
