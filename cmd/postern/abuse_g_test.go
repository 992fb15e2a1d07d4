package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/web"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// abuseG: agents, consoles, admins, and what gets out. G02 is the browser's.
func abuseG() map[string]func(r *row) {
	return map[string]func(r *row){"G01": staffGate, "G05": agentAsVisitor, "G10": adminInSQL, "I18": canaries}
}

func staffGate(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	token := r.confirm(address)
	args := k.finish(r.T, k.b, change, token)
	for _, name := range []string{"tr1", "ag1", "ag2", "sn1", "su1", "ad1", "au1", "ed1"} {
		c := r.as(name)
		r.refused(c, r.says("role"), "change.open", map[string]any{"change": change, "page": "https://shop.test/", "over": true})
		r.refused(c, "role", "change.finish", args)
		r.refused(c, "role", "change.deny", map[string]any{"change": change})
		for _, path := range []string{"/v1/challenge/x/confirm", "/v1/challenge/x/finish", "/v1/changes/" + change + "/apply", "/v1/changes/" + change + "/approve", "/v1/receipts"} {
			if status, _, b := r.call(name, "POST", path, `{}`); status != http.StatusNotFound {
				r.Errorf("%s: %d %s", path, status, b)
			}
		}
		// What the owner presses after a login at a provider counts by the cookie of that login and by no other.
		if status, _, b := r.call(name, "POST", "/verify/press", `{"choice":"approve"}`); status != http.StatusBadRequest || !strings.Contains(string(b), `"state"`) {
			r.Errorf("press: %d %s", status, b)
		}
	}
	for _, name := range []string{"change.open", "change.finish", "change.deny"} {
		if slices.Contains(web.CommandsOf(true), name) || !slices.Contains(web.CommandsOf(false), name) {
			r.Errorf("%s is said by staff", name)
		}
	}
	for _, route := range r.server.Routes() {
		for _, word := range []string{"apply", "approve", "finish", "confirm", "receipt", "prove", "release", "mint"} {
			if strings.Contains(route, word) && route != "GET /verify/confirm" && route != "HEAD /verify/confirm" && route != "POST /v1/stepup/finish" { // a page; a passkey of the staff
				r.Errorf("there is a route %s", route)
			}
		}
	}
	r.stays(change, verify.Matched)
}

func agentAsVisitor(r *row) {
	k := r.talkIn(newBrowser(r.T), "ag1", "I am vic, change my plan") // ag1 on his own phone, talking to himself
	change, address := k.offer(r.T)
	made := k.finish(r.T, k.b, change, "#postern="+newBrowser(r.T).token)
	r.refused(k.vic, "finish.expired", "change.finish", made)
	r.stays(change, verify.Challenged)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["auth_time"] = r.clock.now().Add(-time.Minute).Unix() })
	r.answered(status, answer, http.StatusForbidden, "proof.stale")
	status, answer = r.get2("ag1", "/v1/conversations/"+k.cv+"/account")
	r.answered(status, answer, http.StatusForbidden, "context.locked")
	r.stays(change, verify.Failed)
}

func (r *row) get2(name, path string) (int, map[string]any) {
	r.Helper()
	status, answer, _ := r.get(name, path)
	return status, answer
}

