package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// abuseISide: what an agent writes to somebody unproven, with the host's hashed facts and without.
func abuseISide() map[string]func(r *row) {
	return map[string]func(r *row){
		"I01": factsHeld, "I02": variablesEmpty, "I03": noEdits, "I04": splitOver, "I05": everyString, "I06": harmlessPass,
		"I19": guessesAlike, "I20": foreignFacts, "G07": oldFactPasted,
	}
}

// sideAccess turns the mode on at the row's host.
func sideAccess(c *Config) {
	for i := range c.Hosts {
		c.Hosts[i].SideAccess = true
	}
}

// claims is a talk in which somebody says to be vic.
func (r *row) claims() talk {
	r.Helper()
	return r.talkAs(newBrowser(r.T), "ag1", map[string]any{"text": "Hello, it is me", "email": vicsMail})
}

// holds asserts that a message was held as some kind of text, with one line of the log that does not tell it.
func (r *row) holds(k talk, text string) map[string]any {
	r.Helper()
	leaves := func() []verify.Leaf {
		return slices.DeleteFunc(r.leaves(), func(l verify.Leaf) bool { return !strings.HasPrefix(string(l.Reason), "leak.") })
	}
	before := len(leaves())
	sent := r.say(k, text)
	if sent["seq"] != nil || sent["state"] != "held" && sent["state"] != "queued" {
		r.Errorf("%q: %v, want it held", text, sent)
	}
	added := leaves()[before:]
	if len(added) != 1 {
		r.Errorf("%q: the log has %+v", text, added)
	}
	for _, l := range added {
		if raw, err := l.Bytes(); err != nil || strings.Contains(string(raw), text) {
			r.Errorf("the log tells the text: %s", raw)
		}
	}
	return sent
}

func factsHeld(r *row) {
	r.alone(options{config: sideAccess})
	asked := 0
	for _, text := range []string{
		"1742 Maple Hollow", "ends in 2671", "four one five five five five two six seven one", "１７４２ Mаple Hollow Drive",
		"+１ 415 555 2671", "it ends in 26 71, right?", "It went to one seven four two maple hollow, as ever",
	} {
		k := r.claims()
		sent := r.holds(k, text)
		if sent["held"] != nil || sent["state"] != "queued" {
			r.Errorf("%q: the agent is told %v", text, sent)
		}
		r.sees(k, "Please wait", "Maple", "2671")
		told := fmt.Sprint(k.mia.event("message.held", k.cv+"/staff")["data"])
		if strings.Contains(told, "kinds") {
			r.Errorf("the staff's side tells a kind: %s", told)
		}
	}
	for _, b := range r.site.bodies {
		var m struct{ Type, Key, Email, Sub string }
		if json.Unmarshal(b, &m) == nil && m.Type == "facts.hash" {
			asked++
			if len(m.Key) != 43 || m.Email != vicsMail || strings.Contains(r.log.String(), m.Key) {
				r.Errorf("asked with %s", b)
			}
		}
	}
	if asked != 7 { // once in each conversation, each under a key of its own
		r.Errorf("asked %d times", asked)
	}
	r.sideFactAlone()
}

// sideFactAlone shows that the host's facts hold what no pattern describes, in parts and over several messages.
func (r *row) sideFactAlone() {
	r.Helper()
	r.site.exec(r.T, `UPDATE customers SET address = 'Rosehip 7 beside the old mill, +14155552671' WHERE id = 'u-vic'`)
	r.before = r.dump()
	for _, parts := range [][]string{{"rosehip 7 beside the old mill"}, {"Rosehip", "7", "beside"}} {
		k := r.claims()
		for _, p := range parts[:len(parts)-1] {
			if sent := r.say(k, p); sent["seq"] == nil {
				r.Errorf("%q: %v", p, sent)
			}
		}
		if last := parts[len(parts)-1]; r.say(k, last)["state"] != "queued" {
			r.Errorf("%v passes", parts)
		}
	}
	k := r.talkIn(newBrowser(r.T), "ag1", "Hello, I am nobody") // claims nothing: no facts
	if sent := r.say(k, "rosehip 7 beside the old mill"); sent["seq"] == nil {
		r.Errorf("without a claim: %v", sent)
	}
}

