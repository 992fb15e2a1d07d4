package main

import (
	"fmt"
	"slices"
)

// abuseIMail: what leaves by mail without a person who writes it.
func abuseIMail() map[string]func(r *row) {
	return map[string]func(r *row){"J05": mailBomb}
}

// mailBomb makes a thousand tickets with somebody's address: no mail leaves for them, because none is automatic, and
// an agent's answer in one of them is one mail.
func mailBomb(r *row) {
	const victim = "bombed@example-mail.com"
	for i := range 200 { // a stranger with many addresses and browsers, five tickets in each
		r.ip = newAddress()
		c := r.visit(newBrowser(r.T))
		for n := range 5 {
			r.starts(c, map[string]any{"text": fmt.Sprint("bomb ", i, n), "email": victim, "ticket": true})
		}
		_ = c.ws.CloseNow()
		r.clients = slices.DeleteFunc(r.clients, func(x *client) bool { return x == c })
	}
	if n := r.mailsTo(victim); n != 0 {
		r.Errorf("%d automatic mails to an address that somebody typed", n)
	}
	k := r.ticket(victim)
	k.mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "a", "text": "Did you write to us?"})
	if n := r.mailsTo(victim); n != 1 {
		r.Errorf("%d mails after one answer", n)
	}
}

// mailsTo counts the mails that were ever made for an address.
func (r *row) mailsTo(address string) (n int) {
	r.Helper()
	if err := r.sql(r.T).QueryRowContext(r.Context(), `SELECT COUNT(*) FROM outbox WHERE recipient = $1`, address).Scan(&n); err != nil {
		r.Fatal(err)
	}
	return n
}
