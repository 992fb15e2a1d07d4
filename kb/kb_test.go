package kb_test

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

func article(id, title, body string, phrasings ...string) kb.Article {
	return kb.Article{
		ID: id, Locale: "en", Status: kb.Published, Visibility: kb.Public, Published: 1,
		Version: kb.Version{Number: 1, Title: title, Body: body, Phrasings: phrasings},
	}
}

func shop() []kb.Article {
	secret := article("ar_5", "Refund approval limits", "Agents may refund up to 50 without asking.", "refund limit")
	secret.Visibility = kb.Internal
	billing := article("ar_6", "Invoices for companies", "Enter your VAT number before you order.")
	billing.Mailboxes = []string{"mb_billing"}
	return []kb.Article{
		article("ar_1", "Change your login e-mail", "Open **Settings**, then *Login*. Enter the new address.", "how do i update my email address"),
		article("ar_2", "Return an order", "You have 30 days to send a parcel back. We refund within a week.", "send something back", "wrong size"),
		article("ar_3", "Delivery times", "Standard delivery takes two to four working days.", "where is my parcel"),
		article("ar_4", "Cancel the renewal of your plan", "Plans renew every month. Ask us to stop the renewal.", "stop my subscription"),
		secret, billing,
	}
}

func indexOf(list []kb.Article) *kb.Index {
	var x kb.Index
	x.Set(list, markdown.Plain)
	return &x
}

func ids(f kb.Found) []string {
	var out []string
	for _, r := range f.Results {
		out = append(out, r.Article)
	}
	return out
}

func TestSearch(t *testing.T) {
	x := indexOf(shop())
	for _, c := range []struct {
		name  string
		q     kb.Query
		first string // "" = nothing fits
	}{
		{"the title's words", kb.Query{Text: "change login email"}, "ar_1"},
		{"a phrasing", kb.Query{Text: "How do I update my e-mail address?"}, "ar_1"},
		{"another form of the word", kb.Query{Text: "returning orders"}, "ar_2"},
		{"a wrong letter", kb.Query{Text: "delivary times"}, "ar_3"},
		{"swapped letters", kb.Query{Text: "cancel renewla"}, "ar_4"},
		{"half a word while typing", kb.Query{Text: "renew", Typing: true}, "ar_4"},
		{"one word of many", kb.Query{Text: "hello my friend bought shoes and the parcel is not here"}, "ar_3"},
		{"nothing of ours", kb.Query{Text: "quantum chromodynamics"}, ""},
		{"alike in spelling only", kb.Query{Text: "deliquescent resettlement"}, ""},
		{"only stop words", kb.Query{Text: "how do i"}, ""},
		{"empty", kb.Query{Text: ""}, ""},
		{"emoji", kb.Query{Text: "🙂🙂"}, ""},
		{"internal for an agent", kb.Query{Text: "refund approval limits", Agent: true}, "ar_5"},
		{"of this mailbox", kb.Query{Text: "company invoices", Mailbox: "mb_billing"}, "ar_6"},
		{"ten kilobytes", kb.Query{Text: strings.Repeat("delivery ", 1200)}, "ar_3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := x.Search(c.q)
			switch {
			case c.first == "" && found.Fits():
				t.Errorf("fits: %+v, coverage %.2f", found.Results, found.Coverage)
			case c.first != "" && (len(found.Results) == 0 || found.Results[0].Article != c.first || !found.Fits()):
				t.Errorf("found %v, coverage %.2f; want %s first", ids(found), found.Coverage, c.first)
			}
		})
	}
}

// The visitor's turn before says what his last one is about, and counts less than it (K7).
func TestSearchInAConversation(t *testing.T) {
	x := indexOf(shop())
	for _, c := range []struct{ text, before, first string }{
		{"and how long does that take", "I want to send the order back", "ar_2"},
		{"and how long does that take", "where is my parcel", "ar_3"},
		{"change my login email", "send the order back, it is the wrong size", "ar_1"},
	} {
		if got := ids(x.Search(kb.Query{Text: c.text, Before: c.before})); len(got) == 0 || got[0] != c.first {
			t.Errorf("%q after %q found %v, want %s first", c.text, c.before, got, c.first)
		}
	}
}

// Empty, one-letter and mixed questions in any script are answered without a panic, and alike each time.
func TestSearchOddQuestions(t *testing.T) {
	x := indexOf(shop())
	for _, q := range []string{"", " ", "x", "ж", "配", "ع", "🙂", "🙂 parcel 🙂", "parcel посылка 配送 طرد", "\u202eparcel\u202c", "\xff\xfe", strings.Repeat("ع ", 5000), strings.Repeat("配", 3400), strings.Repeat("🙂", 2500)} {
		for _, typing := range []bool{false, true} {
			a, b := x.Search(kb.Query{Text: q, Typing: typing}), x.Search(kb.Query{Text: q, Typing: typing})
			if !slices.Equal(ids(a), ids(b)) || a.Coverage != b.Coverage || a.Coverage < 0 || a.Coverage > 1 {
				t.Errorf("%.40q: %v, then %v", q, a, b)
			}
			if fits := strings.Contains(q, "parcel"); a.Fits() != fits && !typing {
				t.Errorf("%.40q fits: %v, %v", q, a.Fits(), ids(a))
			}
		}
	}
}