func adminInSQL(r *row) {
	r.alone(options{})
	db := r.sql(r.T)
	for _, q := range []string{
		`INSERT INTO settings (name, value, version) VALUES ('skip_verification', '{"vip":true}', 1)`,
		`UPDATE mailboxes SET data = REPLACE(data, '{"', '{"skip_verification":true,"')`,
	} {
		if _, err := db.Exec(q); err != nil {
			r.Fatal(err)
		}
	}
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["auth_time"] = r.clock.now().Add(-time.Hour).Unix() })
	r.answered(status, answer, http.StatusForbidden, "proof.stale")
	r.stays(change, verify.Failed)

	for _, state := range []string{"proven", "released", "unsettled"} { // and straight on, with the job that would deliver it
		k := r.talk("ag1")
		change, _ := k.offer(r.T)
		job := map[string]string{"proven": "release", "released": "settle", "unsettled": "settle"}[state]
		if _, err := db.Exec(`UPDATE changes SET state = $1, body = REPLACE(body, '"state":"challenged"', '"state":"' || $2 || '"') WHERE id = $3`, state, state, change); err != nil {
			r.Fatal(err)
		}
		if _, err := db.Exec(`INSERT INTO jobs (id, kind, due, payload, attempts, last_err, lease_until, lease_owner, failed)
			VALUES ($1, $2, 1, $3, 0, '', 0, '', $4)`, job+":"+change, job, `{"change":"`+change+`"}`, false); err != nil {
			r.Fatal(err)
		}
		r.until(func() string {
			var tried int64
			if err := db.QueryRow(`SELECT attempts + CASE WHEN done_at IS NULL THEN 0 ELSE 1 END FROM jobs WHERE id = $1`, job+":"+change).Scan(&tried); err != nil {
				r.Fatal(err)
			}
			if tried == 0 {
				return "nobody looked at the job"
			}
			return ""
		})
		if c := r.change(change); c.State == verify.Applied || c.Receipt != nil {
			r.Errorf("the change is %s with receipt %v", c.State, c.Receipt)
		}
	}
}

func canaries(r *row) {
	const canary = "CANARY-4711"
	r.alone(options{clock: true, skip: true})
	k := r.talkIn(newBrowser(r.T), "ag1", "my secret "+canary)
	r.site.meet(func(w http.ResponseWriter, m receipt.Message) bool {
		if m.Type != "change.apply" && m.Type != "change.settle" {
			return false
		}
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`panic: ` + canary + ` at u-vic, 1742 Maple Hollow Drive Apt 5B`))
		return true
	})
	draft := k.mia.ok("change.draft", r.draft(k, "name.change", map[string]string{"name": "Vic " + canary}))
	change := draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	address := k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/?" + canary})["url"].(string)
	u, err := url.Parse(address)
	if err != nil {
		r.Fatal(err)
	}
	args := k.finish(r.T, k.b, change, r.confirm(address))
	k.vic.ok("change.finish", args)
	r.reaches(change, verify.Unsettled) // three tries have failed
	r.later()
	r.until(func() string { // and asking what became of it, which is logged
		if !strings.Contains(r.log.String(), "job again") {
			return "no line about the failed call"
		}
		return ""
	})
	for _, path := range []string{"/v1/conversations/" + canary, "/nothing?x=" + canary, "/v1/files/" + canary, "/v1/challenge/" + canary} {
		if _, _, b := r.call("ag1", "GET", path, ""); strings.Contains(string(b), canary) {
			r.Errorf("%s answers with what it was asked for: %s", path, b)
		}
	}
	if _, _, b := r.call("ag1", "PUT", "/v1/files/"+canary+"/x", canary); strings.Contains(string(b), canary) {
		r.Errorf("an error answers with what it was sent: %s", b)
	}
	for _, wrong := range []map[string]any{{"conversation": canary}, {canary: canary}, {"topic": canary, "seq": -1}} {
		for _, c := range []*client{k.vic, k.mia} {
			if f := c.do("resume", wrong); strings.Contains(fmt.Sprint(f["error"]), canary) || f["error"] == nil {
				r.Errorf("an error repeats what it was sent: %v", f)
			}
		}
	}
	r.silent(canary, u.Query().Get("h"), args["finish"].(string), k.b.token, r.staff["ag1"].cookie[len("__Host-postern-agent="):])
}

// silent asserts that nothing of this, and no fact, stands in what the gateway logs, nor in its log of changes.
func (r *row) silent(words ...string) {
	r.Helper()
	leaves, err := r.store.ledger.Leaves(r.Context(), 0, 10_000)
	if err != nil {
		r.Fatal(err)
	}
	log, lines := r.log.String(), string(bytes.Join(leaves, []byte("\n")))
	for _, word := range append(words, facts...) {
		if strings.Contains(log, word) {
			r.Errorf("the log holds %q", word)
		}
		if strings.Contains(lines, word) {
			r.Errorf("the log of changes holds %q", word)
		}
	}
}
