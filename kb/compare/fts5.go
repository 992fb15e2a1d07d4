package main

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	_ "modernc.org/sqlite" // the driver

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// ftsIndex is a table of SQLite FTS5 in a file, with Porter's stemmer.
type ftsIndex struct {
	db   *sql.DB
	stop analysis.TokenMap
}

const (
	ftsTable  = `CREATE VIRTUAL TABLE articles USING fts5(id UNINDEXED, title, phrasings, hints, body, tokenize = 'porter unicode61')`
	ftsInsert = `INSERT INTO articles (id, title, phrasings, hints, body) VALUES ($1,$2,$3,$4,$5)`
	ftsMerge  = `INSERT INTO articles (articles) VALUES ('optimize')`
	// A weight for each column, the id's is not used.
	ftsSearch = `SELECT id FROM articles WHERE articles MATCH $1 ORDER BY bm25(articles, 0, 3, 2, 2, 1), rowid LIMIT $2`
)

func newFTS5(path string, articles []kb.Article) (_ measure.Engine, err error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=mmap_size(1073741824)")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	x := ftsIndex{db: db}
	if x.stop, err = stopWords(); err != nil {
		return nil, err
	}
	if _, err = db.Exec(ftsTable); err != nil {
		return nil, err
	}
	if err = x.insert(articles); err != nil {
		return nil, err
	}
	_, err = db.Exec(ftsMerge)
	return x, err
}

// insert writes all articles in one transaction.
func (x ftsIndex) insert(articles []kb.Article) error {
	tx, err := x.db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	row, err := tx.Prepare(ftsInsert)
	if err != nil {
		return err
	}
	defer row.Close()
	for _, a := range articles {
		f := fieldsOf(a)
		if _, err := row.Exec(a.ID, f[0], f[1], f[2], f[3]); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// match asks for any word of a question. Stop words are left out, unless there is nothing else.
func (x ftsIndex) match(q kb.Query) string {
	all := wordsOf(q.Text)
	var some []string
	for i, w := range all {
		switch last := i == len(all)-1; {
		case q.Typing && last:
			some = append(some, `"`+w+`"*`)
		case !x.stop[w]:
			some = append(some, `"`+w+`"`)
		}
	}
	if len(some) == 0 {
		for _, w := range all {
			some = append(some, `"`+w+`"`)
		}
	}
	slices.Sort(some)
	return strings.Join(slices.Compact(some), " OR ")
}

// Search implements measure.Engine.
func (x ftsIndex) Search(q kb.Query) (ids []string, err error) {
	match := x.match(q)
	if match == "" {
		return nil, nil
	}
	rows, err := x.db.Query(ftsSearch, match, q.Limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Close implements measure.Engine.
func (x ftsIndex) Close() error { return x.db.Close() }
