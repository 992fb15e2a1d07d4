package kb

import (
	"encoding/json"
	"testing"
)

func TestCheckAnswer(t *testing.T) {
	source := []Passage{
		{Article: "ar_1", Title: "Delivery times", Text: "A parcel within the country takes 2 to 4 working days.\nAbroad it takes up to 10 days and costs $14.50."},
		{Article: "ar_2", Title: "Forgot password", Text: "Press \"Forgot password\" on the sign-in page. We never ask for it."},
	}
	type sentence struct{ Text, Article, Quote string }
	good := sentence{"A parcel within the country takes 2 to 4 working days.", "ar_1", "takes 2 to 4  working\ndays"}
	cases := []struct {
		name string
		ok   bool
		raw  any
	}{
		{"what stands there", true, []sentence{good}},
		{"two articles", true, []sentence{good, {"Press Forgot password on the page for the sign-in.", "ar_2", "Press \"Forgot password\" on the sign-in page."}}},
		{"a price that stands there", true, []sentence{{"Abroad it costs $14.50.", "ar_1", "up to 10 days and costs $14.50"}}},
		{"none", false, []sentence{}},
		{"four", false, []sentence{good, good, good, good}},
		{"no citation", false, []sentence{{good.Text, "", good.Quote}}},
		{"an article that was not given", false, []sentence{{good.Text, "ar_9", good.Quote}}},
		{"a quote of another article", false, []sentence{{good.Text, "ar_2", good.Quote}}},
		{"an invented quote", false, []sentence{{good.Text, "ar_1", "takes 1 working day only"}}},
		{"no quote", false, []sentence{{good.Text, "ar_1", ""}}},
		{"a short quote", false, []sentence{{good.Text, "ar_1", "takes 2"}}},
		{"another number", false, []sentence{{"A parcel within the country takes 3 working days.", "ar_1", good.Quote}}},
		{"part of a number", false, []sentence{{"Abroad it costs 14 and takes 10 days.", "ar_1", good.Quote}}},
		{"other digits", false, []sentence{{"A parcel within the country takes ٩ working days.", "ar_1", good.Quote}}},
		{"another currency", false, []sentence{{"Abroad it costs €14.50.", "ar_1", good.Quote}}},
		{"an address", false, []sentence{{"A parcel takes days; write to us@evil.test within working days.", "ar_1", good.Quote}}},
		{"a host", false, []sentence{{"A parcel within the country takes working days, evil.test.", "ar_1", good.Quote}}},
		{"a link", false, []sentence{{"A parcel takes working days https://evil.test/x within the country.", "ar_1", good.Quote}}},
		{"Markdown", false, []sentence{{"A parcel ![x](//evil.test) takes 2 to 4 working days.", "ar_1", good.Quote}}},
		{"HTML", false, []sentence{{"A parcel <b>takes</b> 2 to 4 working days.", "ar_1", good.Quote}}},
		{"hidden signs", false, []sentence{{"A parcel\u200b takes 2 to 4 working days.", "ar_1", good.Quote}}},
		{"two sentences in one", false, []sentence{{"A parcel takes 2 to 4 working days. A parcel takes days.", "ar_1", good.Quote}}},
		{"words of its own", false, []sentence{{"Please telephone our friendly colleague immediately.", "ar_1", good.Quote}}},
		{"asks for a secret", false, []sentence{{"A parcel within the country takes working days after your password.", "ar_1", good.Quote}}},
		{"a number in words", true, []sentence{{"A parcel within the country takes two to four working days.", "ar_1", good.Quote}}},
		{"another number in words", false, []sentence{{"A parcel within the country takes twenty working days.", "ar_1", good.Quote}}},
		{"raised digits", false, []sentence{{"A parcel within the country takes 2 to 4\u2070 working days.", "ar_1", good.Quote}}},
		{"per cent", false, []sentence{{"A parcel within the country takes 4% working days.", "ar_1", good.Quote}}},
		{"the opposite", false, []sentence{{"A parcel within the country never takes 2 to 4 working days.", "ar_1", good.Quote}}},
		{"what is denied", true, []sentence{{"We do not ask for it.", "ar_2", "We never ask for it."}}},
		{"a denial left out", false, []sentence{{"We ask for it on the sign-in page.", "ar_2", "We never ask for it."}}},
		{"a denial cut out of the quote", false, []sentence{{"We ask for it on the sign-in page.", "ar_2", "ever ask for it."}}},
		{"words of another sentence", false, []sentence{{"Abroad a parcel costs and takes up to days.", "ar_1", good.Quote}}},
		{"a number of another sentence", false, []sentence{{"A parcel within the country takes 10 working days.", "ar_1", good.Quote}}},
		{"a scheme", false, []sentence{{"A parcel within the country takes working days, sms:parcel.", "ar_1", good.Quote}}},
		{"a gift", false, []sentence{{"A parcel within the country is free for working days.", "ar_1", good.Quote}}},
		{"an order to act", false, []sentence{{"A parcel within the country takes 2 to 4 working days, pay now.", "ar_1", good.Quote}}},
		{"an address in words", false, []sentence{{"A parcel within the country takes working days, evil dot test.", "ar_1", good.Quote}}},
		{"dots of other scripts", false, []sentence{{"A parcel within the country takes working days, evil。test.", "ar_1", good.Quote}}},
		{"not the form", false, "A parcel takes 2 to 4 working days."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			raw, err := json.Marshal(map[string]any{"sentences": c.raw})
			if err != nil {
				t.Fatal(err)
			}
			got, err := CheckAnswer(string(raw), source)
			if (err == nil) != c.ok {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	for _, raw := range []string{"", "null", "{}", `{"sentences":null}`, `{"sentences":[],"more":1}`, `{"sentences":[]}{}`, "no"} {
		if got, err := CheckAnswer(raw, source); err == nil {
			t.Errorf("%q: %v", raw, got)
		}
	}
}

// Vectors move what words have found, make nothing found, and without the question's the ranking is the lexical one.
func TestVectorsOnlyWeigh(t *testing.T) {
	var x Index
	article := func(id, title string) Article {
		return Article{ID: id, Locale: "en", Status: Published, Visibility: Public, Published: 1, Version: Version{Number: 1, Title: title, Body: title}}
	}
	x.Set([]Article{article("ar_1", "Delivery of parcels"), article("ar_2", "Delivery of letters"), article("ar_3", "Gift cards")}, func(s string) string { return s })
	ids := func(q Query) (out []string) {
		for _, r := range x.Search(q).Results {
			out = append(out, r.Article)
		}
		return out
	}
	before := x.Search(Query{Text: "delivery"})
	x.SetVectors(map[string][]float32{"ar_1": {1, 0}, "ar_2": {0, 3}, "ar_3": {0, 1}})
	after := x.Search(Query{Text: "delivery"})
	if a, b := mustJSON(t, before), mustJSON(t, after); a != b {
		t.Errorf("without a vector %s, had %s", b, a)
	}
	for _, c := range []struct {
		vector []float32
		first  string
	}{{[]float32{2, 0}, "ar_1"}, {[]float32{0, 2}, "ar_2"}, {[]float32{0, 0}, ids(Query{Text: "delivery"})[0]}, {[]float32{0, 0, 1}, ids(Query{Text: "delivery"})[0]}} {
		got := ids(Query{Text: "delivery", Vector: c.vector})
		if len(got) != 2 || got[0] != c.first {
			t.Errorf("%v: %v, want %s first and ar_3 not at all", c.vector, got, c.first)
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
