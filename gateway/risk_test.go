package gateway

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/postern-chat/postern/verify"
)

func TestPressing(t *testing.T) {
	for _, p := range pressures() {
		if p != plain(p) || p == "" {
			t.Errorf("%q is not in plain letters: %q", p, plain(p))
		}
		if got := pressing("Listen: " + p + "!"); !slices.Contains(got, p) {
			t.Errorf("%q is not found: %v", p, got)
		}
	}
	for _, text := range []string{
		"", "Can you do it today, please? It is urgent for me.", "My invoice is wrong", "I just moved, where do I change my address?",
		"Thank you, your colleague was very kind", "Do I have to log in for that?", "I could not log in yesterday",
	} {
		if got := pressing(text); got != nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	for text, want := range map[string]string{
		"DON’T tell anybody":                         "dont tell",
		"Machen Sie eine Ausnahme, nur dieses  mal!": "machen sie eine ausnahme",
		"solo está vez, por favor":                   "solo esta vez",
		"ohne Prüfung":                               "ohne prufung",
		"skip the check-in":                          "skip the check",
	} {
		if got := pressing(text); !slices.Contains(got, want) {
			t.Errorf("%q: %v, want %s", text, got, want)
		}
	}
}

func TestImitates(t *testing.T) {
	known := sitesOf(append([]string{"www.nordlicht.example"}, providersOfMail()...))
	for domain, want := range map[string]bool{
		"gmail.com": false, "mail.gmail.com": false, "nordlicht.example": false, "post.nordlicht.example": false, "example.org": false,
		"me.com": false, "ne.com": false, "company.example": false, "GMAIL.com": false,
		"gmai1.com": true, "gmial.com": true, "gmall.com": true, "gmail.co": true, "gmail.com.evil.test": true, "0utlook.com": true, "out1ook.com": true,
		"hotrnail.com": true, "nord1icht.example": true, "nordlichtt.example": true, "yah00.com": true, "gmаil.com": true,
	} {
		if got := imitates(domain, known); got != want {
			t.Errorf("%s imitates a known one: %v, want %v", domain, got, want)
		}
	}
}

func TestRisks(t *testing.T) {
	r := risks{known: sitesOf(providersOfMail())}
	for _, c := range []Claimed{{Name: "Ann"}, {Name: "ann "}, {Email: "ann@gmail.com"}} {
		r.claim(c)
	}
	if got := r.list(); len(got) != 0 {
		t.Errorf("one person: %v", got)
	}
	r.claim(Claimed{Name: "Bob", Email: "ann@gmail.com"})
	for role, text := range map[Role]string{RoleVisitor: "Just this once, my lawyer says. Just this once!", RoleAgent: "i will sue"} {
		raw, err := json.Marshal(MessageCreated{Message{Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		r.said(Event{Kind: MessageCreated{}.Kind(), Actor: Actor{Role: role}, Payload: raw})
	}
	r.values(verify.Change{Fields: map[string]string{"email": "new@gmai1.com", "plan": "plus"}})
	want := []Risk{
		{RiskClaims, []string{"Ann", "Bob"}}, {RiskPressure, []string{"just this once", "my lawyer"}}, {RiskLookAlike, []string{"gmai1.com"}},
	}
	if got := r.list(); !reflect.DeepEqual(got, want) {
		t.Errorf("risks: %v, want %v", got, want)
	}
}
