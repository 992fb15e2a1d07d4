package mail

import (
	"slices"

	"github.com/postern-chat/postern/gateway"
)

// Choose gives the mailbox that a mail out of own's folder is for: own, unless the header names other mailboxes only.
func Choose(own gateway.Mailbox, all []gateway.Mailbox, raw []byte) gateway.Mailbox {
	head, _ := split(skipMbox(raw))
	h := headers(head)
	var to []string
	for _, name := range recipientHeaders() {
		to = append(to, addresses(h[name])...)
	}
	named := func(mb gateway.Mailbox) bool {
		return slices.ContainsFunc(to, func(a string) bool { return meant(mb.Address, a) })
	}
	if named(own) {
		return own
	}
	if i := slices.IndexFunc(all, named); i >= 0 {
		return all[i]
	}
	return own
}

// recipientHeaders are where a mail may say whom it reached, the surest first.
func recipientHeaders() []string { return []string{"Delivered-To", "X-Original-To", "To", "Cc"} }
