package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	fileFields = `SELECT id, conversation, owner_role, owner_id, name, type, size, stored, created_at, attached_at, scrubbed,
EXISTS (SELECT 1 FROM library WHERE file = files.id) FROM files `
	fileColumns = fileFields + `WHERE id = $1`
	qCreateFile = `INSERT INTO files (id, conversation, owner_role, owner_id, name, type, size, stored, created_at, attached_at)
VALUES ($1,$2,$3,$4,$5,$6,$7,0,$8,0) ON CONFLICT (id) DO NOTHING`
	qCountFiles   = `SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files WHERE `
	qOwnersLoose  = qCountFiles + `owner_id = $1 AND attached_at = 0`
	qMailboxLoose = qCountFiles + `owner_role = 'visitor' AND attached_at = 0 AND conversation IN
(SELECT id FROM conversations WHERE mailbox = (SELECT mailbox FROM conversations WHERE id = $1))`
	qTalkFiles = qCountFiles + `owner_role = 'visitor' AND conversation = $1`
	qAttach    = `UPDATE files SET attached_at = CASE WHEN attached_at = 0 THEN $3 ELSE attached_at END
WHERE id = $1 AND (conversation = $2 OR id IN (SELECT file FROM library))`
	qPart        = `SELECT data FROM file_parts WHERE file = $1 AND part = $2`
	qInsertPart  = `INSERT INTO file_parts (file, part, data) VALUES ($1,$2,$3) ON CONFLICT (file, part) DO NOTHING`
	qStored      = `UPDATE files SET stored = stored + $2 WHERE id = $1`
	qFileType    = `UPDATE files SET type = $2 WHERE id = $1 AND stored = size`
	qDeleteParts = `DELETE FROM file_parts WHERE file = $1`
	qDeleteFile  = `DELETE FROM files WHERE id = $1`
)

func scanFile(r scanner) (gateway.File, error) {
	var f gateway.File
	var created, attached int64
	err := r.Scan(&f.ID, &f.Conversation, &f.Owner.Role, &f.Owner.ID, &f.Name, &f.Type, &f.Size, &f.Stored, &created, &attached, &f.Scrubbed, &f.Library)
	f.CreatedAt, f.AttachedAt = at(created), at(attached)
	return f, missing(err)
}

// CreateFile implements gateway.FileStore.
func (s *Store) CreateFile(ctx context.Context, f gateway.File) error {
	if f.Size <= 0 {
		return gateway.Invalid("size")
	}
	if f.Size > gateway.MaxFilesBytes {
		return gateway.TooLarge("file", gateway.MaxFilesBytes)
	}
	_, err := s.change(ctx, "create a file", f.CreatedAt, func(x *tx) error {
		if err := x.roomFor(f); err != nil {
			return err
		}
		n, err := x.exec(qCreateFile, string(f.ID), string(f.Conversation), string(f.Owner.Role), string(f.Owner.ID),
			f.Name, f.Type, f.Size, ms(f.CreatedAt))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		if err != nil {
			return err
		}
		return x.enqueue(gateway.Job{
			ID: "file:" + string(f.ID), Kind: gateway.JobFile, Due: f.CreatedAt.Add(gateway.LooseLife),
			Payload: json.RawMessage(`{"file":"` + string(f.ID) + `"}`),
		})
	})
	return err
}

// quotaFull is what a client is told to wait: a message that is sent frees what it names.
const quotaFull = time.Minute

// counted is one quota and the query that says how full it is.
type counted struct {
	query string
	of    gateway.ID
	quota gateway.Quota
}

// roomFor refuses what would exceed a quota. The counter's row is held until the end of the transaction, so that two
// uploads that begin at once are counted one after the other.
func (x *tx) roomFor(f gateway.File) error {
	var begun int64
	if err := x.row(qNextNumber, "file").Scan(&begun); err != nil {
		return err
	}
	quotas := []counted{{qOwnersLoose, f.Owner.ID, gateway.OwnerQuota()}}
	if f.Owner.Role == gateway.RoleVisitor {
		quotas = append(quotas,
			counted{qMailboxLoose, f.Conversation, gateway.MailboxQuota()}, counted{qTalkFiles, f.Conversation, gateway.TalkQuota()})
	}
	for _, c := range quotas {
		var files, bytes int64
		if err := x.row(c.query, string(c.of)).Scan(&files, &bytes); err != nil {
			return err
		}
		if c.quota.Exceeded(files, bytes, f.Size) {
			return gateway.TooMany(quotaFull.Milliseconds())
		}
	}
	return nil
}

