package kb

import "strings"

// English words that carry a question more than its matter. What is left of their weight depends on their kind.
const (
	questionWords = " how what when where which who whom whose why "
	negations     = " no not never cant cannot dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt hasnt havent hadnt without "
	auxiliaries   = " can could may might must shall should will would do does did doing done have has had having " // keep their weight
	plainVerbs    = " need want like get got let make know tell way just please go give use "
	functionWords = " a about after again all also am an and any are as at be because been before being both but by each else for from he her here hers him his i id if ill im in into is it its ive me mine more most my myself now of off on once one only or other our ours out over own per really same she so some still such than that the their theirs them then there these they this those through to too under until up us very was we were while with yet you your yours u ur r pls plz hi hello hey thanks thank ok okay yes "
)

// stopClass gives what is left of an English word's weight. stop = it asks nothing by itself.
func (s *settings) stopClass(word string) (keep float64, stop bool) {
	in := func(list string) bool { return strings.Contains(list, " "+word+" ") }
	switch {
	case in(questionWords):
		return s.question, true
	case in(negations):
		return s.negation, true
	case in(auxiliaries):
		return 1, true
	case in(plainVerbs):
		return s.verb, true
	case in(functionWords):
		return s.function, true
	}
	return 1, false
}

// keepStops leaves of the stop words' weights what the settings say.
func (s *snapshot) keepStops(idf []float64, of *settings) {
	keep := map[uint32]float64{}
	for _, list := range []string{functionWords, plainVerbs, negations, questionWords} {
		for _, w := range strings.Fields(list) {
			if t := s.terms.find([]byte(stem("en", w))); t != 0 {
				keep[t], _ = of.stopClass(w)
			}
		}
	}
	for t, share := range keep {
		idf[t] *= share
	}
}
