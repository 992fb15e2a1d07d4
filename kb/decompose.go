package kb

import "golang.org/x/text/unicode/norm"

// Decompose gives the compatibility decomposition (NFKD, UAX #15) of text: full-width and mathematical letters and
// digits become plain ones, an accent stands behind its letter.
func Decompose(text string) string { return norm.NFKD.String(text) }
