package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// say sends an agent's message and gives the reply.
func (r *row) say(k talk, text string) map[string]any {
	r.Helper()
	return k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": newAddress(), "text": text})
}

// keeps asserts that a message was held as a kind, and gives its id.
func (r *row) keeps(k talk, text, kind string) string {
	r.Helper()
	sent := r.say(k, text)
	kinds, _ := sent["held"].([]any)
	if len(kinds) == 0 || kinds[0] != kind || sent["seq"] != nil {
		r.Fatalf("%q: %v, want it held as %s", text, sent, kind)
	}
	id, _ := sent["id"].(string)
	return id
}

// sees asserts that the visitor gets a message now, and that nothing of words has come before it.
func (r *row) sees(k talk, marker string, words ...string) {
	r.Helper()
	r.say(k, marker)
	holds := func(f map[string]any, text string) bool {
		data, _ := f["data"].(map[string]any)
		got, _ := data["text"].(string)
		return f["ev"] == "message.created" && strings.Contains(got, text)
	}
	k.vic.until(marker, func(f map[string]any) bool { return holds(f, marker) })
	for _, f := range k.vic.frames {
		raw, err := json.Marshal(f)
		if err != nil {
			r.Fatal(err)
		}
		for _, w := range words {
			if strings.Contains(string(raw), w) {
				r.Errorf("the visitor has %s", raw)
			}
		}
	}
}

// heldTexts gives the texts of held messages that one of the staff reads in a conversation.
func (r *row) heldTexts(name, cv string) string {
	r.Helper()
	status, _, b := r.call(name, "GET", "/v1/conversations/"+cv, "")
	var in struct {
		Held []struct {
			ID, Text string
			Kinds    []string
		}
	}
	if err := json.Unmarshal(b, &in); status != http.StatusOK || err != nil {
		r.Fatalf("%d %v", status, err)
	}
	var out []string
	for _, h := range in.Held {
		out = append(out, h.Text)
	}
	return strings.Join(out, "|")
}

// What an agent writes passes the leak guard before anybody else has it: held, kept, taken back, released; in a
// conversation, in a ticket's mail, in a file's name. The third hold ends the gate there.
func TestLeakGuardOnTheWay(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f := startFixture(t, engine, options{})
			for name, test := range map[string]func(*row){
				"held, read by few, released": leakHeld, "withdrawn": leakWithdrawn, "masked": leakMasked,
				"split": leakSplit, "split over nodes": leakSplitOverNodes, "three freeze": leakFreezes, "no mail": leakMail, "file names": leakFileName, "blocked": leakBlocked,
			} {
				t.Run(name, func(t *testing.T) {
					r := newRow(t, f)
					r.given()
					test(r)
					if now := r.dump(); now != r.before {
						t.Errorf("the host's accounts are %s and were %s", now, r.before)
					}
				})
			}
			f.audit(t)
			for _, secret := range []string{"4111", "2671", "Maple"} {
				if strings.Contains(f.log.String(), secret) {
					t.Errorf("the log of the process holds %q", secret)
				}
			}
		})
	}
}

func leakHeld(r *row) {
	k := r.talk("ag1")
	id := r.keeps(k, "Your card 4111 1111 1111 1111", "card")
	r.sees(k, "One moment please", "4111", "held")
	told := k.mia.event("message.held", k.cv+"/staff")
	if raw := fmt.Sprint(told["data"]); strings.Contains(raw, "4111") || !strings.Contains(raw, id) {
		r.Errorf("the staff's event: %s", raw)
	}
	r.logged("", "leak.card", 1)
	for _, l := range r.leaves() {
		if raw, _ := l.Bytes(); strings.Contains(string(raw), "4111") {
			r.Errorf("the log holds the text: %s", raw)
		}
	}
	for name, want := range map[string]bool{"ag1": true, "ag2": false, "sn1": false, "su1": true} {
		if got := r.heldTexts(name, k.cv); strings.Contains(got, "4111") != want {
			r.Errorf("%s reads %q", name, got)
		}
	}
	release := map[string]any{"message": id, "reason": "it is the shop's own test card"}
	for _, name := range []string{"tr1", "ag1", "ag2", "sn1", "ad1"} {
		r.as(name).refused("forbidden", "message.release", release)
	}
	su := r.as("su1")
	su.refused("invalid", "message.release", map[string]any{"message": id})
	su.ok("message.release", release)
	k.vic.until("the released message", func(f map[string]any) bool {
		data, _ := f["data"].(map[string]any)
		return f["ev"] == "message.created" && data["text"] == "Your card 4111 1111 1111 1111" && data["name"] == "ag1"
	})
	su.refused("conflict", "message.release", release)
	su.refused("conflict", "message.withdraw", map[string]any{"message": id})
	if got := r.heldTexts("su1", k.cv); got != "" {
		r.Errorf("still held: %q", got)
	}
}

