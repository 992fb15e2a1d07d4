package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/verify"
)

// row is one run of one row of the catalogue.
type row struct {
	*testing.T
	abuseRow
	*fixture
	ip      string // where its clients come from
	before  string // the backend's database before the attack
	leaf    int64  // size of the log before the attack
	clients []*client
	public  map[*client]bool // the visitors among them
	talks   []talk
}

// facts is what only vic and the host know. None of it may reach a screen.
var facts = []string{
	"1742 Maple Hollow Drive", "14155552671", "…8213", "harriet.quill@example-mail.com", "112-8834921-5567", "14 Mar 1983",
	`u-vic`, `u-mal`,
}

var lastAddress atomic.Uint32

func newAddress() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

func newRow(t *testing.T, f *fixture) *row {
	return &row{T: t, fixture: f, ip: newAddress(), public: map[*client]bool{}}
}

// onBoth runs a test on each database, against a gateway, a host and a database of its own.
func onBoth(t *testing.T, test func(t *testing.T, r *row)) {
	t.Helper()
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			r := newRow(t, startFixture(t, engine, options{}))
			r.given()
			test(t, r)
		})
	}
}

func runRow(t *testing.T, f *fixture, spec abuseRow, test func(r *row)) {
	r := newRow(t, f)
	r.abuseRow = spec
	if slices.Contains(lonely, spec.ID) {
		t.Parallel()
	} else {
		r.site.renew(t)
		r.given()
	}
	test(r)
	if r.Unchanged {
		r.untouched()
	}
	r.quiet()
	for _, c := range r.clients {
		_ = c.ws.CloseNow()
	}
	r.watched(t, r.ID)
}

// untouched asserts that the backend's database is byte for byte what it was given.
func (r *row) untouched() {
	r.Helper()
	if now := r.dump(); now != r.before {
		r.Errorf("%s: the backend's database is\n%s\nand was\n%s", r.Attack, now, r.before)
	}
}

// dump is the databases of both hosts' backends.
func (r *row) dump() string {
	r.Helper()
	return r.site.dump(r.T) + r.club.dump(r.T)
}