// guessesAlike sends thirty guesses, one of them right, with the mode off and on.
func guessesAlike(r *row) {
	for _, on := range []bool{false, true} {
		o := options{}
		if on {
			o.config = sideAccess
		}
		typed := r.typed
		r.alone(o)
		maps.Copy(r.typed, typed)
		r.talks = nil
		k := r.claims()
		change, _ := k.offer(r.T)
		shape := func(sent map[string]any) string {
			sent = maps.Clone(sent)
			delete(sent, "id")
			delete(sent, "at")
			return fmt.Sprint(sent)
		}
		want, took := "", map[bool][]time.Duration{}
		for i := range 30 {
			right := i%3 == 1 // the right guess is sent among the wrong ones, so that both meet the same machine
			text := fmt.Sprintf("%d Maple Hollow Drive, ending in %d", 1000+i, 8300+i)
			if right {
				text = "1742 Maple Hollow Drive, ending in 8213"
			}
			begin := time.Now()
			sent := r.holds(k, text)
			took[right] = append(took[right], time.Since(begin))
			if got := shape(sent); want == "" {
				want = got
			} else if got != want {
				r.Errorf("%q reads %s, the others %s", text, got, want)
			}
		}
		if on && strings.Contains(want, "held") {
			r.Errorf("the agent is told %s", want)
		}
		r.alike(took[true], took[false])
		k.vic.event("conversation.frozen", k.cv)
		r.refused(k.vic, "change.state", "change.open", map[string]any{"change": change, "page": "https://shop.test/"})
		kinds := map[string]bool{}
		for _, l := range r.leaves() {
			if strings.HasPrefix(string(l.Reason), "leak.") {
				kinds[string(l.Reason)] = true
			}
		}
		if len(kinds) != 1 {
			r.Errorf("the log tells them apart: %v", kinds)
		}
		r.untouched()
	}
}

// alike asserts that the middle of the right guesses' times lies among the wrong ones', give or take the 10 ms that
// the row allows: a machine that is busy spreads both.
func (r *row) alike(right, wrong []time.Duration) {
	r.Helper()
	slices.Sort(right)
	slices.Sort(wrong)
	const allowed = 10 * time.Millisecond
	if m := right[len(right)/2]; m < wrong[0]-allowed || m > wrong[len(wrong)-1]+allowed {
		r.Errorf("right guesses take %s, wrong ones %s to %s", m, wrong[0], wrong[len(wrong)-1])
	}
}

func oldFactPasted(r *row) {
	vic := r.talk("ag1")
	r.honest(vic)
	r.given()
	k := r.talk("ag1")
	for _, fact := range []string{"1742 Maple Hollow Drive", "+1 415 555 2671", vicsMail} {
		r.holds(k, "It is "+fact)
	}
	r.sees(k, "So?", "Maple", "2671", "harriet")
}

func foreignFacts(r *row) {
	k := r.talk("ag1")
	r.honest(k) // whoever it is has proven a login
	r.given()
	for _, fact := range []string{"1742 Maple Hollow Drive", "+1 415 555 2671"} {
		sent := r.say(k, fact)
		if sent["state"] != "held" || strings.Contains(fmt.Sprint(sent), "foreign") {
			r.Errorf("%q: %v", fact, sent)
		}
	}
	r.logged("", r.says("leak.foreign"), 2)
	told := fmt.Sprint(k.mia.event("message.held", k.cv+"/staff")["data"])
	for _, word := range []string{"foreign", "vic", "u-"} {
		if strings.Contains(told, word) {
			r.Errorf("the staff is told whose it is: %s", told)
		}
	}
	r.sees(k, "So?", "Maple", "2671")
}

func variablesEmpty(r *row) {
	k := r.claims()
	text := "We have {{contact.address}} and {account.plan|no plan}{ contact.phone }."
	status, _, b := r.call("ag1", "POST", "/v1/replies", fmt.Sprintf(`{"owner":%q,"title":"t","text":%q}`, r.staff["ag1"].ID, text))
	if status != http.StatusOK {
		r.Fatalf("%d %s", status, b)
	}
	var saved struct{ Reply gateway.SavedReply }
	if err := json.Unmarshal(b, &saved); err != nil {
		r.Fatal(err)
	}
	if sent := r.say(k, saved.Reply.Text); sent["seq"] == nil {
		r.Errorf("%v", sent)
	}
	k.vic.until("the reply without values", func(f map[string]any) bool {
		data, _ := f["data"].(map[string]any)
		return f["ev"] == "message.created" && data["text"] == "We have  and no plan."
	})
	r.refusedAs(k.mia, "invalid", "message.send", map[string]any{"conversation": k.cv, "client_id": "only", "text": "{{contact.address}}"})
}

// noEdits: what was sent stays as it is. A second message under the first one's id, and a held one that was taken
// back and written anew, are the ways to try.
func noEdits(r *row) {
	k := r.claims()
	first := map[string]any{"conversation": k.cv, "client_id": "edited", "text": "I shall look"}
	was := k.mia.ok("message.send", first)
	first["text"] = "I shall call 415-555-2671"
	r.refusedAs(k.mia, "conflict", "message.send", first) // other words under the first one's id
	first["text"] = "I shall look again"
	r.refusedAs(k.mia, "conflict", "message.send", first)
	for _, cmd := range []string{"message.edit", "message.update", "message.delete"} {
		r.refusedAs(k.mia, "invalid", cmd, map[string]any{"conversation": k.cv, "message": was["id"], "text": "415-555-2671"})
	}
	for _, method := range []string{"PUT", "PATCH", "POST", "DELETE"} {
		if status, _, _ := r.call("su1", method, "/v1/messages/"+fmt.Sprint(was["id"]), `{"text":"415-555-2671"}`); status != http.StatusNotFound {
			r.Errorf("%s of a message: %d", method, status)
		}
	}
	held := r.holds(k, "Call 415-555-2671")
	kept := map[string]any{"conversation": k.cv, "client_id": "kept", "text": "Or call +1 415 555 2671"}
	before := k.mia.ok("message.send", kept)
	if again := k.mia.ok("message.send", kept); before["seq"] != nil || again["id"] != before["id"] || again["seq"] != nil {
		r.Errorf("the same held message again: %v, before %v", again, before)
	}
	kept["text"] = "Or write to us"
	r.refusedAs(k.mia, "conflict", "message.send", kept) // harmless words under a held one's id are not stored either
	k.mia.ok("message.withdraw", map[string]any{"message": held["id"]})
	r.holds(k, "Please call (415) 555 2671")
	r.sees(k, "So?", "2671")
}

