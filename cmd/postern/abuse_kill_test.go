package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// abuseKill: rows that kill a real process.
func abuseKill() map[string]func(r *row) {
	return map[string]func(r *row){"K07": killedCommits, "L07": killedSteps}
}

// flow is one visitor and one agent with one change, on sockets that end when the gateway dies.
type flow struct {
	r        *row
	b        browser
	cv       string
	vic, mia *tab

	change, handle, finish string
	challenge, chg, commit string // what the widget keeps of the newest opening
	login                  login
	took                   time.Duration
}

func (r *row) flow(ctx context.Context) (*flow, error) {
	w := &flow{r: r, b: newBrowser(r.T)}
	var err error
	if w.mia, err = r.tab(ctx, r.staff["ag1"].cookie); err != nil {
		return nil, err
	}
	if w.vic, err = r.tab(ctx, ""); err != nil {
		return nil, err
	}
	if _, err := w.mia.do(ctx, "hello", map[string]any{"as": "agent", "topics": map[string]int{}}); err != nil {
		return nil, err
	}
	if _, err := w.mia.do(ctx, "availability.set", map[string]any{"value": "available"}); err != nil {
		return nil, err
	}
	if _, err := w.vic.do(ctx, "hello", w.b.greet(r.T, w.vic.nonce, nil)); err != nil {
		return nil, err
	}
	ok, err := w.vic.do(ctx, "conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "hello", "ticket": false})
	if err != nil {
		return nil, err
	}
	w.cv, _ = ok["conversation"].(map[string]any)["id"].(string)
	return w, w.step(func() error {
		_, err := w.mia.do(ctx, "conversation.claim", map[string]any{"conversation": w.cv})
		return err
	})
}

// step notes how long a step took, from being sent to being answered.
func (w *flow) step(do func() error) error {
	begun := time.Now()
	err := do()
	w.took = time.Since(begun)
	return err
}

// The steps of the state table up to proven, and to each end before it.
func (w *flow) draft(ctx context.Context) error {
	return w.drafts(ctx, "renewal.cancel", map[string]string{"plan": "plus"})
}

func (w *flow) drafts(ctx context.Context, kind string, fields map[string]string) error {
	ok, err := w.mia.do(ctx, "change.draft", map[string]any{"conversation": w.cv, "kind": kind, "fields": fields})
	if err == nil {
		w.change, _ = ok["change"].(map[string]any)["id"].(string)
	}
	return err
}

func (w *flow) offer(ctx context.Context) error {
	_, err := w.mia.do(ctx, "change.offer", map[string]any{"change": w.change})
	return err
}

func (w *flow) open(ctx context.Context) error { return w.opens(ctx, false) }
func (w *flow) over(ctx context.Context) error { return w.opens(ctx, true) }

func (w *flow) opens(ctx context.Context, over bool) error {
	address, err := w.opened(ctx, over)
	_, w.handle, _ = strings.Cut(address, "h=")
	return err
}

// opened opens the change; it gives the address where the browser goes.
func (w *flow) opened(ctx context.Context, over bool) (address string, err error) {
	ok, err := w.vic.do(ctx, "change.open", map[string]any{"change": w.change, "page": "https://shop.test/", "over": over})
	if err != nil {
		return "", err
	}
	c, _ := ok["change"].(map[string]any)
	for name, to := range map[string]*string{"challenge": &w.challenge, "chg": &w.chg, "commit": &w.commit} {
		*to, _ = c[name].(string)
	}
	address, _ = ok["url"].(string)
	return address, nil
}

func (w *flow) confirm(ctx context.Context) error { return w.press(ctx, verify.LoginConfirmed, 0) }
func (w *flow) disown(ctx context.Context) error  { return w.press(ctx, verify.LoginDisowned, 0) }
func (w *flow) stale(ctx context.Context) error {
	return w.press(ctx, verify.LoginConfirmed, time.Hour)
}

// press is the owner's choice at the host, after a login that is so old.
func (w *flow) press(ctx context.Context, choice string, old time.Duration) error {
	h := w.r.site
	at := h.now().Add(-old).Unix()
	back, err := h.postEvent(ctx, map[string]any{
		"type": choice, "handle": w.handle, "chg": w.chg, "sub": "u-vic", "auth_time": at,
		"witness": verify.Witness(h.own, w.commit, w.chg, "u-vic", at),
	})
	_, w.finish, _ = strings.Cut(back, "#postern=")
	return err
}

func (w *flow) finishes(ctx context.Context) error {
	text, err := verify.FinishMessage(w.challenge, w.chg, w.commit, verify.TokenHash(w.finish))
	if err != nil {
		return err
	}
	_, err = w.vic.do(ctx, "change.finish", map[string]any{"conversation": w.cv, "change": w.change, "finish": w.finish, "sig": es256(w.r, w.b.key, text)})
	return err
}

func (w *flow) deny(ctx context.Context) error {
	_, err := w.vic.do(ctx, "change.deny", map[string]any{"change": w.change})
	return err
}

func (w *flow) withdraw(ctx context.Context) error {
	_, err := w.mia.do(ctx, "change.withdraw", map[string]any{"change": w.change})
	return err
}

func (w *flow) close(ctx context.Context) error {
	_, err := w.vic.do(ctx, "conversation.close", map[string]any{"conversation": w.cv})
	return err
}

// killPoint is one step of the state table: the steps before it, and where the change may be found after a kill
// around it: before the step, or after it.
type killPoint struct {
	name          string
	way           []func(*flow, context.Context) error // the last one is killed
	before, after []verify.State
}

func killPoints() []killPoint {
	type way = []func(*flow, context.Context) error
	challenged := way{(*flow).draft, (*flow).offer, (*flow).open}
	then := func(more ...func(*flow, context.Context) error) way { return append(challenged[:3:3], more...) }
	in := func(s ...verify.State) []verify.State { return s }
	// Nobody can be told: the system goes on by itself from proven.
	gone := in(verify.Proven, verify.Released, verify.Failed)
	return []killPoint{
		{"draft", challenged[:1], nil, in(verify.Draft)},
		{"offer", challenged[:2], in(verify.Draft), in(verify.Offered)},
		{"open", challenged, in(verify.Offered), in(verify.Challenged)},
		{"start over", then((*flow).over), in(verify.Challenged), in(verify.Challenged)},
		{"match", then((*flow).confirm), in(verify.Challenged), in(verify.Matched)},
		{"prove", then((*flow).confirm, (*flow).finishes), in(verify.Matched), gone},
		{"fail", then((*flow).stale), in(verify.Challenged), in(verify.Failed)},
		{"deny", then((*flow).deny), in(verify.Challenged), in(verify.Denied)},
		{"disown", then((*flow).disown), in(verify.Challenged), in(verify.Disowned)},
		{"withdraw", then((*flow).withdraw), in(verify.Challenged), in(verify.Withdrawn)},
		{"revoke", then((*flow).close), in(verify.Challenged), in(verify.Revoked)},
	}
}

// killedCommits kills a gateway 200 times, each time around the commit of one step of the state table. The moments go
// from the sending of the step to twice the time that the step before it took: before, in and after its commit,
// however fast the machine is.
func killedCommits(r *row) {
	var list []*process
	r.fixture, list = processes(r.T, r.engine, func(c *Config) {
		for i := range c.Hosts {
			c.Hosts[i].DeliveryURL = "http://" + freeAddress(r.T) + "/postern"
		}
	}, 1)
	r.given()
	const kills = 200
	points := append(killPoints(), clubPoints()...)
	rounds := (kills + len(points) - 1) / len(points)
	stored := map[string][2]int{}
	for i := range kills {
		p := points[i%len(points)]
		moved := r.killedAt(list[0], p, 2*float64(i/len(points))/float64(rounds-1))
		n := stored[p.name]
		n[moved]++
		stored[p.name] = n
	}
	report, err := verify.Audit(r.Context(), r.store.ledger)
	if err != nil || len(report.Bad) > 0 || report.Changes < kills*9/10 { // every change but those killed as drafts
		r.Errorf("after %d kills: %d leaves, %d changes, %v, %v", kills, report.Size, report.Changes, report.Bad, err)
	}
	r.Logf("%d leaves, %d changes; kills before and after the commit: %v", report.Size, report.Changes, stored)
}

// killedAt drives a change to the point, kills the gateway so many times the last answer's time after the last step
// was sent, and starts it again. It gives 1 if the step was stored, else 0.
func (r *row) killedAt(node *process, p killPoint, times float64) (moved int) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 6*patience)
	defer cancel()
	w, err := r.flow(ctx)
	if err != nil {
		r.Fatal(p.name, err)
	}
	last := len(p.way) - 1
	for _, do := range p.way[:last] {
		if err := w.step(func() error { return do(w, ctx) }); err != nil {
			r.Fatal(p.name, err)
		}
	}
	answered := make(chan error, 1)
	go func() { answered <- p.way[last](w, ctx) }()
	time.Sleep(time.Duration(times * float64(w.took))) // the moment of the kill, not a wait for anything
	node.kill(r.T)
	err = <-answered
	node.start(r.T)
	if errors.Is(err, errRefused) {
		r.Errorf("%s: %v", p.name, err)
	}
	return r.found(w, p, err == nil)
}

