package sqlstore

import (
	"context"
	"time"

	"github.com/postern-chat/postern/gateway"
)

const (
	fileColumns = `SELECT id, conversation, owner_role, owner_id, name, type, size, stored, created_at FROM files WHERE id = $1`
	qCreateFile = `INSERT INTO files (id, conversation, owner_role, owner_id, name, type, size, stored, created_at)
VALUES ($1,$2,$3,$4,$5,$6,$7,0,$8) ON CONFLICT (id) DO NOTHING`
	qPart        = `SELECT data FROM file_parts WHERE file = $1 AND part = $2`
	qInsertPart  = `INSERT INTO file_parts (file, part, data) VALUES ($1,$2,$3) ON CONFLICT (file, part) DO NOTHING`
	qStored      = `UPDATE files SET stored = stored + $2 WHERE id = $1`
	qFileType    = `UPDATE files SET type = $2 WHERE id = $1 AND stored = size`
	qDeleteParts = `DELETE FROM file_parts WHERE file = $1`
	qDeleteFile  = `DELETE FROM files WHERE id = $1`
)

func scanFile(r scanner) (gateway.File, error) {
	var f gateway.File
	var created int64
	err := r.Scan(&f.ID, &f.Conversation, &f.Owner.Role, &f.Owner.ID, &f.Name, &f.Type, &f.Size, &f.Stored, &created)
	f.CreatedAt = at(created)
	return f, missing(err)
}

// CreateFile implements gateway.FileStore. Errors: invalid for an empty size, too_large, conflict for a known id.
func (s *Store) CreateFile(ctx context.Context, f gateway.File) error {
	if f.Size <= 0 {
		return gateway.Invalid("size")
	}
	if f.Size > gateway.MaxFilesBytes {
		return gateway.TooLarge("file", gateway.MaxFilesBytes)
	}
	_, err := s.change(ctx, "create a file", f.CreatedAt, func(x *tx) error {
		n, err := x.exec(qCreateFile, string(f.ID), string(f.Conversation), string(f.Owner.Role), string(f.Owner.ID),
			f.Name, f.Type, f.Size, ms(f.CreatedAt))
		if err == nil && n == 0 {
			err = gateway.Conflict()
		}
		return err
	})
	return err
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
		if _, err := x.exec(qDeleteParts, string(id)); err != nil {
			return err
		}
		return x.must(qDeleteFile, string(id))
	})
	return err
}
