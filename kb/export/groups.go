package export

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/postern-chat/postern/kb"
)

// groupKeys are the keys under which exports name what their articles stand in.
const groupKeys = " sections categories collections "

// groups are names of collections by their id there, and by id and locale. Articles name only the id, and in any order,
// so the names are read first.
type groups map[string]string

// gather reads the names of every export under a folder. What is wrong with a file is told when its articles are read.
func (r *reading) gather(name string) {
	if r.form == Markdown {
		return
	}
	files := 0
	_ = fs.WalkDir(r.fsys, name, func(name string, d fs.DirEntry, err error) error {
		files++
		switch {
		case files > MaxFiles:
			return fs.SkipAll
		case err != nil && (d == nil || !d.IsDir()):
		case err != nil, d.IsDir() && (hidden(name) || tooDeep(name)):
			return fs.SkipDir
		case d.Type().IsRegular() && isRecords(name):
			r.groupsOf(name)
		}
		return nil
	})
}

func (r *reading) groupsOf(name string) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > MaxFile {
		return
	}
	for d := json.NewDecoder(io.LimitReader(f, MaxFile)); ; {
		var in map[string]json.RawMessage
		err := d.Decode(&in)
		var other *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &other) {
			return
		}
		for key, raw := range in {
			if isGroupKey(key) {
				r.groups.add(groupList(raw))
			}
		}
	}
}

// group is one collection of an export.
type group struct {
	ID     json.RawMessage `json:"id"`
	Name   string          `json:"name"`
	Locale string          `json:"locale"`
}

func isGroupKey(key string) bool { return key != "" && strings.Contains(groupKeys, " "+key+" ") }

// groupList reads a list of collections, also one of a page of an API; nil = it is none.
func groupList(raw json.RawMessage) (list []group) {
	var page struct {
		Items []group `json:"items"`
	}
	if json.Unmarshal(raw, &list) != nil && json.Unmarshal(raw, &page) == nil {
		list = page.Items
	}
	for _, g := range list {
		if len(g.ID) == 0 {
			return nil
		}
	}
	return list
}

// add takes names; of two for one id and locale the first stays.
func (g groups) add(list []group) {
	for _, c := range list {
		id := strings.Trim(string(c.ID), `"`)
		for _, key := range []string{id + "/" + tag(c.Locale), id} {
			if name := line(c.Name); name != "" && g[key] == "" {
				g[key] = name
			}
		}
	}
}

// name gives the first of some collections that has one, in a locale if it can be.
func (g groups) name(locale string, ids ...string) string {
	for _, id := range ids {
		if name := firstOf(g[id+"/"+tag(locale)], g[id]); id != "" && name != "" {
			return name
		}
	}
	return ""
}

// order reads a place among others. What is none, or beyond kb's limit, is as if it were not said.
func order(word string) int {
	n, err := strconv.Atoi(strings.TrimSpace(word))
	if err != nil || n < 1 || n > kb.MaxOrder {
		return 0
	}
	return n
}

func isRecords(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".json" || ext == ".jsonl" || ext == ".ndjson"
}

func hidden(name string) bool {
	base := path.Base(name)
	return name != "." && (strings.HasPrefix(base, ".") || base == "node_modules")
}

func tooDeep(name string) bool { return strings.Count(name, "/") >= MaxLevel }
