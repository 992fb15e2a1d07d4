package main

import (
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search/query"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/measure"
)

// bleveIndex is an index on disk: in memory, Bleve scores by TF-IDF without saying so.
type bleveIndex struct{ bleve.Index }

const batchSize = 1000 // articles

// bleveMapping is BM25 over English fields of equal weight, of which nothing but the words is kept.
func bleveMapping() mapping.IndexMapping {
	text := bleve.NewTextFieldMapping()
	text.Analyzer, text.Store, text.IncludeInAll, text.IncludeTermVectors, text.DocValues = en.AnalyzerName, false, false, false, false
	doc := bleve.NewDocumentStaticMapping()
	for _, f := range fieldNames() {
		doc.AddFieldMappingsAt(f, text)
	}
	doc.AddSubDocumentMapping("_all", bleve.NewDocumentDisabledMapping())
	m := bleve.NewIndexMapping()
	m.DefaultMapping, m.DefaultAnalyzer, m.ScoringModel = doc, en.AnalyzerName, index.BM25Scoring
	return m
}

func newBleve(path string, articles []kb.Article) (measure.Engine, error) {
	x, err := bleve.New(path, bleveMapping())
	if err != nil {
		return nil, err
	}
	b := x.NewBatch()
	for i, a := range articles {
		fields := map[string]any{}
		for f, text := range fieldsOf(a) {
			fields[fieldNames()[f]] = text
		}
		if err := b.Index(a.ID, fields); err != nil {
			return nil, err
		}
		if b.Size() == batchSize || i == len(articles)-1 {
			if err := x.Batch(b); err != nil {
				return nil, err
			}
			b.Reset()
		}
	}
	return bleveIndex{x}, nil
}

// Search implements measure.Engine: any word in any field; while typing the last one may be unfinished.
func (x bleveIndex) Search(q kb.Query) ([]string, error) {
	words := wordsOf(q.Text)
	var parts []query.Query
	for _, f := range fieldNames() {
		m := bleve.NewMatchQuery(q.Text)
		m.SetField(f)
		parts = append(parts, m)
		if q.Typing && len(words) > 0 {
			p := bleve.NewPrefixQuery(words[len(words)-1])
			p.SetField(f)
			parts = append(parts, p)
		}
	}
	found, err := x.Index.Search(bleve.NewSearchRequestOptions(bleve.NewDisjunctionQuery(parts...), q.Limit, 0, false))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found.Hits))
	for i, h := range found.Hits {
		ids[i] = h.ID
	}
	return ids, nil
}
