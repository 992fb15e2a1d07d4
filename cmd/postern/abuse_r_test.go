package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// abuseR: what the host's backend refuses, from a gateway that holds its own key too.
func abuseR() map[string]func(r *row) {
	return map[string]func(r *row){
		"R01": otherValue, "R02": deliveredOften, "R03": newReceipt, "R04": borrowedEvidence, "R06": noEvidence,
		"R08": otherBackend, "R10": dayLong, "R11": lateDelivery, "R13": otherAccount, "R14": bentReceipts,
		"R16": lowLevel, "R19": backendDown, "R20": redirected, "R21": rebound,
	}
}

func otherValue(r *row) {
	g := r.rogue()
	m := g.message()
	m["change"] = verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "y@evil.test"}}
	r.delivered("/postern", m, http.StatusForbidden, r.says("receipt.change_mismatch"))
	r.delivered("/witness", m, http.StatusForbidden, r.says("evidence.witness"))
}

func deliveredOften(r *row) {
	for _, path := range []string{"/postern", "/witness"} {
		g := r.rogue()
		n := r.site.changes(r.T)
		first := r.delivered(path, g.message(), http.StatusOK, "")
		r.same(path, g, first)
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() { r.same(path, g, first) })
		}
		wg.Wait()
		if got := r.site.changes(r.T) - n; got != 1 {
			r.Errorf("%s: applied %d times, want once", path, got)
		}
	}
}

// same asserts that a delivery is answered with what is stored.
func (r *row) same(path string, g *rogue, want []byte) {
	r.Helper()
	if got := r.delivered(path, g.message(), http.StatusOK, ""); !bytes.Equal(got, want) {
		r.Errorf("%s: %s, want the stored %s", path, got, want)
	}
}

