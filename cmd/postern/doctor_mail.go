package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/mail"
)

const (
	mailTime  = 90 * time.Second // for mails to ourselves: a folder may be read once a minute
	mailEvery = 250 * time.Millisecond
)

// dkim holds the keys that outgoing mail is signed with against the DNS.
func (d *doctor) dkim(ctx context.Context, c Config, _ outside) {
	keys, err := c.SMTP.signatures()
	if err != nil {
		return // the settings say so
	}
	for _, k := range keys {
		txt, err := c.Mail.resolver().LookupTXT(ctx, k.Name())
		var no *net.DNSError
		if err != nil && (!errors.As(err, &no) || !no.IsNotFound) {
			d.care(true, "dkim.unknown", "the DNS does not answer for "+k.Name()+": "+err.Error(), "check mail.resolver and the network")
			continue
		}
		d.bad(!slices.ContainsFunc(txt, k.Published), "dkim.record", "the DNS does not hold the key that mails of "+k.Domain+" are signed with: they look forged",
			"publish at "+k.Name()+" the text record: "+k.Record())
	}
}

// itself mails to each mailbox, at an address with a plus, and looks whether a running gateway takes that in, until ctx
// ends. It is the one look that leaves something behind: a line in the list of machines' mail.
func (d *doctor) itself(ctx context.Context, c Config, o outside) {
	if c.SMTP.Host == "" || c.Mail.LMTP == "" && len(c.Mail.IMAP) == 0 {
		d.care(true, "mail.oneway", "mail cannot be sent to ourselves: smtp.host, and mail.lmtp or [[mail.imap]], are needed", "set both, or leave out --mail")
		return
	}
	st, err := openStorage(ctx, c, o.decides)
	if d.failed(err, "database.down", "the database does not answer", "see the message") {
		return
	}
	defer func() { _ = st.gateway.Close() }() // only read
	boxes, err := st.gateway.Mailboxes(ctx)
	if d.failed(err, "database.down", "the mailboxes cannot be read", "see the message") {
		return
	}
	wait := d.probes(ctx, c, o, boxes)
	for len(wait) > 0 {
		list, err := st.gateway.Machines(ctx, 200)
		if err != nil {
			break // with ctx, as a rule
		}
		for _, m := range list {
			delete(wait, m.Subject)
		}
		if o.pause(ctx, mailEvery) != nil {
			break
		}
	}
	for _, to := range wait {
		d.bad(true, "mail.plus", "a mail to "+to+" did not come in", "let a gateway run, let it read that address's mail, and let the mail server keep what stands after a plus (deploy/MAIL.md)")
	}
}

// probes sends one mail for each mailbox and gives what is waited for: subject → address.
func (d *doctor) probes(ctx context.Context, c Config, o outside, boxes []gateway.Mailbox) map[string]string {
	wait := map[string]string{}
	keys, _ := c.SMTP.signatures() // the settings say what is wrong
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return wait
	}
	for _, mb := range boxes {
		id := "doctor-" + rand.Text()[:12]
		m, err := mail.Probe(mb.Address, id, public.Hostname(), keys, o.now())
		if err == nil {
			err = channels()["smtp"](c).Send(ctx, m)
		}
		if !d.failed(err, "mail.refused", "the smart host does not take a mail of "+mb.Address, "see the message") {
			wait[id] = m.To
		}
	}
	return wait
}