func leakWithdrawn(r *row) {
	k := r.talk("su1")
	id := r.keeps(k, "Call 415-555-2671", "phone")
	k.mia.refused("forbidden", "message.release", map[string]any{"message": id, "reason": "mine"}) // four eyes
	r.as("ag2").refused("forbidden", "message.withdraw", map[string]any{"message": id})
	k.mia.ok("message.withdraw", map[string]any{"message": id})
	r.sees(k, "Forget that", "2671")
	if got := r.heldTexts("su1", k.cv); got != "" {
		r.Errorf("still held: %q", got)
	}
	k.vic.refused("forbidden", "message.withdraw", map[string]any{"message": id})
	k.vic.refused("forbidden", "message.release", map[string]any{"message": id, "reason": "please"})
}

func leakMasked(r *row) {
	k := r.talkIn(newBrowser(r.T), "ag1", "My card is 4111 1111 1111 1111, mail me at nina@home.example")
	if sent := r.say(k, "Not 4111111111111111 in a chat, please"); sent["text"] != "Not •••• 1111 in a chat, please" || sent["seq"] == nil {
		r.Errorf("repeated: %v", sent)
	}
	if sent := r.say(k, "I shall write to nina@home.example"); sent["held"] != nil || sent["text"] != nil {
		r.Errorf("the visitor's own address: %v", sent)
	}
	r.sees(k, "Anything else?", "4111111111111111")
}

func leakSplit(r *row) {
	k := r.talk("ag1")
	for _, part := range []string{"1742", "Maple"} {
		if sent := r.say(k, part); sent["held"] != nil {
			r.Errorf("%s: %v", part, sent)
		}
	}
	r.keeps(k, "Hollow Drive", "address")
	r.sees(k, "So?", "Hollow")
}

// Another node stores a part: this one, which remembers what it sent itself, reads again before it judges.
func leakSplitOverNodes(r *row) {
	k := r.talk("ag1")
	r.say(k, "1742")
	now := r.clock.now()
	_, err := r.Service.Store.Append(r.Context(), gateway.Append{
		Topic: k.cv, Conversation: gateway.ID(k.cv), Actor: gateway.Actor{Role: gateway.RoleAgent, ID: r.staff["ag1"].ID},
		ClientID: "elsewhere", ID: id(r.T, gateway.PrefixEvent), At: now, Counts: true,
		Payload: gateway.MessageCreated{Message: gateway.Message{ID: id(r.T, gateway.PrefixMessage), Text: "Maple", Name: "ag1"}},
	})
	if err != nil {
		r.Fatal(err)
	}
	r.keeps(k, "Hollow", "address")
	r.sees(k, "So?", "Hollow")
}