func splitOver(r *row) {
	k := r.claims()
	for _, part := range []string{"1742", "Maple"} {
		if sent := r.say(k, part); sent["seq"] == nil {
			r.Errorf("%q: %v", part, sent)
		}
	}
	r.holds(k, "Hollow")
	far := r.claims()
	for _, part := range []string{"1742", "well", "Maple", "yes"} { // four came before: the fifth closes it
		r.say(far, part)
	}
	r.holds(far, "Hollow Drive")
	r.sees(far, "So?", "Hollow")
}

func everyString(r *row) {
	const fact = "1742 Maple Hollow Drive"
	for name, text := range map[string]string{
		"a link's words": "see [" + fact + "](https://shop.test/help)", "a link's title": `see [here](https://shop.test/help "` + fact + `")`,
		"alt text": "![" + fact + "](https://shop.test/a.png)", "code": "`" + fact + "`", "a quotation": "> " + fact,
	} {
		k := r.claims()
		if sent := r.say(k, text); sent["state"] != "held" {
			r.Errorf("%s: %v", name, sent)
		}
	}
	k := r.claims()
	data := sampleFile("a.pdf")
	// An upload's answer repeats the name to the agent who gave it, so this one is nobody's address.
	id := r.staffUploads("ag1", "/v1/files", fmt.Sprintf(`{"conversation":%q,"name":"9371 Cedar Point Drive.pdf","size":%d}`, k.cv, len(data)), data)
	if kinds := fmt.Sprint(r.sendsFile(k, id)["held"]); !strings.Contains(kinds, "address") {
		r.Errorf("a file's name: %s", kinds)
	}
	for _, cmd := range []string{"message.react", "reaction.add", "conversation.rename", "conversation.title", "rating.ask"} {
		r.refusedAs(k.mia, "invalid", cmd, map[string]any{"conversation": k.cv, "text": fact})
	}
	r.refusedAs(k.mia, "forbidden", "conversation.rate", map[string]any{"conversation": k.cv, "stars": 5, "text": fact})
	r.refusedAs(k.mia, "forbidden", "conversation.ticket", map[string]any{"conversation": k.cv, "email": fact})
	for _, extra := range []map[string]any{{"text": fact}, {"name": fact}} { // typing says who and on, and nothing else
		typing := map[string]any{"conversation": k.cv, "on": true}
		maps.Copy(typing, extra)
		k.mia.signal("typing", typing)
	}
	r.refusedAs(k.mia, "invalid", "conversation.close", map[string]any{"conversation": k.cv, "outcome": "resolved", "reason": fact})
	r.sees(k, "So?", "Maple")
	// The name under which somebody writes is read by the visitor as well.
	ag2 := r.staff["ag2"].Agent
	status, _, b := r.call("ad1", "PUT", "/v1/agents/"+string(ag2.ID), fmt.Sprintf(
		`{"name":%q,"email":"ag2@shop.test","role":"agent","capacity":9,"version":%d}`, fact, ag2.Version))
	if status != http.StatusBadRequest || !strings.Contains(string(b), `"name"`) {
		r.Errorf("a fact as a name: %d %s", status, b)
	}
}

// harmlessPass sends what support writes all day; the larger labelled set is measured in gateway.
func harmlessPass(r *row) {
	held := 0
	k := r.talkIn(newBrowser(r.T), "ag1", "My order 4471 is late, call me at +44 20 7946 0958, I live at 9 Elm Court")
	texts := []string{
		"Hello, how can I help?", "Order 4471 left on Monday.", "Shall I call +44 20 7946 0958?", "You wrote 9 Elm Court, is that right?",
		"Please install version 12.4.1", "Error 0x80070057 is known", "It takes 3 to 5 days", "The price is 19.99", "See https://shop.test/help",
		"Ticket 112 is closed", "Open Settings, then Privacy", "Write to support@shop.test", "We open at 9:30", "Invoice 2024-113 is paid",
		"Your parcel weighs 2.5 kg", "Page 14 explains it", "Use port 8080", "Press Ctrl and F5", "You are number 3 in the queue", "It is 50 % off",
	}
	for i, text := range append(texts, texts...) {
		if sent := r.say(k, fmt.Sprint(text, strings.Repeat(".", i/len(texts)))); sent["seq"] == nil {
			held++
			r.Logf("held: %q %v", text, sent["held"])
		}
	}
	if held > 0 { // 1 % of 40
		r.Errorf("%d of 40 held", held)
	}
}
