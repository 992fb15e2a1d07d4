package gateway

import "context"

// Mail is one message on its way out: fixed bytes, so that a retry is the same mail.
type Mail struct {
	ID           ID     // of the message it carries
	Conversation ID     // whose ticket it belongs to
	MessageID    string // RFC 5322 Message-ID without brackets, fixed before the first try
	From         string // envelope sender
	To           string // envelope recipient
	Raw          []byte // the whole mail, CRLF
}

// Channel carries a ticket's messages to its other side. Send must be safe to call again with the same mail.
//
// Errors: unavailable = try again later; invalid = this mail will never be taken, stop and show.
type Channel interface {
	Send(ctx context.Context, m Mail) error
}