// found asserts that the change is where it was before the step or after it, and after it if the step was answered.
func (r *row) found(w *flow, p killPoint, answered bool) (moved int) {
	r.Helper()
	if w.change == "" { // a draft whose answer was lost: nobody knows its id
		rows, err := r.store.ledger.Live(r.Context(), w.cv)
		if err != nil || len(rows) > 1 {
			r.Errorf("%s: %v, %v", p.name, rows, err)
		}
		return len(rows)
	}
	c := r.change(w.change)
	after := slices.Contains(p.after, c.State)
	switch p.name {
	case "start over":
		after = c.Challenge.ID != w.challenge || answered
	case "approve":
		after = c.Proof.Finish != ""
	}
	if !after && (answered || !slices.Contains(p.before, c.State)) {
		r.Errorf("%s, answered: %v: the change is %s", p.name, answered, c.State)
	}
	cv, err := r.Service.Store.Conversation(r.Context(), gateway.ID(w.cv))
	if err != nil || p.name == "revoke" && cv.Status.Ended() != after || p.name == "disown" && cv.Frozen != after {
		r.Errorf("%s: stored: %v, the conversation is %s, frozen: %v, %v", p.name, after, cv.Status, cv.Frozen, err)
	}
	if after {
		return 1
	}
	return 0
}

