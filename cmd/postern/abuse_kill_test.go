package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// abuseKill: rows that kill a real process.
func abuseKill() map[string]func(r *row) {
	return map[string]func(r *row){"K07": killedCommits, "L07": killedSteps}
}

// flow is one visitor and one agent who drive changes up to proven until the gateway dies.
type flow struct {
	r        *row
	b        browser
	cv       string
	vic, mia *tab
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
	ok, err := w.vic.do(ctx, "conversation.start", map[string]any{"command_id": "s", "client_id": "m", "text": "hello"})
	if err != nil {
		return nil, err
	}
	w.cv, _ = ok["conversation"].(map[string]any)["id"].(string)
	_, err = w.mia.do(ctx, "conversation.claim", map[string]any{"conversation": w.cv})
	return w, err
}

// once drives one change up to proven.
func (w *flow) once(ctx context.Context) error {
	ok, err := w.mia.do(ctx, "change.draft", map[string]any{"conversation": w.cv, "kind": "renewal.cancel", "fields": map[string]string{"plan": "plus"}})
	if err != nil {
		return err
	}
	change, _ := ok["change"].(map[string]any)["id"].(string)
	if _, err := w.mia.do(ctx, "change.offer", map[string]any{"change": change}); err != nil {
		return err
	}
	if ok, err = w.vic.do(ctx, "change.open", map[string]any{"change": change, "page": "https://shop.test/"}); err != nil {
		return err
	}
	opened, _ := ok["change"].(map[string]any)
	view := map[string]string{}
	for _, name := range []string{"challenge", "chg", "commit"} {
		view[name], _ = opened[name].(string)
	}
	_, handle, _ := strings.Cut(ok["url"].(string), "h=")
	back, err := w.confirm(ctx, handle, view["chg"], view["commit"])
	if err != nil {
		return err
	}
	_, token, _ := strings.Cut(back, "#postern=")
	text, err := verify.FinishMessage(view["challenge"], view["chg"], view["commit"], verify.TokenHash(token))
	if err != nil {
		return err
	}
	_, err = w.vic.do(ctx, "change.finish", map[string]any{"conversation": w.cv, "change": change, "finish": token, "sig": es256(w.r, w.b.key, text)})
	return err
}

// killedCommits kills a gateway 200 times while changes run through their states.
func killedCommits(r *row) {
	var list []*process
	r.fixture, list = processes(r.T, r.engine, func(c *Config) { c.Hosts[0].DeliveryURL = "http://" + freeAddress(r.T) + "/postern" }, 1)
	r.given()
	chance := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		var wg sync.WaitGroup
		begun := make(chan struct{}, 2)
		for range 2 {
			wg.Go(func() {
				w, err := r.flow(ctx)
				begun <- struct{}{}
				for err == nil {
					err = w.once(ctx)
				}
				if errors.Is(err, errRefused) && !strings.Contains(err.Error(), "too_many") && !strings.Contains(err.Error(), "available") {
					r.Error(err)
				}
			})
		}
		<-begun
		time.Sleep(time.Duration(chance.IntN(30_000)) * time.Microsecond)
		list[0].kill(r.T)
		cancel()
		wg.Wait()
		list[0].start(r.T)
	}
	report, err := verify.Audit(r.Context(), r.store.ledger)
	if err != nil || len(report.Bad) > 0 || report.Changes < 40 { // few changes would prove little; a slow machine makes fewer
		r.Errorf("after 200 kills: %d leaves, %d changes, %v, %v", report.Size, report.Changes, report.Bad, err)
	}
	r.Logf("%d leaves, %d changes", report.Size, report.Changes)
}

// killedSteps kills the gateway in each state of one change, and twice while the host is being told.
func killedSteps(r *row) {
	var list []*process
	r.fixture, list = processes(r.T, r.engine, nil, 1)
	r.given()
	k := r.talk("ag1")
	again := func() {
		r.Helper()
		list[0].kill(r.T)
		list[0].start(r.T)
		seen := k.vic.frames
		k.vic, k.mia = r.visit(k.b), r.as("ag1")
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

// confirm is the owner's yes at the host, which the gateway may not live to answer.
func (w *flow) confirm(ctx context.Context, handle, chg, commit string) (string, error) {
	h := w.r.site
	at := h.now().Unix()
	return h.postEvent(ctx, map[string]any{
		"type": verify.LoginConfirmed, "handle": handle, "chg": chg, "sub": "u-vic", "auth_time": at,
		"witness": verify.Witness(h.own, commit, chg, "u-vic", at),
	})
}
