package kb

import "strings"

// Words that carry a question more than its matter. What is left of their weight depends on their kind.
const (
	questionWords = "how what when where which who whom whose why"
	negations     = "no not never cant cannot dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt hasnt havent hadnt without"
	modals        = "can could may might must shall should will would do does did doing done have has had having"
	commonVerbs   = "need want like get got let make know tell way just please go give use"
	functionWords = "a about after again all also am an and any are as at be because been before being both but by each else for from had he her here hers him his i id if ill im in into is it its ive me mine more most my myself now of off on once one only or other our ours out over own per really same she so some still such than that the their theirs them then there these they this those through to too under until up us very was we were while with yet you your yours u ur r pls plz hi hello hey thanks thank ok okay yes"
)

// stopClass gives what is left of an English word's weight, 1 for a word with matter.
func (s *settings) stopClass(word string) float64 {
	in := func(list string) bool { return strings.Contains(" "+list+" ", " "+word+" ") }
	switch {
	case in(questionWords):
		return s.question
	case in(negations):
		return s.negation
	case in(modals):
		return s.modal
	case in(commonVerbs):
		return s.common
	case in(functionWords):
		return s.function
	}
	return 1
}

// stops finds the terms of the stop words.
func (s *snapshot) stops() {
	s.stop = map[uint32]float64{}
	for _, list := range []string{functionWords, commonVerbs, modals, negations, questionWords} {
		for _, w := range strings.Fields(list) {
			if t := s.terms.find([]byte(stem("en", w))); t != 0 {
				s.stop[t] = s.stopClass(w)
			}
		}
	}
}
