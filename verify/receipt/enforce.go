package receipt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Burns is an enforcer's own table of commitments that it has used. It outlives the process and is never emptied.
type Burns interface {
	// Burn stores a commitment before anything is sent. fresh is false, and nothing is stored, if it is there already;
	// answer is then what was answered, nil if nobody knows.
	Burn(commit, chg string) (fresh bool, old string, answer []byte, err error)
	// Answered stores what became of it.
	Answered(commit string, answer []byte) error
	// Find is a look without storing.
	Find(commit string) (chg string, answer []byte, found bool)
}

// Enforcer is the receipt check as a reverse proxy before an API that cannot be changed. It denies everything but
// deliveries with a valid receipt, and of those forwards nothing: it builds a request of its own out of the approved
// fields. Source: proof-gate.md §3.9.
type Enforcer struct {
	// Checker knows the pinned keys of now; Minimum and Linked are the enforcer's.
	Checker  func(ctx context.Context) (Checker, error)
	Rules    []Rule
	Burns    Burns
	Upstream *url.URL // scheme and host of the API
	Token    string   // bearer token for it; "" = none
	Client   *http.Client
	Now      func() time.Time
	Log      *slog.Logger

	mu     sync.Mutex
	flying map[string]chan struct{} // commitments that are looked at just now
	seen   verify.LogPointer        // largest head of the gateway's log so far
}

// alone waits until nobody else looks at this commitment.
func (e *Enforcer) alone(commit string) (done func()) {
	mine := make(chan struct{})
	for {
		e.mu.Lock()
		other := e.flying[commit]
		if other == nil {
			break
		}
		e.mu.Unlock()
		<-other
	}
	if e.flying == nil {
		e.flying = map[string]chan struct{}{}
	}
	e.flying[commit] = mine
	e.mu.Unlock()
	return func() {
		e.mu.Lock()
		delete(e.flying, commit)
		e.mu.Unlock()
		close(mine)
	}
}

// remember is step 11, since the start: the gateway's log only grows. Anything else is for a person.
func (e *Enforcer) remember(ctx context.Context, l verify.LogPointer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.Size < e.seen.Size || l.Size == e.seen.Size && l.Root != e.seen.Root {
		e.Log.ErrorContext(ctx, "alarm: the gateway's log has become shorter or another one", "was", e.seen, "is", l)
		return
	}
	e.seen = l
}

