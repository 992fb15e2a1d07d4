package export

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strings"
)

// Read gives the rows of everything under a folder, in order of names, or of one file of it. A row that cannot be used
// says why and does not end the reading; symbolic links are not followed, whatever fsys would do. locale is that of
// texts which name none.
func Read(fsys fs.FS, name string, form Form, locale string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		r := &reading{fsys: fsys, form: form, locale: locale, seen: map[string]string{}, groups: groups{}}
		r.yield = func(row Row) bool {
			r.ended = r.ended || !yield(r.once(row))
			return !r.ended
		}
		r.gather(name)
		_ = fs.WalkDir(fsys, name, r.visit)
	}
}

type reading struct {
	fsys   fs.FS
	form   Form
	locale string
	seen   map[string]string // key → where
	groups groups
	files  int
	yield  func(Row) bool
	ended  bool
}

// once skips a second row of the same key.
func (r *reading) once(row Row) Row {
	if !row.Good() {
		return row
	}
	if before, had := r.seen[row.Key]; had {
		row.Skipped = "the same article as " + before
		return row
	}
	r.seen[row.Key] = row.Where
	return row
}

func (r *reading) visit(name string, d fs.DirEntry, err error) error {
	if r.ended {
		return fs.SkipAll
	}
	r.files++
	switch {
	case err != nil:
		r.yield(Row{Where: name, Refused: "cannot be read: " + reason(err)})
		if d != nil && d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case r.files > MaxFiles:
		r.yield(Row{Where: name, Refused: fmt.Sprintf("more than %d files: the rest is not read", MaxFiles)})
		return fs.SkipAll
	case d.IsDir():
		return r.folder(name)
	case d.Type()&fs.ModeSymlink != 0:
		r.yield(Row{Where: name, Skipped: "a symbolic link, not followed"})
	case !d.Type().IsRegular():
		r.yield(Row{Where: name, Skipped: "not a file"})
	default:
		r.file(name)
	}
	return nil
}

func (r *reading) folder(name string) error {
	switch {
	case hidden(name):
		return fs.SkipDir
	case name != "." && tooDeep(name):
		r.yield(Row{Where: name, Refused: fmt.Sprintf("deeper than %d folders", MaxLevel)})
		return fs.SkipDir
	}
	return nil
}

func (r *reading) file(name string) {
	ext := strings.ToLower(path.Ext(name))
	page := ext == ".md" || ext == ".markdown"
	if !page && !isRecords(name) {
		r.yield(Row{Where: name, Skipped: "neither Markdown nor JSON"})
		return
	}
	if page != (r.form == Markdown) && r.form != Guess {
		r.yield(Row{Where: name, Skipped: "not " + string(r.form)})
		return
	}
	f, err := r.fsys.Open(name)
	if err != nil {
		r.yield(Row{Where: name, Refused: "cannot be read: " + reason(err)})
		return
	}
	defer f.Close()
	if page {
		r.yield(readPage(f, name, r.locale))
		return
	}
	r.records(f, name)
}

// bounded reads at most a limit of bytes. Errors: of reading, or that there are more.
func bounded(from io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("larger than %d bytes", most)
	}
	return data, err
}

// reason is an error without the path, which the row names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}
