package mail

import (
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Probe makes a mail of a mailbox to itself, at an address with something after a plus, as the answers' addresses have.
// It says that a program wrote it, so it opens no ticket where it arrives. Errors: invalid for an address that cannot be
// written.
func Probe(address, id, domain string, sign Signatures, now time.Time) (gateway.Mail, error) {
	local, at, ok := strings.Cut(address, "@")
	if !ok || !gateway.PlausibleEmail(address) {
		return gateway.Mail{}, gateway.Invalid("address")
	}
	m := gateway.Mail{MessageID: strings.ToLower(id) + "@" + domain, From: address, To: local + "+" + strings.ToLower(id) + "@" + at}
	var err error
	m.Raw, err = notice(m.MessageID, m.From, m.To, id, "'postern doctor' asks whether mail comes in. There is nothing to do.", sign, now)
	return m, err
}
