package kb

import "slices"

// lexical adds up BM25F, and how much of the question each article has at all. Words with matter come first;
// the others only tell apart what those found.
func (a asker) lexical(z *scratch, groups []group) {
	matter := slices.ContainsFunc(groups, func(g group) bool { return !g.stop && len(g.readings) > 0 })
	for _, stop := range []bool{false, true} {
		for i := range groups {
			if groups[i].stop == stop {
				a.addGroup(z, &groups[i], stop && matter)
			}
		}
	}
}

func (a asker) addGroup(z *scratch, g *group, foundOnly bool) {
	z.group = z.group[:0]
	for _, r := range g.readings {
		a.addReading(z, g.share, r, foundOnly)
	}
	weight := float32(g.weight())
	for _, slot := range z.group {
		z.touch(slot)
		h := &z.hits[slot]
		h.lexical += h.best
		h.matched += weight * h.best / (h.best + weight/4)
		h.best = 0
	}
}

// addReading keeps the best that a reading of the word at hand brings to each article.
func (a asker) addReading(z *scratch, weight float64, r reading, foundOnly bool) {
	most, k := float32(weight*r.idf*(a.k1+1)), float32(a.k1)
	body := float32(1)
	if r.loose {
		body = float32(a.looseIn)
	}
	for _, p := range a.posting[r.term] {
		h := &z.hits[p.slot]
		if foundOnly && h.lexical == 0 {
			continue
		}
		n := &a.norm[p.slot]
		tf := body * float32(p.tf[fieldBody]) * n[fieldBody]
		if p.tf[fieldTitle]|p.tf[fieldPhrasing]|p.tf[fieldHints] != 0 {
			tf += float32(p.tf[fieldTitle])*n[fieldTitle] + float32(p.tf[fieldPhrasing])*n[fieldPhrasing] +
				float32(p.tf[fieldHints])*n[fieldHints]
		}
		if h.best == 0 {
			z.group = append(z.group, p.slot)
		}
		h.best = max(h.best, most*tf/(tf+k))
	}
}

// pieceScores adds up BM25 of pieces of four letters, and gives the most that the question's pieces could bring.
func (a asker) pieceScores(z *scratch, groups []group) (most float64) {
	for _, g := range a.piecesOf(groups) {
		weight := rarity(a.n, a.gramDF[g]) * (a.gramK + 1)
		most += weight
		w := float32(weight)
		for _, p := range a.gramAt[g] {
			slot, tf := p.slot(), float32(p&0xff)
			z.touch(slot)
			z.hits[slot].grams += w * tf / (tf + a.gramLen[slot])
		}
	}
	return most
}

// piecesOf gives the pieces of the last turn's words that articles have. A word that may go on does not end yet.
func (a asker) piecesOf(groups []group) []uint32 {
	var out []uint32
	for _, g := range groups {
		if g.before {
			break
		}
		eachGram([]byte(g.spelt), func(p []byte) {
			if g.open && p[len(p)-1] == '$' {
				return
			}
			if n := a.pieces.find(p); n != 0 && a.gramDF[n] > 0 && len(out) < maxPieces {
				out = append(out, n)
			}
		})
	}
	return out
}
