package main

import (
	"encoding/json"
	"net/http"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// abuseResult: what a backend says later.
func abuseResult() map[string]func(r *row) { return map[string]func(r *row){"R22": lateResult} }

// result posts a change.result as the host would, with one secret; it gives status and reason.
func (r *row) result(secret verify.Secret, id string, bend claims, of *verify.Challenge) (int, string) {
	r.Helper()
	e := claims{"type": "change.result", "challenge": of.ID, "commit": of.Commit, "result": "applied", "version": "2"}
	for k, v := range bend {
		if e[k] = v; v == nil {
			delete(e, k)
		}
	}
	body, err := json.Marshal(e)
	if err != nil {
		r.Fatal(err)
	}
	status, raw := r.signed("shop", secret, id, r.clock.now(), body, body)
	var answer struct{ Reason string }
	if err := json.Unmarshal(raw, &answer); err != nil {
		r.Errorf("answered %d %s", status, raw)
	}
	return status, answer.Reason
}

func lateResult(r *row) {
	r.site.meet(func(w http.ResponseWriter, m receipt.Message) bool {
		w.WriteHeader(http.StatusAccepted)
		return true
	})
	defer r.site.meet(nil)
	matched := r.change(r.proof())
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, r.confirm(address)))
	r.reaches(change, verify.Unsettled)
	of := r.change(change).Challenge
	r.says("401 or 409")
	for _, c := range []struct {
		name   string
		secret verify.Secret
		bend   claims
		of     *verify.Challenge
		status int
		reason string
	}{
		{"the secret of another source", r.site.other, nil, of, http.StatusUnauthorized, "event.signature"},
		{"a guessed secret", make(verify.Secret, 32), nil, of, http.StatusUnauthorized, "event.signature"},
		{"an unknown challenge", r.site.secret, claims{"challenge": "cl_00000000000000000000000000"}, of, http.StatusConflict, "change.state"},
		{"an unknown commitment", r.site.secret, claims{"commit": verify.TokenHash("x")}, of, http.StatusConflict, "change.state"},
		{"the challenge of a matched change", r.site.secret, nil, matched.Challenge, http.StatusConflict, "change.state"},
		{"this challenge with that commitment", r.site.secret, claims{"commit": matched.Challenge.Commit}, of, http.StatusConflict, "change.state"},
	} {
		if status, reason := r.result(c.secret, hookID(), c.bend, c.of); status != c.status || reason != c.reason {
			r.Errorf("%s: %d %q, want %d %s", c.name, status, reason, c.status, c.reason)
		}
	}
	r.stays(change, verify.Unsettled)
	r.stays(matched.ID, verify.Matched)
	id := hookID()
	for range 2 { // the second is a repetition
		if status, reason := r.result(r.site.secret, id, nil, of); status != http.StatusOK || reason != "" {
			r.Errorf("the host's own: %d %q", status, reason)
		}
	}
	r.stays(change, verify.Applied)
	if status, reason := r.result(r.site.secret, hookID(), claims{"result": "refused", "version": nil}, of); status != http.StatusConflict || reason != "change.state" {
		r.Errorf("after the end: %d %q, want 409 change.state", status, reason)
	}
	n := 0
	for _, l := range r.leaves() {
		if l.Change == change && l.To == verify.Applied {
			n++
		}
	}
	if n != 1 {
		r.Errorf("%d leaves say applied, want one", n)
	}
	k.vic.event("change.applied", k.cv)
}
