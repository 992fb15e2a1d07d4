package kb

// settings are the numbers of the ranking. They were chosen on six public question sets, each judged by what the
// other five choose (README of the sets); the prose passages among them keep the body's weight up.
type settings struct {
	fieldWeight [fields]float64
	lengthB     [fields]float64 // how strongly a field's length counts
	k1          float64         // how soon a word's repetition stops counting
	gramK       float64         // the same for pieces of four letters
	gramB       float64
	idfPower    float64 // under 1 = rare words lead by less

	// Weights of the parts of the score.
	wLexical   float64 // BM25F against the best article's
	wCover     float64 // BM25F against the most that the question's words can bring
	wMatched   float64 // share of the question's words that the article has at all
	wPhrasing  float64 // likeness to the nearest title or phrasing
	wSentence  float64 // likeness to the nearest sentence, title or phrasing
	wGrams     float64 // pieces against the best article's
	wGramCover float64 // pieces against the most that the question's can bring

	pair     float64 // weight of two words side by side, against the words' own
	before   float64 // a word of the visitor's previous turn
	synonym  float64 // a word that means the like
	kin      float64 // a word of the same root
	looseIn  float64 // what of these two counts in a body: in long texts they are found by chance
	repair   float64 // a word one slip away
	prefix   float64 // a longer word, for an unknown one
	complete float64 // a longer word, while typing
	common   float64 // how much more the commoner of these count: 0 = all alike, 1 = by their number

	question float64 // what is left of stop words, by their kind
	negation float64
	verb     float64
	function float64
}

// whileTyping differs where half a question differs from a whole one: what its few words bring beside the best article's
// says little, how near they come to a phrasing says more.
func whileTyping() settings {
	s := defaults()
	s.question, s.verb = 0.5, 1
	s.wLexical = 0.4
	s.wPhrasing, s.wSentence, s.wGrams, s.wGramCover = 0.95, 0.35, 0.16, 1
	s.complete, s.common = 1.4, 0.35
	return s
}

func defaults() settings {
	return settings{
		fieldWeight: [fields]float64{fieldTitle: 2, fieldPhrasing: 0.28, fieldHints: 1.5, fieldBody: 0.8},
		lengthB:     [fields]float64{fieldTitle: 0.3, fieldPhrasing: 0.4, fieldHints: 0.5, fieldBody: 0.75},
		k1:          1.4, gramK: 1.2, gramB: 0.1, idfPower: 0.85,
		wLexical: 1, wCover: 1, wMatched: 0.5, wPhrasing: 0.5, wSentence: 0.25, wGrams: 0.08, wGramCover: 1.4,
		pair: 0.9, before: 0.45, synonym: 0.35, kin: 0.5, looseIn: 0.2, repair: 0.95, prefix: 0.5, complete: 1, common: 0.5,
		question: 0.2, negation: 0.15, verb: 0.8, function: 0.15,
	}
}
