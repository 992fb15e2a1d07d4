package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// abuseCode: hosts that cannot redirect, whose visitors type a code.
func abuseCode() map[string]func(r *row) { return map[string]func(r *row){"L03": guessedCodes} }

// typedCodes makes the shop show codes; what is enough for its plain kind then cools.
func typedCodes(t *testing.T) func(*Config) {
	t.Helper()
	return func(c *Config) {
		policy, err := os.ReadFile(c.PolicyFile)
		if err != nil {
			t.Fatal(err)
		}
		title := `title = {en = "Cancel the renewal of your plan"}`
		c.PolicyFile = filepath.Join(t.TempDir(), "policy.toml")
		if err := os.WriteFile(c.PolicyFile, []byte(strings.Replace(string(policy), title, title+"\ncooling = 24", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Hosts[0].Code = true
	}
}

// codeFor lets vic approve at the host; it gives the code that the host shows him.
func (r *row) codeFor(address string) string {
	r.Helper()
	status, answer := r.site.press(r.T, address, verify.LoginConfirmed, nil)
	code, _ := answer["code"].(string)
	back, _ := answer["return"].(string)
	if status != http.StatusOK || len(code) != 8 || strings.Contains(back, "#") {
		r.Fatalf("confirmed: %d %v", status, answer)
	}
	return code
}

// types is change.finish with a code, signed by the browser.
func (r *row) types(k talk, change, code string) map[string]any {
	r.Helper()
	args := k.finish(r.T, k.b, change, "#postern="+r.change(change).Challenge.ID+"\n"+code)
	delete(args, "finish")
	args["code"] = code
	return args
}

// misses is the n-th code that is not this one.
func misses(code string, n int) string {
	other := fmt.Sprintf("%08d", n)
	if other >= code {
		other = fmt.Sprintf("%08d", n+1)
	}
	return other
}

func guessedCodes(r *row) {
	r.alone(options{config: typedCodes(r.T)})
	k := r.talk("ag1")
	change, address := k.offer(r.T)
	code := r.codeFor(address)
	for n := range 4 {
		r.refused(k.vic, "code.wrong", "change.finish", r.types(k, change, misses(code, n)))
		r.stays(change, verify.Matched)
	}
	r.refused(k.vic, r.says("code.limit"), "change.finish", r.types(k, change, misses(code, 4)))
	r.refused(k.vic, "code.limit", "change.finish", r.types(k, change, code)) // the sixth is right, and too late
	r.failed(change, "code.limit")
	if status, answer := r.site.pressLate(r, address); status != http.StatusGone || answer["code"] != "proof_expired" {
		r.Errorf("another login for the same challenge: %d %v", status, answer)
	}
	if f := k.vic.do("change.open", map[string]any{"change": change, "page": "https://shop.test/", "over": true}); f["error"] == nil {
		r.Errorf("the change was opened again: %v", f)
	}
	r.manyGuesses(k)
	r.untouched()
	if strings.Contains(r.log.String(), code) {
		r.Error("the code stands in the log")
	}

	change, address = k.offer(r.T) // a new login gives a new code
	fresh := r.codeFor(address)
	r.refused(k.vic, "code.wrong", "change.finish", r.types(k, change, misses(fresh, 9)))
	k.vic.ok("change.finish", r.types(k, change, fresh))
	r.reaches(change, verify.Cooling)
	if c := r.change(change); c.Proof.Level != verify.A1 || fresh == code {
		r.Errorf("a typed code is worth %s; it is %q after %q", c.Proof.Level, fresh, code)
	}
	r.given() // the backend keeps what was announced
}

// pressLate is another login, reported for a handle that may be dead.
func (h *hostSite) pressLate(r *row, address string) (int, map[string]any) {
	r.Helper()
	handle, _, _ := h.view(r.T, address)
	body := fmt.Sprintf(`{"type":"login.confirmed","handle":%q,"chg":"x","sub":"u-vic","auth_time":%d}`, handle, h.now().Unix())
	return h.post(r.T, h.secret, []byte(body))
}

// manyGuesses lets two tabs of one browser guess at once: five guesses are compared, no more.
func (r *row) manyGuesses(k talk) {
	r.Helper()
	change, address := k.offer(r.T)
	code := r.codeFor(address)
	other := r.visit(k.b)
	for n := range 6 {
		k.vic.push("change.finish", r.types(k, change, misses(code, n)))
		other.push("change.finish", r.types(k, change, misses(code, 6+n)))
	}
	said := map[string]int{}
	for _, c := range []*client{k.vic, other} {
		last := fmt.Sprint(c.next)
		c.until("the answers", func(f map[string]any) bool {
			if e, _ := f["error"].(map[string]any); e != nil {
				reason, _ := e["reason"].(string)
				said[reason]++
			} else if f["ok"] != nil {
				r.Errorf("a wrong code was taken: %v", f)
			}
			return f["re"] == last
		})
	}
	if said["code.wrong"] > 4 || said["code.wrong"]+said["code.limit"]+said["change.state"] != 12 {
		r.Errorf("12 wrong guesses at once were answered %v", said)
	}
	r.refused(k.vic, "code.limit", "change.finish", r.types(k, change, code))
	r.failed(change, "code.limit")
}
