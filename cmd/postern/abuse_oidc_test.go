package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// abuseOIDC: a login at an OpenID provider, from the start token to the press on our confirm page.
func abuseOIDC() map[string]func(r *row) {
	return map[string]func(r *row){
		"C01": noAuthTime, "C02": staleAuthTime, "C03": authTimeBounds, "C04": noFreshLogin, "C07": lateStart, "C10": providerClock,
		"C11": idleConfirm, "D03": startOnce, "D10": wrongState, "D11": loginCSRF, "D12": foreignCode, "D13": mixUp, "D17": framed,
		"E10": twoPresses, "L04": providerDown, "L05": illKeySet,
	}
}

// copyTo reads an answer of at most 1 MiB.
func copyTo(w io.Writer, res *http.Response) (int64, error) {
	return io.Copy(w, io.LimitReader(res.Body, 1<<20))
}

func claim(key string, value any) verifytest.Bend {
	return verifytest.Bend{Claims: func(c map[string]any) {
		if c[key] = value; value == nil {
			delete(c, key)
		}
	}}
}

func noAuthTime(r *row) {
	r.bend(claim("auth_time", nil))
	defer r.bend(verifytest.Bend{})
	s := r.begin(r.talk("ag1"))
	s.back()
	r.failed(s.change, "proof.no_auth_time")
	r.clubRefuses(r.clubRogue("address.change", func(c jwt.MapClaims) { delete(c, "auth_time") }), r.says("evidence.no_auth_time"))
}

func staleAuthTime(r *row) {
	s := r.begin(r.talk("ag1"))
	r.bend(claim("auth_time", r.change(s.change).Challenge.T0-3))
	defer r.bend(verifytest.Bend{})
	s.back()
	r.failed(s.change, "proof.stale")
	r.clubRefuses(r.clubRogue("address.change", func(c jwt.MapClaims) { c["auth_time"] = c["auth_time"].(int64) - 43 }), r.says("evidence.stale"))
}

func authTimeBounds(r *row) {
	r.alone(options{})
	k := r.talk("ag1")
	s := r.begin(k)
	r.bend(claim("auth_time", r.change(s.change).Challenge.T0-2))
	s.back()
	s.applied(k)

	k = r.talkIn(newBrowser(r.T), "ag2", "Please pause it")
	s = r.begin(k)
	r.bend(verifytest.Bend{Claims: func(c map[string]any) { c["auth_time"] = r.clock.now().Unix() + 5 }})
	s.back()
	s.applied(k)
	r.given() // from here on nothing may change

	for tries := 0; ; tries++ { // a machine that needs a second between token and judgement has shown nothing
		s = r.begin(r.talkIn(newBrowser(r.T), "sn1", "Please pause it"))
		var at atomic.Int64
		r.bend(verifytest.Bend{Claims: func(c map[string]any) { at.Store(r.clock.now().Unix()); c["auth_time"] = at.Load() + 6 }})
		s.back()
		if r.clock.now().Unix() == at.Load() {
			break
		}
		if tries == 100 {
			r.Fatal("the machine is too slow to try this")
		}
	}
	s.refused(verify.Failed, "clock.skew")
	s = r.begin(r.talkIn(newBrowser(r.T), "su1", "Please pause it"))
	r.bend(claim("auth_time", float64(r.clock.now().Unix())+0.5))
	if status, code := s.callback(s.provider()); status != http.StatusForbidden || code != "proof_refused" {
		r.Errorf("a fraction: %d %s", status, code)
	}
	s.refused(verify.Challenged, "oidc.exchange")
	if n := r.club.changes(r); n < 2 {
		r.Errorf("%d changes applied, want both honest ones", n)
	}
}

// hint is what the admin page shows of the provider.
func (r *row) hint() string {
	r.Helper()
	_, _, b := r.call("ad1", "GET", "/v1/verification", "")
	var v struct {
		Sources []struct {
			Name string
			Last struct{ Reason string }
		}
	}
	if err := json.Unmarshal(b, &v); err != nil {
		r.Fatal(err)
	}
	for _, s := range v.Sources {
		if s.Name == "idp" {
			return s.Last.Reason
		}
	}
	return ""
}

func noFreshLogin(r *row) {
	r.alone(options{})
	s := r.begin(r.talk("ag1"))
	r.bend(verifytest.Bend{Session: r.clock.now().Add(-time.Hour)})
	s.back()
	r.failed(s.change, "proof.stale")
	if got := r.hint(); got != "proof.stale" { // which the page words as "does not log people in again"
		r.Errorf("the admin reads %q", got)
	}
}

