package mail

import (
	"slices"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// maxCopies is how many addresses of a mail are kept beside its sender's.
const maxCopies = 20

// copies gives whom a mail names in To and Cc beside us and its sender. All of them are somebody's claim.
func (l letter) copies(mb gateway.Mailbox) (out []string) {
	for _, a := range append(addresses(l.head["To"]), addresses(l.head["Cc"])...) {
		_, _, _, token := Read(a)
		known := slices.ContainsFunc(out, func(b string) bool { return strings.EqualFold(a, b) })
		if known || token || !gateway.PlausibleEmail(a) || strings.EqualFold(a, l.from) || meant(mb.Address, a) {
			continue
		}
		if out = append(out, a); len(out) == maxCopies {
			return out
		}
	}
	return out
}