// Internal articles and those of other mailboxes are in no visitor's answer, whatever is asked.
func TestSearchKeepsOthersOut(t *testing.T) {
	x := indexOf(shop())
	for _, q := range []string{"refund approval limits agents 50 asking", "invoices VAT number companies order"} {
		got := ids(x.Search(kb.Query{Text: q, Mailbox: "mb_support", Limit: 10}))
		if slices.Contains(got, "ar_5") || slices.Contains(got, "ar_6") {
			t.Errorf("%q found %v", q, got)
		}
	}
	if _, ok := x.Public("ar_5"); ok {
		t.Error("an internal article can be opened by a visitor")
	}
}

// The same articles in another order give the same answer to the last bit.
func TestSearchIsDeterministic(t *testing.T) {
	list := shop()
	want := indexOf(list).Search(kb.Query{Text: "send the order back", Limit: 10})
	r := rand.New(rand.NewSource(1))
	for range 20 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		got := indexOf(list).Search(kb.Query{Text: "send the order back", Limit: 10})
		if !slices.EqualFunc(got.Results, want.Results, func(a, b kb.Result) bool { return a.Article == b.Article && a.Score == b.Score }) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, s := range []string{"email", "عنوان", "配送時間", "a\x00b", strings.Repeat("é", 3000)} {
		f.Add(s)
	}
	x := indexOf(shop())
	f.Fuzz(func(t *testing.T, q string) {
		if found := x.Search(kb.Query{Text: q, Before: q, Typing: true}); found.Coverage < 0 || found.Coverage > 1 || len(found.Results) > 3 {
			t.Errorf("%q: %+v", q, found)
		}
	})
}

func TestPins(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		pattern, address string
		want             bool
	}{
		{"/orders", "https://shop.test/orders", true},
		{"/orders", "https://shop.test/orders?id=7#x", true},
		{"/orders", "https://shop.test/orders/7", false},
		{"/orders*", "https://shop.test/orders/7", true},
		{"/", "https://shop.test", true},
		{"*/settings", "https://shop.test/de/settings", true},
		{"https://shop.test/*", "https://shop.test/x", true},
		{"https://shop.test/*", "https://evil.test/x", false},
		{"/a*b*c", "https://shop.test/a-b-c", true},
		{"/a*b*c", "https://shop.test/a-c-b", false},
	} {
		if got := (kb.Pin{Pattern: c.pattern}).Matches(c.address, "", "", now); got != c.want {
			t.Errorf("%q on %q: %v, want %v", c.pattern, c.address, got, c.want)
		}
	}
	for _, c := range []struct {
		name            string
		pin             kb.Pin
		mailbox, locale string
		want            bool
	}{
		{"at its end", kb.Pin{Until: now}, "", "", false},
		{"just before its end", kb.Pin{Until: now.Add(time.Millisecond)}, "", "", true},
		{"at its beginning", kb.Pin{From: now}, "", "", true},
		{"just before it", kb.Pin{From: now.Add(time.Millisecond)}, "", "", false},
		{"its mailbox", kb.Pin{Mailbox: "mb_1"}, "mb_1", "en", true},
		{"another mailbox", kb.Pin{Mailbox: "mb_1"}, "mb_2", "en", false},
		{"its language", kb.Pin{Locale: "ar"}, "mb_1", "ar", true},
		{"another language", kb.Pin{Locale: "ar"}, "mb_1", "en", false},
	} {
		c.pin.Pattern = "*"
		if got := c.pin.Matches("https://shop.test/", c.mailbox, c.locale, now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestSafeURL(t *testing.T) {
	for in, ok := range map[string]bool{
		"https://a.test/x": true, "http://a.test": true, "mailto:a@b.test": true, "/help": true, "#top": true,
		"javascript:alert(1)": false, "JaVaScRiPt:alert(1)": false, "data:text/html,x": false, "//evil.test": false,
		"https://u:p@a.test": false, "java\tscript:x": false, `\\evil.test`: false, "vbscript:x": false,
	} {
		if got := kb.SafeURL(in) != ""; got != ok {
			t.Errorf("SafeURL(%q) passes: %v, want %v", in, got, ok)
		}
	}
}

func TestSearchInALocale(t *testing.T) {
	list := shop()
	de := article("ar_de", "Refund", "Das Geld kommt zurück, refund.")
	de.Locale = "de"
	x := indexOf(append(list, de))
	for locale, want := range map[string]bool{"": true, "de": true, "en": false, "fr": false} {
		if got := slices.Contains(ids(x.Search(kb.Query{Text: "refund", Locale: locale, Limit: 10})), "ar_de"); got != want {
			t.Errorf("locale %q finds the German article: %v", locale, got)
		}
	}
}

// Ratings move what is nearly equal, from twenty on, and never more than three per cent (P20).
func TestRatingsWeighALittle(t *testing.T) {
	score := func(solved, unsolved int64) float64 {
		list := shop()
		list[0].Solved, list[0].Unsolved = solved, unsolved
		for _, r := range indexOf(list).Search(kb.Query{Text: list[0].Version.Title}).Results {
			if r.Article == list[0].ID {
				return r.Score
			}
		}
		t.Fatal("not found")
		return 0
	}
	none := score(0, 0)
	for _, c := range []struct {
		solved, unsolved int64
		least, most      float64
	}{{19, 0, 1, 1}, {0, 19, 1, 1}, {20, 0, 1.01, 1.03}, {1000, 0, 1.025, 1.03}, {0, 20, .97, .985}, {10, 10, .98, 1.01}} {
		if by := score(c.solved, c.unsolved) / none; by < c.least-1e-9 || by > c.most+1e-9 {
			t.Errorf("%d solved, %d not: %.4f", c.solved, c.unsolved, by)
		}
	}
}
