package kb

// settings are the numbers of the ranking. Each was chosen with one question set left out at a time.
type settings struct {
	fieldWeight [fields]float64
	lengthB     [fields]float64 // how strongly length counts
	k1          float64

	gramK, gramB float64

	// Weights of the parts of the score.
	wLexical, wCover, wPhrasing, wPool, wSentence, wGrams, wMatched, wGramCover, wExact, wContain, kin, synBody float64

	pair                                        float64 // weight of two words side by side, against the words' own
	synonym                                     float64 // weight of a word that means the same
	repairWeight                                float64
	prefixWeight                                float64
	before                                      float64 // weight of the visitor's previous turn
	question, negation, modal, function, common float64 // what is left of stop words
	complete                                    float64
	phrSat                                      float64
	lenNorm                                     float64
}

func defaults() settings {
	return settings{
		fieldWeight: [fields]float64{2, 0.8, 1.5, 1},
		lengthB:     [fields]float64{0.3, 0.4, 0.5, 0.75},
		k1:          1.2,
		gramK:       1.2, gramB: 0.1,
		wLexical: 1, wPhrasing: 1, wGrams: 0.08, wGramCover: 1.28, wCover: 1, wSentence: 0.5, wMatched: 0.3,
		pair: 0.9, synonym: 0.5, kin: 0.5, synBody: 0.2, repairWeight: 0.8, prefixWeight: 0.5, before: 0.5,
		question: 0.15, negation: 0.15, modal: 1, function: 0.15, common: 0.8, complete: 0.9,
	}
}
