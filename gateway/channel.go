package gateway

import (
	"context"
	"time"
)

// Mail is one message on its way out: fixed bytes, so that a retry is the same mail.
type Mail struct {
	ID           ID       // of the message it carries
	Conversation ID       // whose ticket it belongs to
	MessageID    string   // RFC 5322 Message-ID without brackets, fixed before the first try
	From         string   // envelope sender
	To           string   // envelope recipient
	Cc           []string // who else gets it
	Forward      bool     // it goes to somebody outside, whose answers are notes
	Raw          []byte   // the whole mail, CRLF
}

// Channel carries a ticket's messages to its other side. Send must be safe to call again with the same mail.
//
// Errors: unavailable = try again later; invalid = this mail will never be taken, stop and show (params code: the other
// side's own).
type Channel interface {
	Send(ctx context.Context, m Mail) error
}

// Writing is what a mail is made of: an agent's answer, or a message that goes on to somebody outside.
type Writing struct {
	Conversation Conversation
	Mailbox      Mailbox
	Author       string     // the agent's name
	Message      Message    // of a forward the agent's note, under the mail's own id
	Cc           []string   // who else gets it
	Files        []MailFile // go along; what else Message.Files names is only named
	Forward      *Forwarded // nil = an answer to the ticket's address
	At           time.Time
}

// Forwarded is what goes on to somebody outside.
type Forwarded struct {
	To      string
	Name    string // whose words they are, without an address: he has not asked to be told about
	Said    time.Time
	Message Message
}