func newReceipt(r *row) {
	for _, path := range []string{"/postern", "/witness"} {
		g := r.rogue()
		first := r.delivered(path, g.message(), http.StatusOK, "")
		r.given()
		g.claims.JTI += "2"
		g.claims.Iat++
		r.same(path, g, first)

		m := g.message()
		m["change"] = verify.Change{V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": "y@evil.test"}}
		if path == "/postern" {
			r.delivered(path, m, http.StatusConflict, r.says("receipt.already_used"))
		} else {
			r.delivered(path, m, http.StatusForbidden, "evidence.witness")
		}
		r.untouched()
	}
}

func borrowedEvidence(r *row) {
	g := r.rogue() // vic has confirmed this one
	ev, commit := g.claims.Ev, g.claims.Commit
	g.change.Fields["email"] = "y@evil.test"
	g.seal()
	g.claims.Ev = ev
	r.delivered("/postern", g.message(), http.StatusForbidden, r.says("evidence.witness"))
	r.delivered("/witness", g.message(), http.StatusForbidden, "evidence.witness")
	g.claims.Commit = commit
	r.delivered("/postern", g.message(), http.StatusForbidden, r.says("receipt.commit"))
	r.delivered("/witness", g.message(), http.StatusForbidden, "evidence.witness")
}

func noEvidence(r *row) {
	g := r.rogue()
	at := g.claims.Ev.AuthTime
	for _, ev := range []*verify.Evidence{nil, {Kind: "trust_me", AuthTime: at}} {
		g.claims.Ev = ev
		r.delivered("/postern", g.message(), http.StatusForbidden, r.says("evidence.missing"))
		r.delivered("/witness", g.message(), http.StatusForbidden, r.says("evidence.witness"))
	}
}

func otherBackend(r *row) {
	two := newSite(r.T)
	two.gate, two.audience, two.own = r.node, "https://acct.two.test", []byte("the second host's own key")
	before := two.dump(r.T)
	g := r.rogue()
	one := r.site
	r.site = two
	deliver := func(reason string) {
		r.delivered("/postern", g.message(), http.StatusForbidden, r.says(reason))
		r.delivered("/witness", g.message(), http.StatusForbidden, r.says("evidence.witness"))
	}
	deliver("receipt.aud")
	g.claims.Aud, g.claims.SubIss = two.audience, two.audience
	deliver("receipt.commit")
	ev := g.claims.Ev
	g.seal()
	g.claims.Ev = ev
	deliver("evidence.witness")
	r.site = one
	if now := two.dump(r.T); now != before {
		r.Errorf("backend 2 has %s, had %s", now, before)
	}
}

func dayLong(r *row) {
	g := r.rogue()
	g.claims.Exp = g.claims.Iat + 86400
	r.delivered("/postern", g.message(), http.StatusForbidden, r.says("receipt.lifetime"))
}

func lateDelivery(r *row) {
	g := r.rogue()
	r.site.now = func() time.Time { return time.Unix(g.claims.Iat+121, 0) }
	r.delivered("/postern", g.message(), http.StatusForbidden, r.says("receipt.expired"))
	r.site.now = func() time.Time { return time.Unix(g.claims.Exp, 0) }
	r.delivered("/postern", g.message(), http.StatusForbidden, "receipt.expired")
	r.site.now = r.clock.now
}

func otherAccount(r *row) {
	g := r.rogue()
	g.login("u-mal") // and the receipt claims u-vic
	r.delivered("/postern", g.message(), http.StatusForbidden, r.says("evidence.witness"))
	r.delivered("/witness", g.message(), http.StatusForbidden, "evidence.witness")
	g.claims.Sub = "u-mal"
	m := g.message()
	m["sub"] = "u-vic" // and the delivery names vic's account
	r.delivered("/postern", m, http.StatusForbidden, r.says("evidence.subject_mismatch"))
	r.delivered("/witness", m, http.StatusForbidden, "evidence.witness")
}

func bentReceipts(r *row) {
	g := r.rogue()
	b, err := json.Marshal(g.claims)
	if err != nil {
		r.Fatal(err)
	}
	body := string(b)
	head := fmt.Sprintf(`"alg":"ES256","typ":"postern-receipt+jwt","kid":"%s"`, g.signer.Key().ID)
	for name, p := range map[string][2]string{
		"crit":                  {`{` + head + `,"crit":["x"],"x":1}`, body},
		"jwk":                   {`{` + head + `,"jwk":{}}`, body},
		"a duplicate claim":     {`{` + head + `}`, strings.Replace(body, `"sub":`, `"sub":"u-mal","sub":`, 1)},
		"CHG beside chg":        {`{` + head + `}`, strings.Replace(body, `"chg":`, `"CHG":"x","chg":`, 1)},
		"alg none":              {strings.Replace(`{`+head+`}`, "ES256", "none", 1), body},
		"another key's kid":     {strings.Replace(`{`+head+`}`, `"kid":"`, `"kid":"x`, 1), body},
		"a duplicate algorithm": {`{"alg":"none",` + head + `}`, body},
	} {
		enc := base64.RawURLEncoding.EncodeToString
		text := enc([]byte(p[0])) + "." + enc([]byte(p[1]))
		m := g.message()
		m["receipt"] = text + "." + es256(r, g.key, []byte(text))
		r.delivered("/postern", m, http.StatusForbidden, r.says("receipt.sig"))
		if r.Failed() {
			r.Fatal(name)
		}
	}
}

func lowLevel(r *row) {
	g := r.rogue()
	for _, level := range []verify.Level{verify.A1, verify.A3} {
		g.claims.Ev, g.claims.Level = &verify.Evidence{Kind: "event", AuthTime: g.claims.T0 + 40}, level
		r.delivered("/postern", g.message(), http.StatusForbidden, r.says("receipt.level"))
	}
}

// undelivered goes the honest way up to the delivery, which cannot come about.
func (r *row) undelivered(reason string) (change string) {
	r.Helper()
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	args := k.finish(r.T, k.b, change, r.confirm(address))
	k.vic.ok("change.finish", args)
	r.reaches(change, verify.Failed)
	r.logged(change, reason, 1)
	k.vic.event("change.failed", k.cv)
	k.mia.event("change.failed", k.cv)
	r.refused(k.vic, "finish.used", "change.finish", args)
	minted := 0
	for _, l := range r.leaves() {
		if l.Change == change && l.To == verify.Released {
			minted++
		}
	}
	if minted != 1 {
		r.Errorf("%d receipts, want 1 and never another from this proof", minted)
	}
	return change
}

func backendDown(r *row) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	_ = l.Close() // nobody listens there
	r.alone(options{clock: true, skip: true, config: func(c *Config) {
		c.Hosts[0].DeliveryURL = "http://" + l.Addr().String() + "/postern"
	}})
	change := r.undelivered(r.says("backend.unavailable"))
	if spent := time.Until(r.clock.now()).Round(time.Second); spent > 120*time.Second || spent < 60*time.Second {
		r.Errorf("it tried for %s, want at most 120 s", spent)
	}
	r.clock.set(r.T, 4*time.Minute)
	r.stays(change, verify.Failed)
}

func redirected(r *row) {
	came := make(chan string, 10)
	where := r.listener(came) // a place that the host entry allows: it is not the address that stops it
	for _, to := range []string{"http://169.254.169.254/latest/meta-data/", "http://" + where + "/postern"} {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
			asked := 0
			r.site.meet(func(w http.ResponseWriter, m receipt.Message) bool {
				if m.Type == "change.apply" {
					asked++
					w.Header().Set("Location", to)
					w.WriteHeader(status)
				}
				return m.Type == "change.apply"
			})
			r.undelivered("backend.redirect")
			r.site.meet(nil)
			if asked != 1 || len(came) != 0 {
				r.Errorf("%d to %s: %d requests to the host, want one, and %d to where it points, want none", status, to, asked, len(came))
			}
		}
	}
}

// listener says who connects to it, and nothing else. It gives its address.
func (r *row) listener(came chan<- string) string {
	r.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	r.T.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came <- c.RemoteAddr().String()
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func rebound(r *row) {
	came := make(chan string, 10)
	_, port, _ := net.SplitHostPort(r.listener(came))
	r.alone(options{clock: true, skip: true, config: func(c *Config) {
		c.Hosts[0].DeliveryURL, c.Hosts[0].Allow = "https://localhost:"+port+"/postern", []string{"10.0.0.0/8"}
	}})
	r.undelivered(r.says("backend.unavailable"))
	if len(came) != 0 {
		r.Errorf("it dialled a private address: from %s", <-came)
	}
}
