package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	qLibrary      = fileFields + `WHERE id IN (SELECT file FROM library) ORDER BY name, id`
	qLibraryCount = `SELECT COUNT(*) FROM library`
	qToLibrary    = `INSERT INTO library (file, added_by, added_at) VALUES ($1,$2,$3) ON CONFLICT (file) DO NOTHING`
	qPublicFile   = `UPDATE files SET attached_at = $2 WHERE id = $1 AND conversation = '' AND stored = size AND type <> ''`
	qFromLibrary  = `DELETE FROM library WHERE file = $1`
	qRewrite      = `UPDATE files SET type = $2, size = $3, stored = $3, scrubbed = $4
WHERE id = $1 AND stored = size AND type = '' AND attached_at = 0`
	qProven = `SELECT COUNT(*) FROM changes WHERE conversation = $1
AND state IN ('proven', 'cooling', 'released', 'unsettled', 'applied')`
)

// settingLibrary names the library in setting.changed.
const settingLibrary = "library"

// AddToLibrary implements gateway.FileStore.
func (s *Store) AddToLibrary(ctx context.Context, id gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "add to the library", now, func(x *tx) error {
		var have, begun int64
		if err := x.row(qNextNumber, "file").Scan(&begun); err != nil { // one after the other, so that the limit holds
			return err
		}
		if err := x.row(qLibraryCount).Scan(&have); err != nil {
			return err
		}
		if have >= gateway.MaxLibrary {
			return gateway.Conflict()
		}
		if err := x.must(qPublicFile, string(id), ms(now)); err != nil {
			return err
		}
		if _, err := x.exec(qToLibrary, string(id), string(by.ID), ms(now)); err != nil {
			return err
		}
		return x.settingChanged(by, settingLibrary, id, 0)
	})
}

// RemoveFromLibrary implements gateway.FileStore.
func (s *Store) RemoveFromLibrary(ctx context.Context, id gateway.ID, by gateway.Actor, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "remove from the library", now, func(x *tx) error {
		if err := x.must(qFromLibrary, string(id)); err != nil {
			return err
		}
		if err := x.deleteFile(id); err != nil {
			return err
		}
		return x.settingChanged(by, settingLibrary, id, 0)
	})
}

// Library implements gateway.FileStore.
func (s *Store) Library(ctx context.Context) ([]gateway.File, error) {
	return all(ctx, s, scanFile, qLibrary)
}

// RewriteFile implements gateway.FileStore.
func (s *Store) RewriteFile(ctx context.Context, id gateway.ID, mediaType string, data []byte, scrubbed int) error {
	_, err := s.change(ctx, "rewrite a file", time.Time{}, func(x *tx) error {
		n, err := x.exec(qRewrite, string(id), mediaType, len(data), scrubbed)
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		if _, err := x.exec(qDeleteParts, string(id)); err != nil {
			return err
		}
		for part := 0; part*gateway.PartSize < len(data); part++ {
			piece := data[part*gateway.PartSize : min(len(data), (part+1)*gateway.PartSize)]
			if _, err := x.exec(qInsertPart, string(id), part, piece); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func scanCount(r scanner) (n int64, err error) { return n, r.Scan(&n) }

// Proven implements gateway.HeldStore.
func (s *Store) Proven(ctx context.Context, cv gateway.ID) (bool, error) {
	n, err := one(ctx, s, scanCount, qProven, string(cv))
	return n > 0, err
}