// ServeHTTP implements http.Handler.
func (e *Enforcer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, status, err := e.take(r)
	if err != nil {
		status = refusedStatus(err)
		answer = fmt.Appendf(nil, `{"code":%q}`, cmp.Or(string(verify.ReasonOf(err)), "internal"))
		e.Log.WarnContext(r.Context(), "refused", "reason", verify.ReasonOf(err), "status", status)
		if status == http.StatusInternalServerError {
			e.Log.ErrorContext(r.Context(), "failed", "err", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // who has gone away asks again
}

func refusedStatus(err error) int {
	switch verify.ReasonOf(err) {
	case verify.BackendUnavailable, verify.IDPUnavailable:
		return http.StatusServiceUnavailable
	}
	switch verify.ReasonOf(err).Code() {
	case "invalid":
		return http.StatusBadRequest
	case "conflict", "proof_used":
		return http.StatusConflict
	case "internal":
		return http.StatusInternalServerError
	}
	return http.StatusForbidden
}

// take reads a request. What is crooked is 400, what is no delivery 403; no header makes anything of it.
func (e *Enforcer) take(r *http.Request) ([]byte, int, error) {
	switch {
	case r.RequestURI != r.URL.Path || strings.ContainsAny(r.RequestURI, "%\\;") || unclean(r.URL.Path):
		return nil, 0, verify.Refuse(verify.JSONInvalid)
	case r.Method != http.MethodPost || r.URL.Path != "/postern":
		return nil, 0, verify.Refuse(verify.RoleRefused)
	case len(r.TransferEncoding) > 0 || r.Header.Get("Content-Encoding") != "" || overrides(r.Header):
		return nil, 0, verify.Refuse(verify.JSONInvalid)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxMessage+1))
	if err != nil {
		return nil, 0, verify.RefuseCause(verify.JSONInvalid, err)
	}
	m, err := ParseMessage(body)
	if err != nil {
		return nil, 0, err
	}
	switch m.Type {
	case "change.apply":
		answer, err := e.apply(r.Context(), m, body)
		return answer, http.StatusOK, err
	case "change.settle":
		answer, err := e.settle(m)
		return answer, http.StatusOK, err
	}
	return nil, http.StatusNoContent, nil
}

// overrides reports whether a header asks somebody behind us for another method or path.
func overrides(h http.Header) bool {
	for name := range h {
		n := strings.ToLower(name)
		if strings.Contains(n, "override") || n == "x-http-method" || strings.HasPrefix(n, "x-original-") || strings.HasPrefix(n, "x-rewrite-") {
			return true
		}
	}
	return false
}

// apply checks a receipt, burns its commitment, and only then sends. If nobody knows what became of the request it is
// never sent again: a person has to look.
func (e *Enforcer) apply(ctx context.Context, m Message, body []byte) ([]byte, error) {
	o, err := verify.ReadObject(body, MaxMessage)
	if err == nil {
		err = o.Only("type", "challenge", "conversation", "change", "sub", "commit", "t0", "evidence", "receipt")
	}
	if err != nil {
		return nil, verify.RefuseCause(verify.JSONInvalid, err)
	}
	defer e.alone(m.Commit)()
	if chg, answer, found := e.Burns.Find(m.Commit); found {
		return e.again(m, chg, answer)
	}
	if i := e.ruleOf(m.Change.Kind); i >= 0 {
		if err := e.Rules[i].fits(m.Change); err != nil {
			return nil, err
		}
	}
	c, err := e.Checker(ctx)
	if err != nil {
		return nil, verify.RefuseCause(verify.BackendUnavailable, err)
	}
	c.Minimum = e.minimum
	c.Linked = func(_, _ string) error { return nil } // the subject is in the request: the API knows its accounts
	p, err := c.Check(m, e.Now())
	if err != nil {
		return nil, err
	}
	rule := e.Rules[e.ruleOf(p.Change.Kind)]
	path, text, err := rule.build(p)
	if err != nil {
		return nil, err
	}
	fresh, chg, answer, err := e.Burns.Burn(p.Commit, p.Chg)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return e.again(m, chg, answer)
	}
	e.remember(ctx, p.Log)
	return e.send(ctx, rule, path, text, p)
}

// ruleOf finds the rule of a kind, -1 if it has none.
func (e *Enforcer) ruleOf(kind string) int {
	return slices.IndexFunc(e.Rules, func(r Rule) bool { return r.Kind == kind })
}

func (e *Enforcer) minimum(kind string) verify.Level {
	if i := e.ruleOf(kind); i >= 0 {
		return e.Rules[i].Minimum
	}
	return ""
}

// again answers a delivery whose commitment is burned.
func (e *Enforcer) again(m Message, chg string, answer []byte) ([]byte, error) {
	mine, err := m.Change.Digest()
	switch {
	case err != nil || !verify.Equal(mine, chg):
		return nil, verify.Refuse(verify.ReceiptAlreadyUsed)
	case answer == nil:
		return nil, verify.Refuse(verify.BackendUnavailable)
	}
	return answered(answer)
}

// answered gives a stored answer; a stored refusal of the API is an error again.
func answered(answer []byte) ([]byte, error) {
	if strings.Contains(string(answer), verify.ResultApplied) {
		return answer, nil
	}
	return nil, verify.Refuse(verify.BackendRefused)
}

// send makes the request. Nothing of the delivery's headers is in it.
func (e *Enforcer) send(ctx context.Context, rule Rule, path string, body []byte, p Proven) ([]byte, error) {
	// The gateway may hang up; the request that is on its way is finished all the same.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), rule.Method, e.Upstream.Scheme+"://"+e.Upstream.Host+path, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Idempotency-Key", p.Commit)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if e.Token != "" {
		req.Header.Set("Authorization", "Bearer "+e.Token)
	}
	res, err := e.Client.Do(req)
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" { // it never arrived
		return nil, errors.Join(verify.Refuse(verify.BackendRefused), e.Burns.Answered(p.Commit, fmt.Appendf(nil, `{"result":%q}`, verify.ResultRefused)))
	}
	if err != nil {
		e.Log.ErrorContext(ctx, "nobody knows whether this change was made, and it is not sent again", "challenge", p.Challenge, "kind", rule.Kind)
		return nil, verify.RefuseCause(verify.BackendUnavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer := fmt.Appendf(nil, `{"result":%q}`, verify.ResultApplied)
	switch {
	case res.StatusCode >= 500:
		e.Log.ErrorContext(ctx, "nobody knows whether this change was made, and it is not sent again", "challenge", p.Challenge, "kind", rule.Kind, "status", res.StatusCode)
		return nil, verify.Refuse(verify.BackendUnavailable)
	case res.StatusCode < 200 || res.StatusCode > 299: // also a redirect, which is not followed
		answer = fmt.Appendf(nil, `{"result":%q}`, verify.ResultRefused)
	}
	e.Log.InfoContext(ctx, "sent", "kind", rule.Kind, "challenge", p.Challenge, "status", res.StatusCode)
	if err := e.Burns.Answered(p.Commit, answer); err != nil {
		return nil, err
	}
	return answered(answer)
}

// settle says what became of a change.
func (e *Enforcer) settle(m Message) ([]byte, error) {
	_, answer, found := e.Burns.Find(m.Commit)
	switch {
	case !found:
		return fmt.Appendf(nil, `{"result":%q}`, verify.ResultUnknown), nil
	case answer == nil:
		return nil, verify.Refuse(verify.BackendUnavailable)
	}
	return answer, nil
}