// killedSteps kills each of three gateways (SQLite: the one there is) in each state of one change, and in two states
// while the host is being told.
func killedSteps(r *row) {
	nodes := 3
	if r.engine == "SQLite" {
		nodes = 1
	}
	var list []*process
	r.fixture, list = processes(r.T, r.engine, nil, nodes)
	r.given()
	k := r.talk("ag1")
	again := func() {
		r.Helper()
		for _, node := range list {
			node.kill(r.T)
			node.start(r.T)
		}
		seen := k.vic.frames
		k.vic, k.mia = r.visit(k.b), r.as("ag1") // their node was among them
		k.vic.frames = append(k.vic.frames, seen...)
	}
	change := k.mia.ok("change.draft", r.draft(k, "renewal.cancel", map[string]string{"plan": "plus"}))["change"].(map[string]any)["id"].(string)
	again()
	k.mia.ok("change.offer", map[string]any{"change": change})
	again()
	address := k.vic.ok("change.open", map[string]any{"change": change, "page": "https://shop.test/"})["url"].(string)
	again()
	back := r.confirm(address)
	again()
	come, hold := make(chan struct{}, 10), make(chan struct{})
	r.site.mu.Lock()
	r.site.meets = func(http.ResponseWriter, receipt.Message) bool {
		come <- struct{}{}
		<-hold
		return false
	}
	r.site.mu.Unlock()
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, back))
	<-come // released, and the host is being told
	again()
	r.later()
	<-come // unsettled, and the host is being told again
	again()
	close(hold)
	r.later()
	r.reaches(change, verify.Applied)
	again()
	r.stays(change, verify.Applied)
	minted := 0
	for _, l := range r.leaves() {
		if l.Change == change && l.To == verify.Released {
			minted++
		}
	}
	if n := r.site.changes(r.T); n != 1 || minted != 1 {
		r.Errorf("applied %d times with %d receipts, want once and one", n, minted)
	}
	r.fixture.audit(r.T)
}

// later is as if the minutes had passed after which another node takes over what a dead one left.
func (r *row) later() {
	r.Helper()
	if _, err := r.sql(r.T).Exec(`UPDATE jobs SET due = 1, lease_until = 0 WHERE done_at IS NULL`); err != nil {
		r.Fatal(err)
	}
}
