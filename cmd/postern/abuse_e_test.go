package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/verify"
)

// abuseE: the change stays what was approved.
func abuseE() map[string]func(r *row) {
	return map[string]func(r *row){
		"E01": editedChange, "E02": offeredAgain, "E03": whileAtIt, "E04": ownLabel, "E05": dirtyValues, "E07": numberValue,
		"E08": unknownField, "E09": caseVariant, "E11": otherFinish, "E12": manyFinishes,
	}
}

func (r *row) draft(k talk, kind string, fields any) map[string]any {
	return map[string]any{"conversation": k.cv, "kind": kind, "fields": fields}
}

func editedChange(r *row) {
	k := r.talk("ag1")
	change := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))["change"].(map[string]any)["id"].(string)
	k.mia.ok("change.offer", map[string]any{"change": change})
	r.refused(k.mia, r.says("change.frozen"), "change.offer", map[string]any{"change": change})
	k.mia.refused("invalid", "change.offer", map[string]any{"change": change, "fields": map[string]string{"plan": "basic"}})
	r.stays(change, verify.Offered)

	res, err := r.sql(r.T).Exec(`UPDATE changes SET body = REPLACE(body, '"plan":"plus"', '"plan":"basic"') WHERE id = $1`, change)
	if err != nil {
		r.Fatal(err)
	}
	if n, err := res.RowsAffected(); n != 1 || err != nil {
		r.Fatal(n, err)
	}
	r.refused(k.vic, "change.edited", "change.open", map[string]any{"change": change, "page": "https://shop.test/"})
	r.stays(change, verify.Revoked)
	r.logged(change, "change.edited", 1)
}

func offeredAgain(r *row) {
	k := r.talk("ag1")
	old, address := k.offer(r.T)
	k.mia.ok("change.withdraw", map[string]any{"change": old})
	change, next := k.offer(r.T)
	if change == old || next == address {
		r.Error("not a new change")
	}
	if _, _, status := r.site.view(r.T, address); status != http.StatusGone {
		r.Errorf("the old handle answers %d", status)
	}
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, func(e map[string]any) { e["chg"] = r.change(change).Chg })
	r.answered(status, answer, http.StatusGone, r.says("handle.expired"))
	r.stays(old, verify.Withdrawn)
	r.stays(change, verify.Challenged)
}

func whileAtIt(r *row) {
	k := r.talk("ag1")
	first, address := k.offer(r.T)
	token := r.confirm(address)
	r.stays(first, verify.Matched)
	second, _ := k.offer(r.T)
	r.stays(second, verify.Challenged)
	if one, two := r.change(first).Challenge, r.change(second).Challenge; one.ID == two.ID || one.Commit == two.Commit {
		r.Error("one challenge for two changes")
	}
	args := k.finish(r.T, k.b, second, token)
	r.refused(k.vic, "finish.conversation", "change.finish", args)
	r.stays(second, verify.Challenged)
	r.stays(first, verify.Failed)
}

func ownLabel(r *row) {
	k := r.talk("sn1")
	for name, reason := range map[string]string{"label": r.says("change.label"), "title": r.says("change.label"), "labels": "change.schema"} {
		args := r.draft(k, "email.change", map[string]string{"email": "x@evil.test"})
		args[name] = "confirm your newsletter"
		r.refused(k.mia, reason, "change.draft", args)
	}
	fields := map[string]string{"email": "x@evil.test", "label": "confirm your newsletter"}
	r.refused(k.mia, "change.label", "change.draft", r.draft(k, "email.change", fields))
	r.none(k)
}

// none asserts that the conversation has no change at all.
func (r *row) none(k talk) {
	r.Helper()
	if rows, err := r.store.ledger.Live(r.Context(), k.cv); err != nil || len(rows) != 0 {
		r.Errorf("changes: %v, %v", rows, err)
	}
}

func dirtyValues(r *row) {
	k := r.talk("ag1")
	for name, value := range map[string]string{
		"bidi override": "Vic\u202eelpmaxe", "zero-width": "V\u200bic", "newline": "Vic\nQuill", "NUL": "Vic\x00", "not NFC": "Vi\u0063\u0327",
		"5 KiB": strings.Repeat("x", 5<<10), "nothing": "",
	} {
		f := k.mia.do("change.draft", r.draft(k, "name.change", map[string]string{"name": value}))
		if e, _ := f["error"].(map[string]any); e["code"] != "invalid" || e["reason"] != r.says("change.value") {
			r.Errorf("%s: %v", name, f)
		}
	}
	r.none(k)
}

