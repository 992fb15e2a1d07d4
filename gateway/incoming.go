package gateway

import (
	"context"
	"time"
)

// Arrived tells this node's sockets and the other nodes what a mail that came in has changed. It is called after the
// commit only.
func (s *Service) Arrived(ctx context.Context, events ...Event) { s.publish(ctx, events...) }

// MailPosition is how far a source of mail has been read. Source: mail-and-routing.md 1.3.
type MailPosition struct {
	Source   string // which folder of which account
	Validity uint32 // the folder's UIDVALIDITY; another one means that its numbers began anew
	UID      uint32 // the last mail that is stored; 0 = none
}

// MailSourceStore keeps where each source of mail stands.
type MailSourceStore interface {
	// LeaseMail makes owner the only reader of a source until then, or says that another node reads it. Owners extend
	// their own lease.
	LeaseMail(ctx context.Context, source, owner string, until, now time.Time) (bool, error)
	// MailPosition reads how far a source was read; nothing yet = Validity 0.
	MailPosition(ctx context.Context, source string) (MailPosition, error)
	// MoveMail notes a mail that needed no storing. Within one Validity a position never goes back.
	MoveMail(ctx context.Context, p MailPosition) error
	// Original reads the mail that a message came in, and whose conversation it is. Errors: not_found.
	Original(ctx context.Context, message ID) (ID, Original, error)
}

// MailFile is a file that came in a mail. It is stored with the mail's message, in the same transaction.
type MailFile struct {
	File
	CID  string // by which the mail's HTML shows it; "" = it does not
	Data []byte
}

// NewMailFile judges what a mail carries as an upload is judged: the content decides what it is, and a text loses its
// secrets (Scrub). found is the type that was sniffed. ok false: people may not send this, so it stays in the original.
func NewMailFile(id ID, name, found string, data []byte, now time.Time) (f MailFile, ok bool) {
	clean, err := fileName(name)
	if err != nil {
		clean = "attachment"
	}
	kind := allowedType(found, data)
	if kind == "" || len(data) == 0 || len(data) > MaxFilesBytes {
		return MailFile{}, false
	}
	scrubbed := 0
	if kind == "text/plain" {
		data, scrubbed = Scrub(data)
	}
	size := int64(len(data))
	return MailFile{Data: data, File: File{
		ID: id, Name: clean, Type: kind, Size: size, Stored: size, CreatedAt: now, AttachedAt: now, Scrubbed: int64(scrubbed),
		Owner: Actor{Role: RoleVisitor},
	}}, size > 0
}

// Ref is the file as its message names it.
func (f MailFile) Ref() FileRef { return f.ref() }
