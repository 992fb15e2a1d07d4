package main

import (
	"net/http"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// abuseD: binding, relay, hand-over. D09 is the browser's.
func abuseD() map[string]func(r *row) {
	return map[string]func(r *row){
		"D01": relayed, "D02": notMe, "D04": otherConversation, "D05": otherKey, "D06": copiedToken, "D14": laterFriend,
		"D15": secondTab, "D16": crossed, "D18": evilReturn,
	}
}

// visible asserts that vic's page names change and conversation.
func (r *row) visible(k talk, change, address string) {
	r.Helper()
	_, view, status := r.site.view(r.T, address)
	if status != http.StatusOK || view.Change.Kind != "renewal.cancel" || view.Change.Fields["plan"] != "plus" ||
		view.Conversation.Mailbox != "Support" || view.Conversation.Started == 0 {
		r.Errorf("the page of %s gets %d %+v", change, status, view)
	}
}

func relayed(r *row) {
	x := r.talk("ag1")
	change, address := x.offer(r.T)
	r.visible(x, change, address)
	vic := r.talk("ag1") // another browser, on the same site
	token := r.confirm(address)
	args := x.finish(r.T, vic.b, change, token)
	args["conversation"] = vic.cv
	r.refused(vic.vic, r.says("finish.key"), "change.finish", args)
	r.failed(change, "finish.key")
	x.vic.event("change.failed", x.cv)
	r.refused(x.vic, "finish.expired", "change.finish", x.finish(r.T, x.b, change, token))
}

func notMe(r *row) {
	x := r.talk("ag1")
	boss := r.as("su1")
	change, address := x.offer(r.T)
	second := x.mia.ok("change.draft", map[string]any{"conversation": x.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "basic"}})
	status, answer := r.site.press(r.T, address, verify.LoginDisowned, nil)
	if status != http.StatusOK {
		r.Errorf("not me: %d %v", status, answer)
	}
	r.tokenless(answer)
	r.stays(change, verify.Disowned)
	r.stays(second["change"].(map[string]any)["id"].(string), verify.Revoked)
	r.logged(change, "", 4)
	x.vic.event("conversation.frozen", x.cv)
	x.mia.event("change.disowned", x.cv)
	boss.event("conversation.frozen", "")
	r.refused(x.mia, "change.state", "change.draft", map[string]any{"conversation": x.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
	x.vic.ok("message.send", map[string]any{"conversation": x.cv, "client_id": "after", "text": "I can still write"})
	r.until(func() string {
		if r.site.told(r.T, "u-vic", "not yours") {
			return ""
		}
		return "the backend was not asked to tell the owner"
	})
}

func otherConversation(r *row) {
	one := r.talk("ag1")
	two := r.talkIn(one.b, "ag1", "And another thing")
	if one.cv == two.cv {
		r.Fatal("one conversation")
	}
	change, address := one.offer(r.T)
	args := one.finish(r.T, one.b, change, r.confirm(address))
	args["conversation"] = two.cv
	r.refused(two.vic, r.says("finish.conversation"), "change.finish", args)
	r.failed(change, "finish.conversation")
}

func otherKey(r *row) {
	for name, bend := range map[string]func(k talk, args map[string]any) *client{
		"by another browser, with its own signature": func(k talk, args map[string]any) *client {
			thief := r.talk("ag1")
			args["conversation"], args["sig"] = thief.cv, k.finish(r.T, thief.b, args["change"].(string), "#postern="+args["finish"].(string))["sig"]
			return thief.vic
		},
		"by another browser, with the right signature": func(_ talk, args map[string]any) *client {
			thief := r.talk("ag1")
			args["conversation"] = thief.cv
			return thief.vic
		},
		"by the right browser, with a signature of another key": func(k talk, args map[string]any) *client {
			args["sig"] = k.finish(r.T, newBrowser(r.T), args["change"].(string), "#postern="+args["finish"].(string))["sig"]
			return k.vic
		},
		"without a signature": func(k talk, args map[string]any) *client { args["sig"] = ""; return k.vic },
		"with none at all":    func(k talk, args map[string]any) *client { delete(args, "sig"); return k.vic },
		"with half of one":    func(k talk, args map[string]any) *client { args["sig"] = args["sig"].(string)[:43]; return k.vic },
		"with zeros":          func(k talk, args map[string]any) *client { args["sig"] = strings.Repeat("A", 86); return k.vic },
	} {
		k := r.talk("ag1")
		change, address := k.offer(r.T)
		args := k.finish(r.T, k.b, change, r.confirm(address))
		by := bend(k, args)
		r.refused(by, r.says("finish.key"), "change.finish", args)
		r.failed(change, "finish.key")
		if r.Failed() {
			r.Fatal(name)
		}
	}
}

func copiedToken(r *row) {
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	for _, thief := range []func(c *client) map[string]any{
		func(c *client) map[string]any { b := newBrowser(r.T); b.token = k.b.token; return b.hello(r.T, c, nil) },
		func(c *client) map[string]any {
			return c.do("hello", map[string]any{"as": "visitor", "mailbox": "support", "token": k.b.token})
		},
	} {
		c := r.dial(nil)
		f := thief(c)
		if e, _ := f["error"].(map[string]any); e["code"] != "unauthenticated" || e["reason"] != r.says("key.required") {
			r.Errorf("hello: %v", f)
		}
		c.push("change.open", map[string]any{"change": change, "page": "https://shop.test/"})
		c.push("resume", map[string]any{"topic": k.cv, "seq": 0})
		for { // whatever it is told, it is no message, no history and no challenge
			_, raw, err := c.ws.Read(r.Context())
			if err != nil {
				break
			}
			if strings.Contains(string(raw), k.cv) || strings.Contains(string(raw), `"ok"`) {
				r.Errorf("the thief reads %s", raw)
			}
		}
	}
	if status, _, b := r.call("", "GET", "/v1/conversations/"+k.cv+"/events", ""); status != http.StatusUnauthorized {
		r.Errorf("history: %d %s", status, b)
	}
	r.stays(change, verify.Challenged)
}

func laterFriend(r *row) {
	k := r.talk("ag1")
	first, address := k.offer(r.T)
	old := k.finish(r.T, k.b, first, r.confirm(address))
	k.vic.ok("change.finish", old)
	r.reaches(first, verify.Applied)
	_ = k.vic.ws.CloseNow()
	r.given()

	friend := r.talkIn(k.b, "ag1", "One more change, please")
	change, fresh := friend.offer(r.T)
	if fresh == address {
		r.Error("the old login's address again")
	}
	r.refused(friend.vic, "finish.used", "change.finish", old)
	again := friend.finish(r.T, k.b, change, "#postern="+old["finish"].(string))
	r.refused(friend.vic, "finish.used", "change.finish", again)
	status, _ := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["chg"] = r.change(change).Chg })
	if status != http.StatusGone {
		r.Errorf("the old address: %d", status)
	}
	status, answer := r.site.press(r.T, fresh, verify.LoginConfirmed, func(e map[string]any) { e["auth_time"] = r.change(change).Challenge.T0 - 3 })
	r.answered(status, answer, http.StatusForbidden, "proof.stale")
	r.stays(change, verify.Failed)
}

