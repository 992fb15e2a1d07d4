package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// Admins who switch several kinds off in the same moment overwrite nothing: every one of them is off after it.
func TestKindSwitchRace(t *testing.T) {
	s := newRealShop(t)
	svc := s.node.Service
	p, err := svc.Policy()
	if err != nil || len(p.Kinds) < 3 {
		t.Fatalf("%d kinds, %v", len(p.Kinds), err)
	}
	var race sync.WaitGroup
	for _, k := range p.Kinds {
		who := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleAdmin, ID: id(t, gateway.PrefixAgent)}, Name: "Ann"}
		race.Go(func() {
			if sw, err := svc.SwitchKind(t.Context(), who, k.Name, true); err != nil || sw.OffBy != who.Actor.ID {
				t.Errorf("%s: %+v %v", k.Name, sw, err)
			}
		})
	}
	race.Wait()
	off, err := svc.KindSwitches(t.Context())
	if err != nil || len(off) != len(p.Kinds) {
		t.Errorf("%d of %d kinds are off, %v", len(off), len(p.Kinds), err)
	}
}

// One admin who makes a second one, or takes another's account over by a password link, has no second pair of eyes:
// the kind stays off. With a colleague of long standing it comes back, after its time.
func TestKindSwitchByOneAdmin(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			if _, err := f.sql(t).Exec(`UPDATE agents SET held_since = 1`); err != nil { // the fixture has made them just now
				t.Fatal(err)
			}
			ad1, ad2 := f.desk(t, "ad1").stepsUp(), f.desk(t, "ad2")
			const kind = "/v1/verification/kinds/renewal.cancel"
			on := map[string]any{"off": false}
			ad1.ok("PUT", kind, map[string]any{"off": true})
			ad1.shows("ask")
			ad1.ok("PUT", kind, on)
			ad1.shows("again")
			ad2.shows("agree")

			made := ad1.ok("POST", "/v1/agents", map[string]any{"email": "ad3@shop.test", "name": "Ad Three", "role": "admin", "capacity": 1})
			ad3 := ad1.takesOver(made["agent"].(map[string]any)["id"].(string))
			ad3.shows("")
			ad3.stepsUp()
			ad3.refused("forbidden", "PUT", kind, on)
			taken := ad1.takesOver(string(f.staff["ad2"].ID))
			taken.stepsUp()
			taken.refused("forbidden", "PUT", kind, on)
			if status, _ := ad2.call("PUT", kind, on); status != http.StatusUnauthorized {
				t.Errorf("the session of before the new password: %d", status)
			}
			staff := ad1.ok("GET", "/v1/agents", nil)["agents"].([]any)
			for _, a := range staff {
				if a := a.(map[string]any); a["role"] == "admin" && a["email"] != "ad1@shop.test" {
					a["role"] = "agent"
					ad1.ok("PUT", "/v1/agents/"+a["id"].(string), map[string]any{
						"email": a["email"], "name": a["name"], "role": "agent", "capacity": 1, "version": a["version"],
					})
				}
			}
			ad1.ok("PUT", kind, on) // alone now: asked for once more, and no time runs
			if k := ad1.kind(); k["state"] != "switched" || k["switch"].(map[string]any)["on_at"] != nil {
				t.Errorf("one admin alone: %v", k)
			}

			db := f.sql(t)
			if _, err := db.Exec(`UPDATE agents SET held_since = 1, admin_until = 0`); err != nil { // 72 quiet hours later
				t.Fatal(err)
			}
			ad1.ok("PUT", kind, on)
			if k := ad1.kind(); k["state"] != "switched" || k["switch"].(map[string]any)["on_at"] == nil {
				t.Errorf("the only admin for 72 hours: %v", k)
			}
		})
	}
}

// desk is one of the fixture's staff with an HTTP client.
func (f *fixture) desk(t *testing.T, name string) desk {
	_, token, _ := strings.Cut(f.staff[name].cookie, "=")
	return desk{t, f.node, &http.Cookie{Name: "__Host-postern-agent", Value: token}}
}

// takesOver makes a password link for a colleague and uses it.
func (d desk) takesOver(agent string) desk {
	d.t.Helper()
	link := d.ok("POST", "/v1/agents/"+agent+"/link", map[string]any{})["url"].(string)
	_, token, _ := strings.Cut(link, "#password=")
	return d.signsIn("/v1/password", map[string]any{"token": token, "password": "a password of mine"})
}

// kind is how the page shows renewal.cancel.
func (d desk) kind() map[string]any {
	d.t.Helper()
	for _, k := range d.ok("GET", "/v1/verification", nil)["kinds"].([]any) {
		if k := k.(map[string]any); k["name"] == "renewal.cancel" {
			return k
		}
	}
	d.t.Fatal("the page does not show the kind")
	return nil
}

// shows asserts what the page lets this admin do about the kind.
func (d desk) shows(act string) {
	d.t.Helper()
	if got, _ := d.kind()["act"].(string); got != act {
		d.t.Errorf("the page offers %q, want %q", got, act)
	}
}
