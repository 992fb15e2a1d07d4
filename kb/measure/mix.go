package measure

import (
	"fmt"
	"io/fs"
	"math/rand"
	"strings"

	"github.com/postern-chat/postern/kb"
)

// Mixed makes articles of the paragraphs of question sets, and takes questions from them (EVAL.md, "Speed by size").
type Mixed struct {
	docs      []mixedDoc
	questions []string
}

type mixedDoc struct {
	title      string
	paragraphs []string
}

// every is which of the sets' questions are asked.
const every = 9

// Mix reads the sets that EVAL.md names. Errors: whatever kb.ReadEvalSet says, e.g. fs.ErrNotExist without them.
func Mix(root fs.FS) (*Mixed, error) {
	m := &Mixed{}
	for _, from := range []struct {
		name        string
		docs, asked bool
	}{{name: "stackfaq", docs: true, asked: true}, {name: "mtragun", docs: true}, {name: "banking77", asked: true}, {name: "rasa-sara", asked: true}} {
		dir, err := fs.Sub(root, from.name)
		if err != nil {
			return nil, err
		}
		set, err := kb.ReadEvalSet(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from.name, err)
		}
		if from.docs {
			m.read(set.Docs)
		}
		for i := 0; from.asked && i < len(set.Queries); i += every {
			m.questions = append(m.questions, set.Queries[i].Text)
		}
	}
	return m, nil
}

func (m *Mixed) read(docs []kb.EvalDoc) {
	for _, d := range docs {
		p := paragraphs(d.Body)
		if len(p) == 0 {
			continue
		}
		title := d.Title
		if first := strings.Fields(p[0]); title == "" {
			title = strings.Join(first[:min(len(first), 7)], " ")
		}
		m.docs = append(m.docs, mixedDoc{title, p})
	}
}

// paragraphs cuts a text after the first end of a sentence beyond 25 words, or after 45 words.
func paragraphs(text string) (out []string) {
	var p []string
	for _, w := range strings.Fields(text) {
		p = append(p, w)
		if n := len(p); n >= 45 || n >= 25 && strings.ContainsAny(w[len(w)-1:], ".!?") {
			out, p = append(out, strings.Join(p, " ")), nil
		}
	}
	if len(p) > 0 {
		out = append(out, strings.Join(p, " "))
	}
	return out
}

// Articles gives n, drawn with the seed n.
func (m *Mixed) Articles(n int) []kb.Article {
	r := rand.New(rand.NewSource(int64(n)))
	out := make([]kb.Article, n)
	for i := range out {
		of := [2]mixedDoc{m.docs[r.Intn(len(m.docs))], m.docs[r.Intn(len(m.docs))]}
		var body []string
		for j := range 3 + r.Intn(6) {
			d := of[j%3/2] // two of three from the first
			body = append(body, d.paragraphs[r.Intn(len(d.paragraphs))])
		}
		out[i] = article(i, of[0].title, strings.Join(body, "\n\n"))
	}
	return out
}

// Questions gives at most n, taken from all of them alike.
func (m *Mixed) Questions(n int) []string {
	all := m.questions
	if n >= len(all) {
		return all
	}
	out := make([]string, n)
	for i := range out {
		out[i] = all[i*len(all)/n]
	}
	return out
}