// attach notes that a message names these files. Errors: invalid when one was removed meanwhile.
func (x *tx) attach(cv gateway.ID, files []gateway.FileRef) error {
	ids := make([]gateway.ID, 0, len(files))
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	for _, id := range sorted(ids...) {
		if err := x.must(qAttach, string(id), string(cv), ms(x.now)); err != nil {
			if gateway.CodeOf(err) == "not_found" {
				err = gateway.Invalid("files")
			}
			return err
		}
	}
	return nil
}

// partLen is how many bytes part n of the file has; 0 = it has no such part.
func partLen(f gateway.File, n int) int64 {
	from := int64(n) * gateway.PartSize
	if n < 0 || from >= f.Size {
		return 0
	}
	return min(gateway.PartSize, f.Size-from)
}

// AppendPart implements gateway.FileStore.
func (s *Store) AppendPart(ctx context.Context, id gateway.ID, n int, data []byte) (gateway.File, error) {
	if len(data) > gateway.PartSize {
		return gateway.File{}, gateway.TooLarge("part", gateway.PartSize)
	}
	var f gateway.File
	_, err := s.change(ctx, "store a part", time.Time{}, func(x *tx) error {
		var err error
		if f, err = scanFile(x.row(fileColumns+x.s.d.lock, string(id))); err != nil {
			return err
		}
		if want := partLen(f, n); want == 0 || want != int64(len(data)) {
			return gateway.Invalid("part")
		}
		added, err := x.exec(qInsertPart, string(id), n, data)
		if err != nil || added == 0 {
			return err // the same part again
		}
		f.Stored += int64(len(data))
		return x.must(qStored, string(id), len(data))
	})
	if err != nil {
		return gateway.File{}, err
	}
	return f, nil
}

// File implements gateway.FileStore.
func (s *Store) File(ctx context.Context, id gateway.ID) (gateway.File, error) {
	return one(ctx, s, scanFile, fileColumns, string(id))
}

// SetFileType implements gateway.FileStore. Errors: not_found, also while parts are missing.
func (s *Store) SetFileType(ctx context.Context, id gateway.ID, mediaType string) error {
	_, err := s.change(ctx, "set a file's type", time.Time{}, func(x *tx) error {
		return x.must(qFileType, string(id), mediaType)
	})
	return err
}

func scanBytes(r scanner) (b []byte, err error) { return b, r.Scan(&b) }

// Part implements gateway.FileStore. Errors: not_found.
func (s *Store) Part(ctx context.Context, id gateway.ID, n int) ([]byte, error) {
	return one(ctx, s, scanBytes, qPart, string(id), n)
}

// DeleteFile implements gateway.FileStore. Errors: not_found.
func (s *Store) DeleteFile(ctx context.Context, id gateway.ID) error {
	_, err := s.change(ctx, "delete a file", time.Time{}, func(x *tx) error {
		if _, err := scanFile(x.row(fileColumns+x.s.d.lock, string(id))); err != nil {
			return err
		}
		return x.deleteFile(id)
	})
	return err
}

func (x *tx) deleteFile(id gateway.ID) error {
	if _, err := x.exec(qDeleteParts, string(id)); err != nil {
		return err
	}
	return x.must(qDeleteFile, string(id))
}

// DropLoose implements gateway.FileStore. A file that is not there is no error.
func (s *Store) DropLoose(ctx context.Context, id gateway.ID) (dropped bool, err error) {
	_, err = s.change(ctx, "drop a loose file", time.Time{}, func(x *tx) error {
		dropped = false
		// The row is held: a message that wants to name the file waits, and then finds none.
		f, err := scanFile(x.row(fileColumns+x.s.d.lock, string(id)))
		if gateway.CodeOf(err) == "not_found" || err == nil && !f.AttachedAt.IsZero() {
			return nil
		}
		if err != nil {
			return err
		}
		dropped = true
		return x.deleteFile(id)
	})
	return dropped && err == nil, err
}
