package main

import (
	"math/rand"
	"slices"
	"testing"
)

// The first questions of BANKING77 (Casanueva et al. 2020, PolyAI, CC BY 4.0) with the slips that seed 7 draws:
// whoever measures with the same seed asks the same questions.
func TestMisspellDrawsAsPublished(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	for _, c := range [][2]string{
		{"How do I locate my card?", "How do I ocate my card?"},
		{"I still have not received my new card, I ordered over a week ago.", "I still have not received my new card, I orderes over a week ago."},
		{"I ordered a card but it has not arrived. Help please!", "I ordered a card but it has not zrrived. Help please!"},
		{"Is there a way to know when my card will arrive?", "Is there a way to know when my carrd will arrive?"},
		{"My card has not arrived yet.", "My ccard has not arrived yet."},
		{"When will I get my card?", "When will I get my card??"},
		{"Do you know if there is a tracking number for the new card you sent me?", "Do you know if there is a tracking number for the new car you sent me?"},
		{"i have not received my card", "i have not received my car"},
	} {
		if got := misspell(r, c[0]); got != c[1] {
			t.Errorf("%q became %q, want %q", c[0], got, c[1])
		}
	}
}

// What has no word to misspell stays, and uses up no draw.
func TestMisspellLeavesShortWords(t *testing.T) {
	r, fresh := rand.New(rand.NewSource(1)), rand.New(rand.NewSource(1))
	for _, text := range []string{"", "how do i", "Überweisung", "  a  b "} {
		if got := misspell(r, text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if r.Int63() != fresh.Int63() {
		t.Error("a draw was used")
	}
}

func TestFoldsAreThePublishedOnes(t *testing.T) {
	if got := folds(650)[:8]; !slices.Equal(got, []int{554, 30, 113, 500, 444, 560, 582, 86}) {
		t.Errorf("perm begins %v", got)
	}
	var all []int
	for f := range 5 {
		all = append(all, inFold(folds(13), f)...)
	}
	slices.Sort(all)
	if len(all) != 13 || all[0] != 0 || all[12] != 12 || len(slices.Compact(all)) != 13 {
		t.Errorf("the folds hold %v", all)
	}
}