func leakFreezes(r *row) {
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	for i, text := range []string{"ends in 8213", "ends in 8214", "ends in 8215"} {
		if r.change(change).State != verify.Challenged {
			r.Fatalf("after %d holds the change is %s", i, r.change(change).State)
		}
		r.keeps(k, text, "part")
	}
	k.vic.event("conversation.frozen", k.cv)
	r.stays(change, verify.Revoked)
	r.logged("", "leak.part", 3)
	k.mia.refused("conflict", "change.draft", map[string]any{"conversation": k.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
	k.vic.refused("conflict", "change.open", map[string]any{"change": change, "page": "https://shop.test/"})
	k.vic.ok("message.send", map[string]any{"conversation": k.cv, "client_id": "still", "text": "Hello?"})
	r.sees(k, "I am still here", "ends in")
}

func leakMail(r *row) {
	k := r.talkIn(newBrowser(r.T), "ag1", "Please mail me")
	const address = "nina@home.example"
	if _, err := r.Service.Store.SetEmail(r.Context(), gateway.ID(k.cv), address, r.clock.now()); err != nil {
		r.Fatal(err)
	}
	_, events, err := r.Service.Store.OpenTicket(r.Context(), gateway.ID(k.cv), gateway.System(), "Please mail me", "agent", r.clock.now())
	if err != nil || len(events) == 0 {
		r.Fatal(err)
	}
	id := r.keeps(k, "It went to 1742 Maple Hollow Drive", "address")
	if _, err := r.Service.Store.Mail(r.Context(), gateway.ID(id)); gateway.CodeOf(err) != "not_found" {
		r.Errorf("a held message has a mail: %v", err)
	}
	r.as("su1").ok("message.release", map[string]any{"message": id, "reason": "the depot's own address"})
	mail, err := r.Service.Store.Mail(r.Context(), gateway.ID(id))
	if err != nil || mail.To != address || !strings.Contains(string(mail.Raw), "Maple Hollow") {
		r.Errorf("the released message's mail: %+v, %v", mail, err)
	}
}

func leakFileName(r *row) {
	k := r.talk("ag1")
	r.honest(k) // else each file waits for a login
	r.before = r.dump()
	status, _, b := r.call("ag1", "POST", "/v1/files", fmt.Sprintf(`{"conversation":%q,"name":"harriet.quill@example-mail.com.txt","size":2}`, k.cv))
	var made struct{ File struct{ ID string } }
	if err := json.Unmarshal(b, &made); status != http.StatusOK || err != nil {
		r.Fatalf("%d %s", status, b)
	}
	if status, _, b = r.call("ag1", "PUT", "/v1/files/"+made.File.ID+"/0", "hi"); status != http.StatusOK {
		r.Fatalf("%d %s", status, b)
	}
	sent := k.mia.ok("message.send", map[string]any{"conversation": k.cv, "client_id": newAddress(), "text": "here", "files": []string{made.File.ID}})
	if kinds, _ := sent["held"].([]any); len(kinds) != 1 || kinds[0] != "email" {
		r.Errorf("%v", sent)
	}
	r.sees(k, "Did it come?", "harriet")
	if f, err := r.Service.Store.File(r.Context(), gateway.ID(made.File.ID)); err != nil || !f.AttachedAt.IsZero() {
		r.Errorf("the file of a held message is readable: %+v, %v", f, err)
	}
	r.as("su1").ok("message.release", map[string]any{"message": sent["id"], "reason": "a sample"})
	k.vic.until("the file", func(f map[string]any) bool {
		raw, err := json.Marshal(f)
		return err == nil && f["ev"] == "message.created" && strings.Contains(string(raw), made.File.ID)
	})
	if f, err := r.Service.Store.File(r.Context(), gateway.ID(made.File.ID)); err != nil || f.AttachedAt.IsZero() {
		r.Errorf("the file of a released message: %+v, %v", f, err)
	}
}

func leakBlocked(r *row) {
	k := r.talk("ag1")
	sent := r.say(k, "use sk_live_9aB8cD7eF6gH5iJ4kL3m")
	id, _ := sent["id"].(string)
	if sent["state"] != "blocked" || sent["held"] == nil {
		r.Fatalf("%v", sent)
	}
	if h, err := r.Service.Store.Held(r.Context(), gateway.ID(id)); err != nil || h.Message.Text != "" {
		r.Errorf("a blocked text is kept: %+v, %v", h, err)
	}
	r.as("su1").refused("conflict", "message.release", map[string]any{"message": id, "reason": "please"})
	r.sees(k, "Never mind", "sk_live")
}