func lateStart(r *row) {
	r.alone(options{clock: true})
	change, token := r.pause(r.talk("ag1"))
	r.clock.set(r.T, 121*time.Second)
	_, status, out := r.redeem(change, token)
	r.answered(status, out, http.StatusGone, r.says("start.expired"))
	r.stays(change, verify.Challenged)
	if n := r.idp.Calls("/par"); n != 0 {
		r.Errorf("%d logins were begun", n)
	}
}

func providerClock(r *row) {
	r.alone(options{clock: true})
	s := r.begin(r.talk("ag1"))
	r.clock.set(r.T, 5*time.Second)
	r.bend(verifytest.Bend{Now: func() time.Time { return r.clock.now().Add(-40 * time.Second) }})
	s.back()
	r.failed(s.change, "clock.skew")
	if got := r.hint(); got != "clock.skew" {
		r.Errorf("the admin reads %q", got)
	}
}

func idleConfirm(r *row) {
	r.alone(options{clock: true})
	s := r.begin(r.talk("ag1"))
	s.back()
	r.stays(s.change, verify.Matched)
	r.clock.set(r.T, 5*time.Minute+time.Second)
	status, out := s.press(verify.PressApprove)
	r.answered(status, out, http.StatusGone, r.says("challenge.expired"))
	r.stays(s.change, verify.Expired)
}

func startOnce(r *row) {
	k := r.talk("ag1")
	s := r.begin(k)
	_, status, out := r.redeem(s.change, s.token) // another browser: it has no cookie
	r.answered(status, out, http.StatusConflict, r.says("start.used"))

	token := r.open(k, s.change) // a second tab: the same challenge, a fresh token
	var proceeds, used atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		racer := r.racer()
		all.Go(func() {
			s, status, out := racer.redeem("", token)
			switch {
			case status == http.StatusOK && s.cookie != "" && s.next != "":
				proceeds.Add(1)
			case status == http.StatusConflict && out["reason"] == "start.used":
				used.Add(1)
			default:
				r.Errorf("a racer: %d %v", status, out)
			}
		})
	}
	all.Wait()
	if proceeds.Load() != 1 || used.Load() != 49 {
		r.Errorf("%d proceed, %d are told start.used", proceeds.Load(), used.Load())
	}
	r.stays(s.change, verify.Challenged)
}

// noExchange asserts that a callback is refused as foreign and that no code was given to the provider.
func (s step) noExchange(what string, q url.Values) {
	s.r.Helper()
	before := s.r.idp.Calls("/token")
	if status, code := s.callback(q); status != http.StatusBadRequest || code != s.r.says("state") {
		s.r.Errorf("%s: %d %s", what, status, code)
	}
	if n := s.r.idp.Calls("/token") - before; n != 0 {
		s.r.Errorf("%s: %d exchanges", what, n)
	}
	s.r.stays(s.change, verify.Challenged)
}

func wrongState(r *row) {
	mine, other := r.begin(r.talk("ag1")), r.begin(r.talkIn(newBrowser(r.T), "ag2", "Please pause it"))
	good, foreign := mine.provider(), other.provider()
	for what, state := range map[string]string{"missing": "", "wrong": verify.TokenHash("x"), "another browser's": foreign.Get("state")} {
		q := url.Values{"code": good["code"], "iss": good["iss"], "state": {state}}
		if state == "" {
			q.Del("state")
		}
		mine.noExchange(what, q)
	}
	naked := mine
	naked.cookie = ""
	naked.noExchange("no cookie", good)
	mine.callback(good) // the challenge lives on
	r.stays(mine.change, verify.Matched)
}

func loginCSRF(r *row) {
	vics := r.begin(r.talk("ag1"))
	r.bend(verifytest.Bend{Subject: "u-mal"})
	defer r.bend(verifytest.Bend{})
	mals := r.begin(r.talkIn(newBrowser(r.T), "ag2", "Please pause it"))
	vics.noExchange("X's own code in vic's browser", mals.provider())
}

func foreignCode(r *row) {
	mine, other := r.begin(r.talk("ag1")), r.begin(r.talkIn(newBrowser(r.T), "ag2", "Please pause it"))
	q := mine.provider()
	q.Set("code", other.provider().Get("code"))
	if status, code := mine.callback(q); status != http.StatusForbidden || code != "proof_refused" {
		r.Errorf("an injected code: %d %s", status, code)
	}
	mine.refused(verify.Challenged, r.says("oidc.exchange"))
}

