package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qLeaseMail = `INSERT INTO mail_sources (source, validity, uid, lease_owner, lease_until) VALUES ($1,0,0,$2,$3)
ON CONFLICT (source) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
WHERE mail_sources.lease_owner = excluded.lease_owner OR mail_sources.lease_until < $4`
	qMailPosition = `SELECT source, validity, uid FROM mail_sources WHERE source = $1`
	qMoveMail     = `INSERT INTO mail_sources (source, validity, uid, lease_owner, lease_until) VALUES ($1,$2,$3,'',0)
ON CONFLICT (source) DO UPDATE SET validity = excluded.validity, uid = excluded.uid
WHERE mail_sources.validity <> excluded.validity OR mail_sources.uid < excluded.uid`
)

// LeaseMail implements gateway.MailSourceStore.
func (s *Store) LeaseMail(ctx context.Context, source, owner string, until, now time.Time) (got bool, err error) {
	_, err = s.change(ctx, "lease a source of mail", now, func(x *tx) error {
		n, err := x.exec(qLeaseMail, source, owner, ms(until), ms(now))
		got = n == 1
		return err
	})
	return got && err == nil, err
}

func scanPosition(r scanner) (gateway.MailPosition, error) {
	var p gateway.MailPosition
	err := r.Scan(&p.Source, &p.Validity, &p.UID)
	return p, missing(err)
}

// MailPosition implements gateway.MailSourceStore.
func (s *Store) MailPosition(ctx context.Context, source string) (gateway.MailPosition, error) {
	p, err := one(ctx, s, scanPosition, qMailPosition, source)
	if gateway.CodeOf(err) == "not_found" {
		return gateway.MailPosition{Source: source}, nil
	}
	return p, err
}

// MoveMail implements gateway.MailSourceStore.
func (s *Store) MoveMail(ctx context.Context, p gateway.MailPosition) error {
	_, err := s.change(ctx, "move a source of mail", time.Time{}, func(x *tx) error { return x.moveMail(&p) })
	return err
}

// moveMail moves a position; nil = the mail came from no source that has one.
func (x *tx) moveMail(p *gateway.MailPosition) error {
	if p == nil {
		return nil
	}
	_, err := x.exec(qMoveMail, p.Source, int64(p.Validity), int64(p.UID))
	return err
}

const qOriginal = `SELECT conversation, original FROM incoming WHERE message = $1`

// Original implements gateway.MailSourceStore.
func (s *Store) Original(ctx context.Context, message gateway.ID) (gateway.ID, gateway.Original, error) {
	var cv gateway.ID
	o, err := one(ctx, s, func(r scanner) (o gateway.Original, err error) {
		var text string
		if err := r.Scan(&cv, &text); err != nil {
			return o, missing(err)
		}
		if text == "" {
			return o, gateway.NotFound()
		}
		return o, json.Unmarshal([]byte(text), &o)
	}, qOriginal, string(message))
	return cv, o, err
}
