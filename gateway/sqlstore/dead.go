package sqlstore

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

const (
	qDead     = `SELECT code FROM dead_addresses WHERE address = $1`
	qMarkDead = `INSERT INTO dead_addresses (address, code, at) VALUES ($1,$2,$3)
ON CONFLICT (address) DO UPDATE SET code = excluded.code, at = excluded.at`
	qRevive      = `DELETE FROM dead_addresses WHERE address = $1`
	qClaimed     = `SELECT claimed FROM conversations WHERE id = $1`
	qWithhold    = `UPDATE outbox SET state = 'bounced', code = $2 WHERE message = $1 AND state = 'waiting'`
	qJobWithheld = `UPDATE jobs SET done_at = $2, failed = TRUE, last_err = $3 WHERE id = $1`
)

// dead gives why an address takes no mail; "" = it may.
func (x *tx) dead(address string) (code string, err error) {
	err = missing(x.row(qDead, strings.ToLower(address)).Scan(&code))
	if gateway.CodeOf(err) == "not_found" {
		return "", nil
	}
	return code, err
}

// withhold keeps back a mail to an address that takes none, and says so on the ticket. "Send again" can send it.
func (x *tx) withhold(m gateway.Mail, code string) error {
	if err := x.must(qWithhold, string(m.ID), code); err != nil {
		return err
	}
	if err := x.must(qJobWithheld, "mail:"+string(m.ID), ms(x.now), code); err != nil {
		return err
	}
	return x.emit(m.Conversation.Staff(), gateway.System(), gateway.TicketBounced{Message: m.ID, Code: code})
}

// revive lets an address have mail again.
func (x *tx) revive(address string) error {
	if address == "" {
		return nil
	}
	_, err := x.exec(qRevive, strings.ToLower(address))
	return err
}

// reviveIn lets the address of a conversation have mail again: its account was proven there just now.
func (x *tx) reviveIn(cv gateway.ID) error {
	var text string
	var claimed gateway.Claimed
	err := missing(x.row(qClaimed, string(cv)).Scan(&text))
	if gateway.CodeOf(err) == "not_found" {
		return nil // a proof for a link to old conversations is of none
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &claimed); err != nil {
		return err
	}
	return x.revive(claimed.Email)
}

// deaths remembers, for one list, which addresses take no mail.
type deaths map[string]bool

func (d deaths) of(ctx context.Context, s *Store, address string) (bool, error) {
	address = strings.ToLower(address)
	dead, known := d[address]
	if known {
		return dead, nil
	}
	codes, err := all(ctx, s, scanText, qDead, address)
	d[address] = len(codes) > 0
	return d[address], err
}
