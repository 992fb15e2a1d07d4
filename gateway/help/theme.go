package help

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// enough is the contrast that text needs on its ground (WCAG 2.2, 1.4.3).
const enough = 4.5

// grounds are the strictest ones of widget/kit/tokens.css: a text in the accent must be readable on each.
const (
	lightGround = "#eceef2"
	darkGround  = "#212731"
)

type rgb [3]float64 // 0…1

func parseColor(hex string) (c rgb, ok bool) {
	digits, ok := strings.CutPrefix(hex, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if !ok || err != nil || len(digits) != 6 {
		return c, false
	}
	return rgb{float64(n>>16&255) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

func (c rgb) String() string {
	to := func(v float64) int { return int(math.Round(v * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", to(c[0]), to(c[1]), to(c[2]))
}

// luminance is WCAG's relative luminance.
func (c rgb) luminance() float64 {
	lin := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c[0]) + 0.7152*lin(c[1]) + 0.0722*lin(c[2])
}

func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// toward mixes c with to until it stands out from ground; black or white does in the end.
func (c rgb) toward(to, ground rgb) rgb {
	for part := range 101 {
		f := float64(part) / 100
		mixed := rgb{}
		for i := range mixed {
			mixed[i] = math.Round((c[i]*(1-f)+to[i]*f)*255) / 255
		}
		if contrast(mixed, ground) >= enough {
			return mixed
		}
	}
	return to
}

// Theme gives the style sheet of a mailbox's colour, #rrggbb: the accent of both schemes, as near to it as text stays
// readable, and what is written on it. ok is false for what is no colour.
func Theme(hex string) (css string, ok bool) {
	c, ok := parseColor(hex)
	if !ok {
		return "", false
	}
	ground := func(hex string) rgb { g, _ := parseColor(hex); return g } // constants
	white, black := rgb{1, 1, 1}, rgb{}
	light := c.toward(black, ground(lightGround))
	dark := c.toward(white, ground(darkGround))
	on := ground("#0e1430").toward(black, dark)
	return fmt.Sprintf(":root{--accent:light-dark(%s,%s);--on-accent:light-dark(#ffffff,%s)}\n", light, dark, on), true
}
