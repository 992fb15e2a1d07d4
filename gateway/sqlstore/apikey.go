package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qKeys      = `SELECT id, name, mailbox, scopes, created_at, ended_at FROM api_keys `
	qKey       = qKeys + `WHERE hash = $1 AND ended_at = 0`
	qKeyList   = qKeys + `ORDER BY created_at, id`
	qInsertKey = `INSERT INTO api_keys (id, hash, name, mailbox, scopes, created_at, ended_at) VALUES ($1,$2,$3,$4,$5,$6,0)`
	qEndKey    = `UPDATE api_keys SET ended_at = $2 WHERE id = $1 AND ended_at = 0`
)

func scanKey(r scanner) (gateway.APIKey, error) {
	var k gateway.APIKey
	var scopes string
	var made, ended int64
	err := r.Scan(&k.ID, &k.Name, &k.Mailbox, &scopes, &made, &ended)
	k.Scopes, k.CreatedAt = strings.Fields(scopes), at(made)
	if ended > 0 {
		k.EndedAt = at(ended)
	}
	return k, missing(err)
}

// SaveAPIKey implements gateway.KeyStore.
func (s *Store) SaveAPIKey(ctx context.Context, k gateway.APIKey, hash string) error {
	_, err := s.change(ctx, "save an API key", k.CreatedAt, func(x *tx) error {
		return x.must(qInsertKey, string(k.ID), hash, k.Name, string(k.Mailbox), strings.Join(k.Scopes, " "), ms(k.CreatedAt))
	})
	return err
}

// APIKey implements gateway.KeyStore. Errors: not_found, also for one that has ended.
func (s *Store) APIKey(ctx context.Context, hash string) (gateway.APIKey, error) {
	return one(ctx, s, scanKey, qKey, hash)
}

// APIKeys implements gateway.KeyStore.
func (s *Store) APIKeys(ctx context.Context) ([]gateway.APIKey, error) {
	return all(ctx, s, scanKey, qKeyList)
}

// EndAPIKey implements gateway.KeyStore. Errors: not_found.
func (s *Store) EndAPIKey(ctx context.Context, id gateway.ID, now time.Time) error {
	_, err := s.change(ctx, "end an API key", now, func(x *tx) error { return x.must(qEndKey, string(id), ms(now)) })
	return err
}
