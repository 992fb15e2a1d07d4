package mail

import (
	"context"
	"os"
	"path/filepath"

	"github.com/postern-chat/postern/gateway"
)

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