func secondTab(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	tab := r.visit(k.b)
	open := map[string]any{"change": change, "page": "https://shop.test/plan?x=1"}
	if same := tab.ok("change.open", open)["url"]; same != address {
		r.Errorf("the second tab is sent to %v, want %v", same, address)
	}
	open["over"] = true
	next := tab.ok("change.open", open)["url"].(string)
	if next == address {
		r.Error("Start over: the same address")
	}
	if _, _, status := r.site.view(r.T, address); status != http.StatusGone {
		r.Errorf("the old challenge answers %d", status)
	}
	if _, _, status := r.site.view(r.T, next); status != http.StatusOK {
		r.Errorf("the new challenge answers %d", status)
	}
	rows, err := r.store.ledger.Live(r.Context(), k.cv)
	if err != nil || len(rows) != 1 || rows[0].State != verify.Challenged {
		r.Errorf("living: %v, %v", rows, err)
	}
}

func crossed(r *row) {
	one, two := r.talk("ag1"), r.talk("ag1") // one address and one browser string, as all of a row's clients have
	changeOne, addressOne := one.offer(r.T)
	changeTwo, addressTwo := two.offer(r.T)
	tokenOne, tokenTwo := r.confirm(addressOne), r.confirm(addressTwo)
	swap := func(k, other talk, change, token string) {
		args := other.finish(r.T, k.b, change, token)
		args["conversation"] = k.cv
		r.refused(k.vic, r.says("finish.key"), "change.finish", args)
		r.failed(change, "finish.key")
	}
	swap(one, two, changeTwo, tokenTwo)
	swap(two, one, changeOne, tokenOne)
	n := r.site.changes(r.T)
	r.honest(one)
	r.site.renew(r.T)
	r.honest(two)
	if got := r.site.changes(r.T) - n; got != 2 {
		r.Errorf("%d changes applied, want 2", got)
	}
}

func evilReturn(r *row) {
	for page, want := range map[string]string{
		"https://evil.test":                      "https://shop.test/",
		"https://shop.test.evil.test/":           "https://shop.test/",
		"https://shop.test@evil.test/":           "https://shop.test/",
		"javascript:alert(1)//https://shop.test": "https://shop.test/",
		"http://shop.test/":                      "https://shop.test/",
		"https://shop.test/plan?x=1#y":           "https://shop.test/plan?x=1",
	} {
		k := r.talk("ag1")
		draft := k.mia.ok("change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
		change := draft["change"].(map[string]any)["id"].(string)
		k.mia.ok("change.offer", map[string]any{"change": change})
		address := k.vic.ok("change.open", map[string]any{"change": change, "page": page})["url"].(string)
		_, answer := r.site.press(r.T, address, verify.LoginDenied, nil)
		if answer["return"] != want {
			r.Errorf("%s: sent back to %v, want %s", page, answer["return"], want)
		}
		r.stays(change, verify.Denied)
	}
}
