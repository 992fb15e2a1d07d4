package kb

// Bent is an index of articles whose ranking has other numbers than the shipped ones, by name: an unknown name is a panic.
func Bent(articles []Article, plain Plain, numbers map[string]float64) *Index {
	x := &Index{}
	s := x.empty()
	named := s.settings.named()
	for name, v := range numbers {
		*named[name] = v
	}
	b := s.next(plain)
	for _, a := range articles {
		b.put(a)
	}
	x.current.Store(b.done(1))
	return x
}

func (s *settings) named() map[string]*float64 {
	return map[string]*float64{
		"title": &s.fieldWeight[fieldTitle], "phrasings": &s.fieldWeight[fieldPhrasing], "hints": &s.fieldWeight[fieldHints],
		"body": &s.fieldWeight[fieldBody], "k1": &s.k1, "gramK": &s.gramK, "gramB": &s.gramB, "idfPower": &s.idfPower,
		"wLexical": &s.wLexical, "wCover": &s.wCover, "wMatched": &s.wMatched, "wPhrasing": &s.wPhrasing,
		"wSentence": &s.wSentence, "wGrams": &s.wGrams, "wGramCover": &s.wGramCover, "pair": &s.pair, "synonym": &s.synonym,
		"kin": &s.kin, "looseIn": &s.looseIn, "repair": &s.repair, "prefix": &s.prefix, "question": &s.question,
		"negation": &s.negation, "verb": &s.verb, "function": &s.function,
	}
}
