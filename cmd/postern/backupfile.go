package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// A backup is a folder: manifest.json, and beside it what it lists. tables/NAME.jsonl.gz has a line of column names,
// then one line per row. keys/ is there only if it was asked for.
const (
	backupFormat = "postern.backup.v1"
	manifestName = "manifest.json"
	maxManifest  = 8 << 20
	tableSuffix  = ".jsonl.gz"
)

// Manifest says what a backup holds, and with what it can be checked.
type Manifest struct {
	Format  string       `json:"format"`
	Made    string       `json:"made"`     // version of the program that made it
	TakenAt time.Time    `json:"taken_at"` // its one moment, by the clock of this machine
	Engine  string       `json:"engine"`   // sqlite or postgres: where it comes from; it goes into either
	Schema  int64        `json:"schema"`   // version of the schema
	Log     BackupLog    `json:"log"`
	Keys    bool         `json:"keys"` // secrets are in keys/
	Files   []BackupFile `json:"files"`
}

// BackupLog is the head of the log of account changes at the backup's moment.
type BackupLog struct {
	Size int64  `json:"size"`
	Root string `json:"root"` // base64url
	Good bool   `json:"good"` // every line is what was hashed, every change what its lines say
}

// BackupFile is one file of a backup.
type BackupFile struct {
	Name   string `json:"name"` // below the backup's folder, with /
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows,omitempty"` // of a table
	SHA256 string `json:"sha256"`         // hex, of the file as it lies there
}

// backupDir is a backup that is being written.
type backupDir struct {
	dir      string
	manifest Manifest
}

// sink is one file on its way into a backup.
type sink struct {
	file *os.File
	sum  hash.Hash
	n    int64
	name string
}

// create begins a file below the folder. Nobody but this user reads it.
func (b *backupDir) create(name string) (*sink, error) {
	full := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &sink{file: f, sum: sha256.New(), name: name}, nil
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	_, _ = s.sum.Write(p[:n]) // a hash takes everything
	s.n += int64(n)
	return n, err
}

// add ends a file and lists it.
func (b *backupDir) add(s *sink, rows int64) error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	b.manifest.Files = append(b.manifest.Files, BackupFile{Name: s.name, Bytes: s.n, Rows: rows, SHA256: hex.EncodeToString(s.sum.Sum(nil))})
	return err
}

// copyFile takes one file of the disk into the backup.
func (b *backupDir) copyFile(name, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	s, err := b.create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(s, in); err != nil {
		return errors.Join(err, s.file.Close())
	}
	return b.add(s, 0)
}

// finish writes the manifest and gives the folder its name: a backup is there as a whole or not at all.
func (b *backupDir) finish(to string) error {
	text, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	s, err := b.create(manifestName)
	if err != nil {
		return err
	}
	if _, err := s.Write(append(text, '\n')); err != nil {
		return errors.Join(err, s.file.Close())
	}
	if err := errors.Join(s.file.Sync(), s.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(b.dir, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// syncFolder makes names in a folder outlast a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// rowWriter writes rows as lines.
type rowWriter struct {
	zip  *gzip.Writer
	buf  *bufio.Writer
	line []byte
}

func newRowWriter(w io.Writer) (*rowWriter, error) {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	return &rowWriter{zip: z, buf: bufio.NewWriterSize(z, 64<<10)}, err
}

func (w *rowWriter) close() error { return errors.Join(w.buf.Flush(), w.zip.Close()) }

func (w *rowWriter) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.line = append(append(w.line[:0], b...), '\n')
	_, err = w.buf.Write(w.line)
	return err
}

// row writes one row. What is no text is wrapped: {"b":…} bytes, {"t":…} text that is not UTF-8, both base64.
func (w *rowWriter) row(values []any) error {
	out := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil, int64, bool:
			out[i] = v
		case []byte:
			out[i] = map[string]string{"b": base64.StdEncoding.EncodeToString(v)}
		case string:
			out[i] = v
			if !utf8.ValidString(v) {
				out[i] = map[string]string{"t": base64.StdEncoding.EncodeToString([]byte(v))}
			}
		default:
			return fmt.Errorf("a column of type %T", v)
		}
	}
	return w.write(out)
}

// maxRow bounds a line: a part of a file is at most 1 MiB, a mail 25 MiB, both in base64.
const maxRow = 64 << 20

// rowReader reads what rowWriter wrote.
type rowReader struct {
	scan    *bufio.Scanner
	columns []string
}

func newRowReader(r io.Reader) (*rowReader, error) {
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
	if err != nil {
		return nil, err
	}
	rr := &rowReader{scan: bufio.NewScanner(z)}
	rr.scan.Buffer(make([]byte, 64<<10), maxRow)
	if !rr.scan.Scan() {
		return nil, errors.Join(errors.New("no line of columns"), rr.scan.Err())
	}
	return rr, json.Unmarshal(rr.scan.Bytes(), &rr.columns)
}

// next gives a row, nil after the last.
func (r *rowReader) next() ([]any, error) {
	if !r.scan.Scan() {
		return nil, r.scan.Err()
	}
	d := json.NewDecoder(bytes.NewReader(r.scan.Bytes()))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil {
		return nil, err
	}
	for i, v := range row {
		var err error
		switch v := v.(type) {
		case json.Number:
			row[i], err = v.Int64()
		case map[string]any:
			row[i], err = unwrapped(v)
		case []any:
			err = errors.New("a list in a column")
		}
		if err != nil {
			return nil, err
		}
	}
	return row, nil
}

func unwrapped(v map[string]any) (any, error) {
	for _, kind := range []string{"b", "t"} {
		text, ok := v[kind].(string)
		if !ok || len(v) != 1 {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(text)
		if kind == "t" {
			return string(b), err
		}
		return b, err
	}
	return nil, errors.New("a column that is no value")
}

// openBackup reads the manifest and checks every file against it. Files that it does not list are no part of it.
func openBackup(dir string) (root *os.Root, m Manifest, err error) {
	if root, err = os.OpenRoot(dir); err != nil {
		return nil, m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, root.Close())
		}
	}()
	f, err := root.Open(manifestName)
	if err != nil {
		return root, m, fmt.Errorf("%s is no backup: %w", dir, err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err = errors.Join(err, f.Close()); err != nil {
		return root, m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return root, m, fmt.Errorf("%s: %w", manifestName, err)
	}
	if m.Format != backupFormat {
		return root, m, fmt.Errorf("%s: format %q, this program reads %s", manifestName, m.Format, backupFormat)
	}
	for _, file := range m.Files {
		if err := file.check(root); err != nil {
			return root, m, err
		}
	}
	return root, m, nil
}

// check compares the file with its line in the manifest.
func (f BackupFile) check(root *os.Root) error {
	if !filepath.IsLocal(filepath.FromSlash(f.Name)) || path.Clean(f.Name) != f.Name {
		return fmt.Errorf("the manifest names %q", f.Name)
	}
	file, err := root.Open(filepath.FromSlash(f.Name))
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if n != f.Bytes || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%s is not what was backed up (checksum)", f.Name)
	}
	return nil
}

// table is the table that a file holds, "" for another file.
func (f BackupFile) table() string {
	name, ok := strings.CutSuffix(f.Name, tableSuffix)
	name, under := strings.CutPrefix(name, "tables/")
	if !ok || !under {
		return ""
	}
	return name
}