func mixUp(r *row) {
	second := verifytest.NewHostile(r.T)
	r.alone(options{config: func(c *Config) {
		host, source := c.Hosts[len(c.Hosts)-1], c.Sources[len(c.Sources)-1]
		host.Name, host.Audience = "third", "https://acct.third.test"
		source.Name, source.Host, source.Issuer = "idp2", "third", second.URL
		c.Hosts, c.Sources = append(c.Hosts, host), append(c.Sources, source)
	}})
	s := r.begin(r.talk("ag1"))
	q := s.provider()
	q.Set("iss", second.URL)
	before := r.idp.Calls("/token")
	if status, code := s.callback(q); status != http.StatusForbidden || code != "proof_refused" {
		r.Errorf("mix-up: %d %s", status, code)
	}
	s.refused(verify.Challenged, r.says("oidc.iss"))
	if r.idp.Calls("/token") != before || second.Calls("/token") != 0 {
		r.Error("a code was given to a provider")
	}
}

func framed(r *row) {
	s := r.begin(r.talk("ag1"))
	for _, path := range []string{"/verify/start", "/verify/confirm", "/verify/callback", "/verify/login", "/verify/callback?" + s.provider().Encode()} {
		res, _, _ := r.web("GET", path, s.cookie, "")
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") {
			r.Errorf("%s may be framed: %q", path, csp)
		}
	}
}

func twoPresses(r *row) {
	k := r.talk("ag1")
	s := r.begin(k)
	s.back()
	type answer struct {
		choice string
		status int
		out    map[string]any
	}
	got := make(chan answer, 2)
	for _, choice := range []string{verify.PressApprove, verify.PressDeny} {
		go func() {
			status, out := s.press(choice)
			got <- answer{choice, status, out}
		}()
	}
	won, lost := <-got, <-got
	if won.status != http.StatusOK {
		won, lost = lost, won
	}
	if won.status != http.StatusOK {
		r.Fatalf("nobody won: %v, %v", won, lost)
	}
	r.answered(lost.status, lost.out, http.StatusConflict, r.says("change.state"))
	r.logged(s.change, "change.state", 1)
	if won.choice == verify.PressDeny {
		r.stays(s.change, verify.Denied)
		return
	}
	k.vic.ok("change.finish", k.finish(r.T, k.b, s.change, won.out["next"].(string)))
	r.reaches(s.change, verify.Applied)
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func providerDown(r *row) {
	r.alone(options{})
	k := r.talk("ag1")
	r.bend(verifytest.Bend{Serve: map[string]http.HandlerFunc{"/.well-known/openid-configuration": status(500)}})
	change, token := r.pause(k)
	_, code, out := r.redeem(change, token)
	r.answered(code, out, http.StatusServiceUnavailable, r.says("idp.unavailable"))
	r.stays(change, verify.Challenged)

	for what, ill := range map[string]http.HandlerFunc{"500": status(500), "cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }} {
		one := newRow(r.T, r.fixture)
		one.abuseRow = r.abuseRow
		one.alone(options{})
		s := one.begin(one.talk("ag1"))
		one.bend(verifytest.Bend{Serve: map[string]http.HandlerFunc{"/jwks": ill}})
		if got, code := s.callback(s.provider()); got != http.StatusServiceUnavailable || code != "unavailable" {
			r.Errorf("key set %s: %d %s", what, got, code)
		}
		s.refused(verify.Challenged, "idp.unavailable")
	}
}

func illKeySet(r *row) {
	r.alone(options{})
	s := r.begin(r.talk("ag1"))
	s.back() // now a key set is cached
	for what, ill := range map[string]http.HandlerFunc{
		"5 MB": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) },
		"10,000 keys": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprintf(w, `{"keys":[{}%s]}`, strings.Repeat(`,{}`, 9_999))
		},
		"a redirect": http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP,
	} {
		r.bend(verifytest.Bend{Serve: map[string]http.HandlerFunc{"/jwks": ill}})
		s := r.begin(r.talkIn(newBrowser(r.T), "ag2", "Please pause it"))
		s.back()
		r.stays(s.change, verify.Matched)
		one := newRow(r.T, r.fixture)
		one.abuseRow = r.abuseRow
		one.alone(options{})
		fresh := one.begin(one.talk("ag1")) // nothing is cached here
		one.bend(verifytest.Bend{Serve: map[string]http.HandlerFunc{"/jwks": ill}})
		if got, code := fresh.callback(fresh.provider()); got != http.StatusServiceUnavailable || one.idp.Calls("/elsewhere") > 0 {
			r.Errorf("%s: %d %s", what, got, code)
		}
		fresh.refused(verify.Challenged, "idp.unavailable")
	}
}
