package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qMailboxes     = `SELECT id, slug, name, data, version FROM mailboxes `
	qMailbox       = qMailboxes + `WHERE id = $1`
	qMailboxSlug   = qMailboxes + `WHERE slug = $1`
	qMailboxList   = qMailboxes + `ORDER BY lower(name), id`
	qSlugTaken     = `SELECT COUNT(*) FROM mailboxes WHERE slug = $1 AND id <> $2`
	qInsertMailbox = `INSERT INTO mailboxes (id, slug, name, data, version) VALUES ($1,$2,$3,$4,1) ON CONFLICT DO NOTHING`
	qUpdateMailbox = `UPDATE mailboxes SET slug=$2, name=$3, data=$4, version=version+1 WHERE id=$1 AND version=$5`
)

// storedMailbox adds to the JSON what the wire form leaves out.
type storedMailbox struct {
	gateway.Mailbox
	RingMS   int64 `json:"ring_ms"`
	MissedMS int64 `json:"missed_ms"`
	OverMS   int64 `json:"overflow_ms,omitempty"`
}

func scanMailbox(r scanner) (gateway.Mailbox, error) {
	var m storedMailbox
	var id gateway.ID
	var slug, name, data string
	var version int64
	if err := r.Scan(&id, &slug, &name, &data, &version); err != nil {
		return m.Mailbox, missing(err)
	}
	err := json.Unmarshal([]byte(data), &m)
	m.ID, m.Slug, m.Name, m.Version = id, slug, name, version
	m.Ring, m.Missed = time.Duration(m.RingMS)*time.Millisecond, time.Duration(m.MissedMS)*time.Millisecond
	m.OverflowAfter = time.Duration(m.OverMS) * time.Millisecond
	return m.Mailbox, err
}

// SaveMailbox implements gateway.SettingStore. Errors: conflict, invalid (slug taken).
func (s *Store) SaveMailbox(ctx context.Context, m gateway.Mailbox, by gateway.Actor, now time.Time) (gateway.Mailbox, []gateway.Event, error) {
	data, err := json.Marshal(storedMailbox{Mailbox: m, RingMS: m.Ring.Milliseconds(), MissedMS: m.Missed.Milliseconds(), OverMS: m.OverflowAfter.Milliseconds()})
	if err != nil {
		return gateway.Mailbox{}, nil, failure("encode a mailbox", err)
	}
	events, err := s.change(ctx, "save a mailbox", now, func(x *tx) error {
		var taken int
		if err := x.row(qSlugTaken, m.Slug, string(m.ID)).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return gateway.Invalid("slug")
		}
		var n int64
		if m.Version == 0 {
			n, err = x.exec(qInsertMailbox, string(m.ID), m.Slug, m.Name, string(data))
		} else {
			n, err = x.exec(qUpdateMailbox, string(m.ID), m.Slug, m.Name, string(data), m.Version)
		}
		switch {
		case unique(err):
			return gateway.Invalid("slug")
		case err != nil:
			return err
		case n == 0:
			return gateway.Conflict()
		}
		return x.settingChanged(by, "mailbox", m.ID, m.Version+1)
	})
	if err != nil {
		return gateway.Mailbox{}, nil, err
	}
	saved, err := s.Mailbox(ctx, m.ID)
	return saved, events, err
}

// Mailbox implements gateway.SettingStore.
func (s *Store) Mailbox(ctx context.Context, id gateway.ID) (gateway.Mailbox, error) {
	return one(ctx, s, scanMailbox, qMailbox, string(id))
}

// MailboxBySlug implements gateway.SettingStore.
func (s *Store) MailboxBySlug(ctx context.Context, slug string) (gateway.Mailbox, error) {
	return one(ctx, s, scanMailbox, qMailboxSlug, slug)
}

// Mailboxes implements gateway.SettingStore.
func (s *Store) Mailboxes(ctx context.Context) ([]gateway.Mailbox, error) {
	return all(ctx, s, scanMailbox, qMailboxList)
}

