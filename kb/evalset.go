package kb

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// EvalDoc is one document of a question set.
type EvalDoc struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Body      string   `json:"body"`
	Summary   string   `json:"summary"`
	Tags      []string `json:"tags"`
	Phrasings []string `json:"phrasings"`
	Group     string   `json:"group"`
}

// EvalQuery is one question; History are the visitor's earlier turns, oldest first.
type EvalQuery struct {
	ID      string   `json:"id"`
	Text    string   `json:"text"`
	History []string `json:"history"`
}

// EvalSet is a question set with its judgements.
type EvalSet struct {
	Docs    []EvalDoc
	Queries []EvalQuery
	Want    map[string]map[string]bool // query → relevant documents; no entry = nothing answers it
}

// maxEvalLine is the longest line of a set, in bytes.
const maxEvalLine = 16 << 20

// ReadEvalSet reads docs.jsonl, queries.jsonl and qrels.jsonl; fields it does not know are ignored.
// Errors name the file and line of what is not JSON, lacks an id or has one twice.
func ReadEvalSet(dir fs.FS) (EvalSet, error) {
	set := EvalSet{Want: map[string]map[string]bool{}}
	err := errors.Join(
		lines(dir, "docs.jsonl", func(d EvalDoc) string { set.Docs = append(set.Docs, d); return d.ID }),
		lines(dir, "queries.jsonl", func(q EvalQuery) string { set.Queries = append(set.Queries, q); return q.ID }),
		lines(dir, "qrels.jsonl", func(r qrel) string {
			if r.Rel == nil || *r.Rel > 0 {
				set.judge(r.Query, r.Doc)
			}
			return r.Query + "\x00" + r.Doc
		}),
	)
	if err == nil && len(set.Docs) == 0 {
		err = errors.New("docs.jsonl: no documents")
	}
	return set, err
}

type qrel struct {
	Query string   `json:"query"`
	Doc   string   `json:"doc"`
	Rel   *float64 `json:"rel"`
}

func (s *EvalSet) judge(query, doc string) {
	if s.Want[query] == nil {
		s.Want[query] = map[string]bool{}
	}
	s.Want[query][doc] = true
}

// lines decodes each line of a file; take gives what must be there and unique.
func lines[T any](dir fs.FS, name string, take func(T) string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	seen := map[string]bool{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, maxEvalLine)
	for n := 1; in.Scan(); n++ {
		if len(in.Bytes()) == 0 {
			continue
		}
		var row T
		if err := json.Unmarshal(in.Bytes(), &row); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		switch id := take(row); {
		case id == "":
			return fmt.Errorf("%s:%d: no id", name, n)
		case seen[id]:
			return fmt.Errorf("%s:%d: %q is there twice", name, n, id)
		default:
			seen[id] = true
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Grouped merges the documents of one group into an article: the first title, the bodies joined by blanks,
// in file order. Judgements then point at groups. A document without a group stays as it is.
func (s EvalSet) Grouped() EvalSet {
	out := EvalSet{Queries: s.Queries, Want: map[string]map[string]bool{}}
	of, at := map[string]string{}, map[string]int{}
	for _, d := range s.Docs {
		if d.Group == "" {
			out.Docs = append(out.Docs, d)
			continue
		}
		of[d.ID] = d.Group
		if i, ok := at[d.Group]; ok {
			out.Docs[i].Body += " " + d.Body
			continue
		}
		at[d.Group] = len(out.Docs)
		d.ID = d.Group
		out.Docs = append(out.Docs, d)
	}
	for q, docs := range s.Want {
		for d := range docs {
			if g, ok := of[d]; ok {
				d = g
			}
			out.judge(q, d)
		}
	}
	return out
}

// Articles makes the documents published articles of one help center. added are further approved phrasings
// by document.
func (s EvalSet) Articles(added map[string][]string) []Article {
	out := make([]Article, len(s.Docs))
	for i, d := range s.Docs {
		phrasings := append(d.Phrasings[:len(d.Phrasings):len(d.Phrasings)], added[d.ID]...)
		out[i] = Article{
			ID: d.ID, Locale: "en", Status: Published, Visibility: Public, Published: 1,
			Version: Version{Number: 1, Title: d.Title, Summary: d.Summary, Tags: d.Tags, Phrasings: phrasings, Body: d.Body},
		}
	}
	return out
}

// Folds is how many parts the questions are cut into for learned phrasings.
const Folds = 5

// Learned gives the phrasings that the other folds teach: perm is a permutation of the queries, the one at
// position i of it belongs to fold i mod 5, and a document takes up to k.
func (s EvalSet) Learned(perm []int, fold, k int) map[string][]string {
	out := map[string][]string{}
	for i, p := range perm {
		if i%Folds == fold {
			continue
		}
		q := s.Queries[p]
		for _, d := range s.Docs {
			if s.Want[q.ID][d.ID] && len(out[d.ID]) < k {
				out[d.ID] = append(out[d.ID], q.Text)
			}
		}
	}
	return out
}
