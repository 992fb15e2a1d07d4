package main

import (
	"net/http"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/server"
	"github.com/postern-chat/postern/verify"
)

// abuseC: freshness and clocks. The clock that counts is the database's.
func abuseC() map[string]func(r *row) {
	return map[string]func(r *row){"C05": oldChallenge, "C06": oldOffer, "C08": hostClock, "C09": clockJumps}
}

func oldChallenge(r *row) {
	r.alone(options{clock: true})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	const age = 10*time.Minute + time.Second
	body := r.site.event(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["auth_time"] = r.clock.now().Add(age).Unix() })
	r.clock.set(r.T, age)
	status, answer := r.site.post(r.T, r.site.secret, body)
	r.answered(status, answer, http.StatusGone, r.says("challenge.expired"))
	r.tokenless(answer)
	r.stays(change, verify.Expired)
	r.logged(change, "challenge.expired", 1)
}

func oldOffer(r *row) {
	r.alone(options{clock: true})
	k := r.talk("ag1")
	draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
	change := draft["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	r.clock.set(r.T, 15*time.Minute+time.Second)
	r.refused(k.vic, r.says("offer.expired"), "change.open", map[string]any{"change": change, "page": "https://shop.test/plan"})
	r.stays(change, verify.Expired)
	r.logged(change, "offer.expired", 1)
	k.mia.event("change.expired", k.cv)
}

func hostClock(r *row) {
	for _, beside := range []time.Duration{-time.Minute, time.Minute} {
		// A Redis of its own: presence in it goes by the nodes' clocks.
		r.alone(options{clock: true, beside: beside, config: func(c *Config) {
			if c.RedisURL != "" {
				c.RedisURL = server.NewLoneRedis(r.T).URL
			}
		}})
		r.talks = nil // of the gateway before
		r.honest(r.talk("ag1"))
		if n := r.site.changes(r.T); n != 1 {
			r.Errorf("%v beside: applied %d times, want once", beside, n)
		}
	}
}

func clockJumps(r *row) {
	r.alone(options{clock: true})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	body := r.site.event(r.T, address, verify.LoginConfirmed, nil)
	r.clock.set(r.T, -time.Hour)
	r.site.now = r.clock.process // the host's own clock stays right
	for range 3 {
		status, answer := r.site.post(r.T, r.site.secret, body)
		r.answered(status, answer, http.StatusForbidden, r.says("clock.jump"))
	}
	r.stays(change, verify.Challenged)
	r.logged(change, "clock.jump", 1)
	r.refused(k.vic, "clock.jump", "change.open", map[string]any{"change": change, "page": "", "over": true})

	r.clock.set(r.T, 0)
	status, answer := r.site.post(r.T, r.site.secret, body)
	if status != http.StatusOK {
		r.Errorf("once the clock has caught up: %d %v", status, answer)
	}
	r.stays(change, verify.Matched)
}
