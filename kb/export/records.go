package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"unicode/utf8"
)

// lists are the keys under which exports have their records, article one that has a single record.
const lists = " articles payload items data results translations "

// records reads an export: a list of records, an object that has one under a known key (pages of an API, one after the
// other, too), or records one after the other. Where the JSON breaks off, what came before is kept.
func (r *reading) records(from fs.File, name string) {
	if info, err := from.Stat(); err == nil && info.Size() > MaxFile {
		r.yield(Row{Where: name, Refused: fmt.Sprintf("larger than %d MiB: split it", MaxFile>>20)})
		return
	}
	s := &stream{reading: r, name: name, d: json.NewDecoder(io.LimitReader(from, MaxFile))}
	for !r.ended {
		if err := s.value(0); err != nil {
			if !errors.Is(err, io.EOF) {
				r.yield(Row{Where: fmt.Sprintf("%s, after record %d", name, s.n), Refused: "broken JSON: the rest is not read"})
			}
			break
		}
	}
	switch {
	case s.n > 0 || r.ended:
	case s.named:
		r.yield(Row{Where: name, Skipped: "names of collections"})
	default:
		r.yield(Row{Where: name, Refused: "no articles found"})
	}
}

type stream struct {
	*reading
	name string
	d    *json.Decoder
	n    int // records so far

	named bool // it has names of collections
}

// value reads one value that holds records.
func (s *stream) value(depth int) error {
	t, err := s.d.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		for s.d.More() {
			var raw json.RawMessage
			if err := s.d.Decode(&raw); err != nil {
				return broken(err)
			}
			s.record(raw)
		}
		_, err = s.d.Token()
		return broken(err)
	case json.Delim('{'):
		return broken(s.object(depth))
	}
	return nil // a word or a number: not one of ours
}

// object reads an object that holds records under some key, or is one.
func (s *stream) object(depth int) error {
	own, held := map[string]json.RawMessage{}, false
	for s.d.More() {
		t, err := s.d.Token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder gives keys as strings
		if depth < 3 && bytes.Contains([]byte(lists), []byte(" "+key+" ")) {
			held = true
			if err := s.value(depth + 1); err != nil {
				return err
			}
			continue
		}
		var raw json.RawMessage
		if err := s.d.Decode(&raw); err != nil {
			return err
		}
		if isGroupKey(key) && len(groupList(raw)) > 0 {
			held, s.named = true, true
			continue
		}
		if key == "article" && bytes.HasPrefix(raw, []byte("{")) {
			held = true
			s.record(raw)
			continue
		}
		own[key] = raw
	}
	if _, err := s.d.Token(); err != nil {
		return err
	}
	if !held && len(own) > 0 {
		raw, err := json.Marshal(own)
		if err != nil {
			return err
		}
		s.record(raw)
	}
	return nil
}

// broken tells a text that ends too soon from the end of the file.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (s *stream) record(raw json.RawMessage) {
	s.n++
	if s.ended {
		return
	}
	row := Row{Where: fmt.Sprintf("%s %d", s.name, s.n)}
	switch {
	case !utf8.Valid(raw):
		row.Refused = "not UTF-8"
	case !bytes.HasPrefix(raw, []byte("{")):
		row.Refused = "not a record"
	default:
		readRecord(raw, s.form, s.locale, s.groups, &row)
	}
	s.yield(row)
}