func numberValue(r *row) {
	k := r.talk("ag1")
	for _, value := range []any{json.Number("9007199254740993"), true, nil, []string{"plus"}, map[string]string{"a": "b"}} {
		r.refused(k.mia, r.says("change.value"), "change.draft", r.draft(k, "renewal.cancel", map[string]any{"plan": value}))
	}
	r.none(k)
}

func unknownField(r *row) {
	k := r.talk("ag1")
	r.refused(k.mia, r.says("change.schema"), "change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus", "role": "owner"}))
	r.none(k)
	g := r.rogue()
	g.change.Fields["role"] = "owner" // under the receipt of an honest change
	r.delivered("/postern", g.message(), http.StatusForbidden, "receipt.change_mismatch")
	r.delivered("/witness", g.message(), http.StatusForbidden, "evidence.witness")
	g.seal() // and even with a witness, as if the host's own page had shown it
	g.login("u-vic")
	r.delivered("/postern", g.message(), http.StatusBadRequest, r.says("change.schema"))
	r.delivered("/witness", g.message(), http.StatusBadRequest, "change.schema")
}

func caseVariant(r *row) {
	k := r.talk("sn1")
	raw := json.RawMessage(`{"email":"a@b.test","Email":"x@evil.test"}`)
	r.refused(k.mia, r.says("change.schema"), "change.draft", r.draft(k, "email.change", raw))
	r.none(k)
}

func otherFinish(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	token := r.confirm(address)
	chg, err := verify.Change{V: "1", Kind: "renewal.cancel", Base: "*", Fields: map[string]string{"plan": "basic"}}.Digest()
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range k.vic.frames { // what the widget was told is not what it signs
		if ok, _ := f["ok"].(map[string]any); ok["url"] != nil {
			ok["change"].(map[string]any)["chg"] = chg
		}
	}
	args := k.finish(r.T, k.b, change, token)
	if args["chg"] != chg {
		r.Fatalf("the widget signed %v, want %s", args["chg"], chg)
	}
	r.refused(k.vic, r.says("finish.digest"), "change.finish", args)
	r.failed(change, "finish.digest")
}

func manyFinishes(r *row) {
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	args := k.finish(r.T, k.b, change, r.confirm(address))
	n := r.site.changes(r.T)
	ok := r.race(k.b, 8, 8, "change.finish", args)
	r.reaches(change, verify.Applied)
	if got := r.site.changes(r.T) - n; ok != 1 || got != 1 {
		r.Errorf("%d of 64 finished, applied %d times; want one and once", ok, got)
	}
	proven, minted := 0, 0
	for _, l := range r.leaves() {
		if l.Change == change && l.To == verify.Proven && l.From != l.To {
			proven++
		}
		if l.Change == change && l.To == verify.Released {
			minted++
		}
	}
	if proven != 1 || minted != 1 {
		r.Errorf("%d times proven, %d receipts; want one each", proven, minted)
	}
}

// race lets tabs of one browser say the same command, each times over, all at once; it gives how many succeeded.
// The losers must read proof_used.
func (r *row) race(b browser, tabs, times int, cmd string, args any) (ok int) {
	r.Helper()
	var list []*client
	for range tabs {
		list = append(list, r.visit(b))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, c := range list {
		wg.Go(func() {
			for range times {
				raw, _ := json.Marshal(map[string]any{"cmd": cmd, "id": "race", "args": args})
				if err := c.ws.Write(r.Context(), websocket.MessageText, raw); err != nil {
					r.Error(err)
				}
			}
			for range times {
				_, won, code := c.answerTo(r, "race")
				mu.Lock()
				if won {
					ok++
				} else if code != "proof_used" {
					r.Errorf("a loser reads %q", code)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return ok
}

// answerTo reads until the answer to a command.
func (c *client) answerTo(r *row, id string) (f map[string]any, won bool, code string) {
	for {
		_, raw, err := c.ws.Read(r.Context())
		if err != nil {
			r.Error(err)
			return nil, false, "gone"
		}
		f = map[string]any{}
		if err := json.Unmarshal(raw, &f); err != nil {
			r.Error(err)
		}
		if f["re"] == id {
			e, _ := f["error"].(map[string]any)
			code, _ = e["code"].(string)
			return f, f["ok"] != nil, code
		}
	}
}