// given ends what the row calls given: from here on nothing may change.
func (r *row) given() {
	r.Helper()
	r.before = r.dump()
	head, err := r.store.ledger.Head(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	r.leaf = head.Size
}

// alone gives the row a gateway, a host and a database of its own.
func (r *row) alone(o options) {
	r.Helper()
	r.fixture = startFixture(r.T, r.engine, o)
	r.given()
}

// says makes sure that the catalogue speaks of the word that the test asks for.
func (r *row) says(word string) string {
	r.Helper()
	if r.Code != word && !strings.Contains(r.Must, word) {
		r.Fatalf("the row does not speak of %q: %s", word, r.Must)
	}
	return word
}

// starts begins a conversation and remembers what was typed there.
func (r *row) starts(c *client, typed map[string]any) (cv string) {
	r.Helper()
	cv, e := r.triesToStart(c, typed)
	if e != nil {
		r.Fatalf("conversation.start: %v", e)
	}
	return cv
}

func (r *row) triesToStart(c *client, typed map[string]any) (cv string, e map[string]any) {
	r.Helper()
	args := map[string]any{"command_id": newAddress(), "client_id": "m"}
	maps.Copy(args, typed)
	f := c.do("conversation.start", args)
	if e, _ := f["error"].(map[string]any); e != nil {
		return "", e
	}
	cv = f["ok"].(map[string]any)["conversation"].(map[string]any)["id"].(string)
	for _, v := range typed {
		if text, ok := v.(string); ok {
			r.typed[cv] = append(r.typed[cv], text)
		}
	}
	return cv, nil
}

func (r *row) dial(header http.Header) *client {
	r.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("X-Forwarded-For", r.ip)
	header.Set("User-Agent", firefox) // of everybody
	c := r.node.dial(r.T, header)
	r.clients = append(r.clients, c)
	return c
}

// as opens a console of one of the staff.
func (r *row) as(name string) *client {
	r.Helper()
	c := r.dial(http.Header{"Cookie": {r.staff[name].cookie}})
	if f := c.do("hello", map[string]any{"as": "agent", "topics": map[string]int{}}); f["error"] != nil {
		r.Fatalf("hello: %v\n%s", f["error"], r.log.errors())
	}
	return c
}

// visit opens a widget in a browser.
func (r *row) visit(b browser) *client {
	r.Helper()
	c := r.dial(nil)
	r.public[c] = true
	if f := b.hello(r.T, c, nil); f["error"] != nil {
		r.Fatal(f)
	}
	return c
}

// talk is a conversation that one of the staff has claimed.
func (r *row) talk(staff string) talk {
	return r.talkIn(newBrowser(r.T), staff, "Please stop my renewal")
}

func (r *row) talkIn(b browser, staff, text string) talk {
	r.Helper()
	return r.talkAs(b, staff, map[string]any{"text": text})
}

// talkAs is talkIn with whatever its visitor typed before.
func (r *row) talkAs(b browser, staff string, typed map[string]any) talk {
	r.Helper()
	mia := r.as(staff)
	mia.ok("availability.set", map[string]any{"value": "available"})
	k := talk{n: r.node, vic: r.visit(b), mia: mia, b: b, by: staff}
	k.cv = r.starts(k.vic, typed)
	mia.ok("conversation.claim", map[string]any{"conversation": k.cv})
	mia.ok("resume", map[string]any{"topic": k.cv, "seq": 0})
	mia.ok("resume", map[string]any{"topic": k.cv + "/staff", "seq": 0})
	r.talks = append(r.talks, k)
	return k
}

// confirm lets vic approve at the host; it gives where the host sends the browser.
func (r *row) confirm(address string) string {
	r.Helper()
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, nil)
	back, _ := answer["return"].(string)
	if status != http.StatusOK || !strings.Contains(back, "#postern=") {
		r.Fatalf("confirmed: %d %v", status, answer)
	}
	return back
}

// honest goes the whole way of one change and waits until the host has applied it.
func (r *row) honest(k talk) (change string) {
	r.Helper()
	change, address := k.offer(r.T)
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, r.confirm(address)))
	r.reaches(change, verify.Applied)
	return change
}

func (r *row) change(id string) verify.Row {
	r.Helper()
	c, err := r.store.ledger.Change(r.Context(), id)
	if err != nil {
		r.Fatal(err)
	}
	return c
}

// stays asserts the state that a change is in now.
func (r *row) stays(change string, want verify.State) {
	r.Helper()
	if c := r.change(change); c.State != want {
		r.Errorf("the change is %s (%s), want %s", c.State, c.Reason, want)
	}
}

// reaches waits until a change is in a state.
func (r *row) reaches(change string, want verify.State) {
	r.Helper()
	r.until(func() string {
		c := r.change(change)
		if c.State == want {
			return ""
		}
		return fmt.Sprintf("the change is %s (%s), want %s", c.State, c.Reason, want)
	})
}

// until polls until wrong finds nothing more to say.
func (r *row) until(wrong func() string) {
	r.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		what := wrong()
		if what == "" {
			return
		}
		if time.Now().After(end) {
			r.Fatal(what)
		}
	}
}

// leaves gives the log's lines since the row was given.
func (r *row) leaves() []verify.Leaf {
	r.Helper()
	raw, err := r.store.ledger.Leaves(r.Context(), r.leaf, 10_000)
	if err != nil {
		r.Fatal(err)
	}
	out := make([]verify.Leaf, len(raw))
	for i, b := range raw {
		if err := json.Unmarshal(b, &out[i]); err != nil {
			r.Fatal(err)
		}
	}
	return out
}