const (
	qReplies     = `SELECT id, mailbox, owner, title, body, version, updated_at FROM replies `
	qReply       = qReplies + `WHERE id = $1`
	qReplyList   = qReplies + `ORDER BY lower(title), id`
	qInsertReply = `INSERT INTO replies (id, mailbox, owner, title, body, updated_at, version) VALUES ($1,$2,$3,$4,$5,$6,1)
ON CONFLICT (id) DO NOTHING`
	qUpdateReply = `UPDATE replies SET mailbox=$2, owner=$3, title=$4, body=$5, updated_at=$6, version=version+1
WHERE id=$1 AND version=$7`
	qDeleteReply = `DELETE FROM replies WHERE id = $1`
)

func scanReply(r scanner) (gateway.SavedReply, error) {
	var v gateway.SavedReply
	var updated int64
	err := r.Scan(&v.ID, &v.Mailbox, &v.Owner, &v.Title, &v.Text, &v.Version, &updated)
	v.UpdatedAt = at(updated)
	return v, missing(err)
}

// SaveReply implements gateway.SettingStore. Errors: conflict.
func (s *Store) SaveReply(ctx context.Context, r gateway.SavedReply, by gateway.Actor, now time.Time) (gateway.SavedReply, []gateway.Event, error) {
	var saved gateway.SavedReply
	events, err := s.change(ctx, "save a reply", now, func(x *tx) error {
		args := []any{string(r.ID), string(r.Mailbox), string(r.Owner), r.Title, r.Text, ms(now)}
		query := qInsertReply
		if r.Version > 0 {
			query, args = qUpdateReply, append(args, r.Version)
		}
		n, err := x.exec(query, args...)
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		if saved, err = scanReply(x.row(qReply, string(r.ID))); err != nil {
			return err
		}
		return x.settingChanged(by, "reply", r.ID, r.Version+1)
	})
	return saved, events, err
}

// DeleteReply implements gateway.SettingStore. Errors: not_found.
func (s *Store) DeleteReply(ctx context.Context, id gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "delete a reply", now, func(x *tx) error {
		if err := x.must(qDeleteReply, string(id)); err != nil {
			return err
		}
		return x.settingChanged(by, "reply", id, 0)
	})
}

// Replies implements gateway.SettingStore.
func (s *Store) Replies(ctx context.Context) ([]gateway.SavedReply, error) {
	return all(ctx, s, scanReply, qReplyList)
}

const (
	qSetting    = `SELECT value FROM settings WHERE name = $1`
	qSetSetting = `INSERT INTO settings (name, value, version) VALUES ($1, $2, 1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = settings.version + 1 RETURNING version`
	qNewSetting = `INSERT INTO settings (name, value, version) VALUES ($1, $2, 1) ON CONFLICT (name) DO NOTHING RETURNING version`
	qSwap       = `UPDATE settings SET value = $2, version = version + 1 WHERE name = $1 AND value = $3 RETURNING version`
)

// Setting implements gateway.SettingStore. Errors: not_found.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	return one(ctx, s, scanText, qSetting, name)
}

// SetSetting implements gateway.SettingStore.
func (s *Store) SetSetting(ctx context.Context, name, value string, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "change a setting", now, func(x *tx) error {
		var version int64
		if err := x.row(qSetSetting, name, value).Scan(&version); err != nil {
			return err
		}
		return x.settingChanged(by, name, "", version)
	})
}

// KeepSetting implements gateway.SettingStore.
func (s *Store) KeepSetting(ctx context.Context, name, value string) error {
	_, err := s.change(ctx, "keep a setting", time.Time{}, func(x *tx) error {
		var version int64
		return x.row(qSetSetting, name, value).Scan(&version)
	})
	return err
}

// SwapSetting implements gateway.SettingStore. Errors: conflict.
func (s *Store) SwapSetting(ctx context.Context, name, was, value string, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "swap a setting", now, func(x *tx) error { return x.swapSetting(name, was, value, by) })
}

func (x *tx) swapSetting(name, was, value string, by gateway.Actor) error {
	query, args := qSwap, []any{name, value, was}
	if was == "" {
		query, args = qNewSetting, args[:2]
	}
	var version int64
	err := x.row(query, args...).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return gateway.Conflict()
	}
	if err != nil {
		return err
	}
	return x.settingChanged(by, name, "", version)
}
