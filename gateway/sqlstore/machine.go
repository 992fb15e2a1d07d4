package sqlstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qInsertMachine = `INSERT INTO automatic (message, mailbox, sender, subject, text, at) VALUES ($1,$2,$3,$4,$5,$6)`
	qMachines      = `SELECT message, mailbox, sender, subject, text, at FROM automatic ORDER BY at DESC, message DESC LIMIT $1`
	qAutomatic     = `INSERT INTO automatic_sent (address, at) VALUES ($1,$2)
ON CONFLICT (address) DO UPDATE SET at = excluded.at WHERE automatic_sent.at <= $3`
)

func scanMachine(r scanner) (gateway.Machine, error) {
	var m gateway.Machine
	var when int64
	err := r.Scan(&m.Message, &m.Mailbox, &m.Sender, &m.Subject, &m.Text, &when)
	m.At = at(when)
	return m, missing(err)
}

// Machines implements gateway.MachineStore.
func (s *Store) Machines(ctx context.Context, limit int) ([]gateway.Machine, error) {
	return all(ctx, s, scanMachine, qMachines, page(limit))
}

// listMachine keeps a mail that belongs to no ticket.
func (x *tx) listMachine(m gateway.Machine) error {
	return x.must(qInsertMachine, string(m.Message), string(m.Mailbox), m.Sender, m.Subject, m.Text, ms(x.now))
}

// SendAutomatic implements gateway.MachineStore.
func (s *Store) SendAutomatic(ctx context.Context, m gateway.Mail, since, now time.Time) (sent bool, err error) {
	_, err = s.change(ctx, "send an automatic mail", now, func(x *tx) error {
		if code, err := x.dead(m.To); err != nil || code != "" {
			sent = false
			return err // nobody waits for it
		}
		n, err := x.exec(qAutomatic, strings.ToLower(m.To), ms(now), ms(since))
		if sent = err == nil && n == 1; !sent {
			return err
		}
		return x.outbox(m)
	})
	return sent && err == nil, err
}

// confirms appoints the confirmation of a mail that opened a ticket.
func (x *tx) confirms(cv gateway.ID, messageID string) error {
	p, err := json.Marshal(map[string]string{"conversation": string(cv), "message_id": messageID})
	if err != nil {
		return err
	}
	return x.enqueue(gateway.Job{ID: "confirm:" + string(cv), Kind: gateway.JobConfirm, Due: x.now, Payload: p})
}