// logged asserts how many lines of the log give a reason about a change ("" = about none).
func (r *row) logged(change, reason string, want int) {
	r.Helper()
	n := 0
	for _, l := range r.leaves() {
		if l.Change == change && string(l.Reason) == reason {
			n++
		}
	}
	if n != want {
		r.Errorf("the log has %d lines with %q about %q, want %d: %+v", n, reason, change, want, r.leaves())
	}
}

// failed is Refuse(reason) of the catalogue: the change has ended, with one line in the log.
func (r *row) failed(change, reason string) {
	r.Helper()
	r.stays(change, verify.Failed)
	r.logged(change, r.says(reason), 1)
}

// refused asserts code and reason of a command's refusal.
func (r *row) refused(c *client, reason, cmd string, args any) {
	r.Helper()
	f := c.do(cmd, args)
	e, _ := f["error"].(map[string]any)
	if e["reason"] != reason || e["code"] != verify.Reason(reason).Code() {
		r.Errorf("%s: %v, want %s %s", cmd, f, verify.Reason(reason).Code(), reason)
	}
}

// answered asserts status and reason of an HTTP answer.
func (r *row) answered(status int, answer map[string]any, wantStatus int, reason string) {
	r.Helper()
	if status != wantStatus || answer["reason"] != reason {
		r.Errorf("answered %d %v, want %d %s", status, answer, wantStatus, reason)
	}
}

// call speaks HTTP as one of the staff ("" = nobody).
func (r *row) call(name, method, path, body string) (int, http.Header, []byte) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", r.ip)
	req.Header.Set("User-Agent", firefox)
	if name != "" {
		req.Header.Set("Cookie", r.staff[name].cookie)
		req.Header.Set("X-Postern", "1")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res.StatusCode, res.Header, b
}

// quiet asserts that no client and no history holds a fact, and that no visitor reads a reason.
func (r *row) quiet() {
	r.Helper()
	for _, k := range r.talks {
		status, _, b := r.call("su1", "GET", "/v1/conversations/"+k.cv+"/events", "")
		if status != http.StatusOK {
			r.Errorf("history: %d", status)
		}
		r.holdsNoFact("the history", b)
	}
	for _, c := range r.clients {
		for _, f := range c.frames {
			if ok, _ := f["ok"].(map[string]any); ok["q"] != nil {
				delete(ok, "q") // what this client has asked for itself
			}
			raw, err := json.Marshal(f)
			if err != nil {
				r.Fatal(err)
			}
			r.holdsNoFact("a frame", raw)
			kind, _ := f["ev"].(string)
			noun, _, _ := strings.Cut(kind, ".")
			gate := slices.Contains([]string{"change", "challenge", "login", "proof"}, noun)
			if data, _ := f["data"].(map[string]any); r.public[c] && data["reason"] != nil && gate {
				r.Errorf("a visitor reads why: %s", raw)
			}
		}
	}
}

func (r *row) holdsNoFact(where string, b []byte) {
	r.Helper()
	for _, fact := range facts {
		if bytes.Contains(b, []byte(fact)) && !r.typedThere(b, fact) {
			r.Errorf("%s holds %q: %s", where, fact, b)
		}
	}
}

// typedThere reports whether b shows a conversation whose own visitor typed the fact.
func (f *fixture) typedThere(b []byte, fact string) bool {
	for cv, texts := range f.typed {
		if bytes.Contains(b, []byte(cv)) && slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, fact) }) {
			return true
		}
	}
	return false
}

// push sends a command without waiting for its answer.
func (c *client) push(cmd string, args any) (id string) {
	c.t.Helper()
	c.next++
	id = fmt.Sprint(c.next)
	raw, err := json.Marshal(map[string]any{"cmd": cmd, "id": id, "args": args})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.ws.Write(c.t.Context(), websocket.MessageText, raw); err != nil {
		c.t.Fatal(err)
	}
	return id
}

// greeting is the answer to hello.
func (c *client) greeting() map[string]any {
	for _, f := range c.frames {
		if ok, _ := f["ok"].(map[string]any); f["re"] == "1" && ok != nil {
			return ok
		}
	}
	return map[string]any{}
}
