package site_test

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/postern-chat/postern/cmd/shop/site"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/value"
)

func TestArticles(t *testing.T) {
	all := site.Articles()
	if len(all) < 30 {
		t.Errorf("%d articles, want about thirty", len(all))
	}
	seen, collections := map[string]bool{}, map[string]int{}
	for _, a := range all {
		collections[a.Collection]++
		if a.ID == "" || a.Title == "" || a.Summary == "" || len(a.Body) < 100 || len(a.Keywords) < 3 || len(a.Title) > 200 {
			t.Errorf("article %s is incomplete: %+v", a.ID, a)
		}
		if seen[a.Title] {
			t.Errorf("title %q appears twice", a.Title)
		}
		seen[a.Title] = true
		for _, p := range a.Pins {
			if !strings.HasPrefix(p, "/") {
				t.Errorf("article %s: pin %q is not a path", a.ID, p)
			}
		}
	}
	if len(collections) != 5 || collections[""] > 3 {
		t.Errorf("articles by collection: %v, want four collections and hardly any article in none", collections)
	}
}

func TestReplies(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range site.Replies() {
		if r.Title == "" || r.Text == "" || seen[r.Title] {
			t.Errorf("reply %q is empty or appears twice", r.Title)
		}
		seen[r.Title] = true
	}
}

// The gate takes the policy file as it is, and the shop knows each of its kinds and no other.
func TestPolicy(t *testing.T) {
	type field struct {
		Name, As, Pattern string
		Values            []string
		Max               int
		Label             map[string]string
	}
	var file struct {
		Kind []struct {
			Name, Host, Tier string
			Title            map[string]string
			SelfService      string `toml:"self_service"`
			Assisted         bool
			Cooling          int64
			Field            []field
		}
	}
	meta, err := toml.Decode(site.PolicyTOML("shop", "http://127.0.0.1:9"), &file)
	if err != nil || len(meta.Undecoded()) > 0 {
		t.Fatal(err, meta.Undecoded())
	}
	p := verify.Policy{Hosts: []verify.Host{{Name: "shop", Audience: "http://127.0.0.1:9", Site: "http://127.0.0.1:9", VerifyURL: "http://127.0.0.1:9/support-verify", Delivery: "http://127.0.0.1:9/postern"}}}
	good := map[string]string{"plan": "plus", "name": "Robin", "newsletter": "on", "address": "1 New Street", "email": "x@example.com", "fields": "orders,plan,status"}
	for _, k := range file.Kind {
		kind := verify.Kind{Name: k.Name, Host: k.Host, Tier: verify.Tier(k.Tier), Title: k.Title, SelfService: k.SelfService, Assisted: k.Assisted, Cooling: k.Cooling}
		fields := map[string]string{}
		for _, f := range k.Field {
			kind.Fields = append(kind.Fields, verify.Field{Name: f.Name, As: f.As, Pattern: f.Pattern, Values: f.Values, Max: f.Max, Label: f.Label})
			fields[f.Name] = good[f.Name]
		}
		p.Kinds = append(p.Kinds, kind)
		c := verify.Change{V: "1", Kind: k.Name, Base: "*", Fields: fields}
		if err := c.Validate(kind, value.Check); err != nil {
			t.Errorf("%s: the gate refuses %v: %v", k.Name, fields, err)
		}
		if strings.HasPrefix(k.Name, "recovery") || k.Title["ar"] == "" {
			t.Errorf("kind %s: recovery, or no Arabic title", k.Name)
		}
	}
	if bad := p.Mistakes(); len(bad) > 0 {
		t.Error(bad)
	}
	email, _ := p.Kind("email.change")
	if email.SelfService == "" || email.Assisted {
		t.Error("the login e-mail must be a guide and nothing else")
	}
	renewal, _ := p.Kind("renewal.cancel")
	if renewal.Tier != verify.TierPlain || !renewal.Assisted {
		t.Error("a renewal must be plain and assisted")
	}
}
