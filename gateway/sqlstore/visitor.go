package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qVisitors      = `SELECT id, token_hash, key_jkt, key_jwk, mailbox, created_at, blocked_at, identity, subject, account_version FROM visitors `
	qVisitor       = qVisitors + `WHERE id = $1`
	qVisitorToken  = qVisitors + `WHERE token_hash = $1`
	qInsertVisitor = `INSERT INTO visitors (id, token_hash, key_jkt, key_jwk, mailbox, created_at, blocked_at, identity, host, subject)
VALUES ($1,$2,$3,$4,$5,$6,0,'{}','','') ON CONFLICT (token_hash) DO NOTHING`
	qSetIdentity = `UPDATE visitors SET identity = $2, host = $3, subject = $4, account_version = $5 WHERE id = $1`
	qSetLegacy   = `UPDATE visitors SET identity = $2, host = $3, subject = $4, account_version = $5 WHERE id = $1 AND subject = ''`
	qBurnJTI     = `INSERT INTO identity_tokens (host, jti, at) VALUES ($1,$2,$3) ON CONFLICT (host, jti) DO NOTHING`
	qTalksOf     = `SELECT id FROM conversations WHERE visitor = $1 AND status <> 'closed' ORDER BY id`
)

func scanVisitor(r scanner) (gateway.Visitor, error) {
	var v gateway.Visitor
	var created, blocked int64
	var identity, subject, version string
	err := r.Scan(&v.ID, &v.TokenHash, &v.KeyJKT, &v.Key, &v.Mailbox, &created, &blocked, &identity, &subject, &version)
	if err != nil {
		return v, missing(err)
	}
	v.CreatedAt, v.BlockedAt = at(created), at(blocked)
	err = json.Unmarshal([]byte(identity), &v.Identity)
	v.Identity.Subject, v.Identity.Version = subject, version
	return v, err
}

// PairVisitor implements gateway.VisitorStore.
func (s *Store) PairVisitor(ctx context.Context, v gateway.Visitor, now time.Time) (gateway.Visitor, error) {
	var stored gateway.Visitor
	_, err := s.change(ctx, "pair a visitor", now, func(x *tx) error {
		_, err := x.exec(qInsertVisitor, string(v.ID), v.TokenHash, v.KeyJKT, v.Key, string(v.Mailbox), ms(now))
		if err != nil {
			return err
		}
		if stored, err = scanVisitor(x.row(qVisitorToken, v.TokenHash)); err != nil {
			return err
		}
		if stored.KeyJKT != v.KeyJKT {
			return gateway.KeyRequired()
		}
		return nil
	})
	if err != nil {
		return gateway.Visitor{}, err
	}
	return stored, nil
}

// VisitorByToken implements gateway.VisitorStore.
func (s *Store) VisitorByToken(ctx context.Context, tokenHash string) (gateway.Visitor, error) {
	return one(ctx, s, scanVisitor, qVisitorToken, tokenHash)
}

// Visitor implements gateway.VisitorStore.
func (s *Store) Visitor(ctx context.Context, id gateway.ID) (gateway.Visitor, error) {
	return one(ctx, s, scanVisitor, qVisitor, string(id))
}

// SetIdentity implements gateway.VisitorStore. The staff topics of the visitor's conversations that go on learn
// of it. Errors: not_found, unauthenticated identify.invalid.
func (s *Store) SetIdentity(ctx context.Context, id gateway.ID, i gateway.Identity, jti string, now time.Time) ([]gateway.Event, error) {
	identity, err := json.Marshal(i)
	if err != nil {
		return nil, failure("encode an identity", err)
	}
	return s.change(ctx, "set an identity", now, func(x *tx) error {
		if jti != "" {
			n, err := x.exec(qBurnJTI, i.Host, jti, ms(now))
			if err != nil {
				return err
			}
			if n == 0 {
				return &gateway.Error{Is: "unauthenticated", Why: "identify.invalid"}
			}
		}
		if i.How == gateway.HowLegacy {
			n, err := x.exec(qSetLegacy, string(id), string(identity), i.Host, "", "")
			if err != nil || n == 0 {
				return err
			}
		} else if err := x.must(qSetIdentity, string(id), string(identity), i.Host, i.Subject, i.Version); err != nil {
			return err
		}
		talks, err := x.ids(qTalksOf, id)
		if err != nil {
			return err
		}
		for _, cv := range talks {
			if err := x.emit(cv.Staff(), gateway.Actor{Role: gateway.RoleVisitor, ID: id}, identified(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// identified is what the staff may know: that the host signed, not whom. Name and address are account facts, and
// nothing is proven yet (proof-gate.md §6, invariant 9).
func identified(i gateway.Identity) gateway.Payload {
	if i.How == "proven" {
		return gateway.IdentityProven{Host: i.Host}
	}
	return gateway.IdentityClaimed{How: i.How}
}
