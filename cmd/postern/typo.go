package main

import (
	"math/rand"
	"slices"
	"strings"
	"unicode"
)

// nearKeys are the neighbours of a key on an English keyboard.
var nearKeys = map[rune]string{
	'q': "wa", 'w': "qes", 'e': "wrd", 'r': "etf", 't': "ryg", 'y': "tuh", 'u': "yij", 'i': "uok", 'o': "ipl", 'p': "ol",
	'a': "qsz", 's': "adwx", 'd': "sfec", 'f': "dgrv", 'g': "fhtb", 'h': "gjyn", 'j': "hkum", 'k': "jli", 'l': "ko",
	'z': "xa", 'x': "zcs", 'c': "xvd", 'v': "cbf", 'b': "vng", 'n': "bmh", 'm': "nj",
}

// noTypo are words that visitors hardly misspell, and that matter little if they do.
const noTypo = `
a about above after again against all am an and any are aren't arent as at be because been before being below
between both but by can can't cannot cant could couldn't couldnt did didn't didnt do does doesn't doesnt doing don't
dont down during each few for from further had hadn't hadnt has hasn't hasnt have haven't havent having he he'd
he'll he's hed hell hello her here here's heres hers herself hes hey hi him himself his how how's hows i i'd i'll
i'm i've id if ill im in into is isn't isnt it it's its itself ive just let's lets me more most mustn't mustnt my
myself need no nor not of off on once only or other ought our ours ourselves out over own please same shan't shant
she she'd she'll she's shed shell shes should shouldn't shouldnt so some such than that that's thats the their
theirs them themselves then there there's theres these they they'd they'll they're they've theyd theyll theyre
theyve this those through to too under until up very want was wasn't wasnt we we'd we'll we're we've wed well were
weren't werent weve what what's whats when when's whens where where's wheres which while who who's whom whos why
why's whys will with won't wont would wouldn't wouldnt you you'd you'll you're you've youd youll your youre yours
yourself yourselves youve
`

// misspell puts one slip of the fingers into a text: a neighbour key, a letter left out, doubled or swapped.
// The draws and their order are those of EVAL.md. A text without a word to misspell stays and draws nothing.
func misspell(r *rand.Rand, text string) string {
	fields := strings.Fields(text)
	var candidates []int
	for i, f := range fields {
		if canMisspell(f) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) == 0 {
		return text
	}
	i := candidates[r.Intn(len(candidates))]
	fields[i] = slip(r, []rune(fields[i]))
	return strings.Join(fields, " ")
}

func canMisspell(field string) bool {
	w := strings.ToLower(strings.Trim(field, `.,?!"'()`))
	ascii := strings.IndexFunc(w, func(c rune) bool { return c > unicode.MaxASCII }) < 0
	return len(w) >= 4 && ascii && !slices.Contains(strings.Fields(noTypo), w)
}

// slip draws where and how a word goes wrong. A word has at least four letters.
func slip(r *rand.Rand, w []rune) string {
	p := r.Intn(len(w))
	key := unicode.ToLower(w[p])
	near, known := nearKeys[key]
	switch r.Intn(4) {
	case 0:
		if !known {
			return string(slices.Delete(w, p, p+1))
		}
		w[p] = rune(near[r.Intn(len(near))])
	case 1:
		w = slices.Delete(w, p, p+1)
	case 2:
		if known && r.Intn(2) == 0 {
			key = rune(near[r.Intn(len(near))])
		}
		w = slices.Insert(w, p, key)
	case 3:
		if p+1 >= len(w) {
			p = len(w) - 2
		}
		w[p], w[p+1] = w[p+1], w[p]
	}
	return string(w)
}
