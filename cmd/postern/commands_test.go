package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// say runs a sub-command and gives what it printed.
func say(t *testing.T, want int, env []string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := dispatch(t.Context(), args, env, &out, &errs); code != want {
		t.Fatalf("postern %s: exit %d, want %d\n%s%s", strings.Join(args, " "), code, want, &out, &errs)
	}
	return out.String() + errs.String()
}

// The first admin: added by command, sets a password by the link, once, and signs in.
func TestAgentAdd(t *testing.T) {
	c := alone(t)
	out := say(t, exitOK, nil, "agent", "add", "Ada@shop.test", "--role", "admin", "--data", c.Data)
	m := regexp.MustCompile(`/console#password=(\S+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no link in %q", out)
	}
	n := openNode(t, c)
	post := func(path string, body map[string]string) int {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest("POST", n.url+path, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Postern", "1")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := post("/v1/password", map[string]string{"token": m[1], "password": "a long enough one"}); got != http.StatusOK {
		t.Fatalf("the link: %d", got)
	}
	if got := post("/v1/password", map[string]string{"token": m[1], "password": "another long one"}); got == http.StatusOK {
		t.Error("the link works twice")
	}
	if got := post("/v1/login", map[string]string{"email": "ada@shop.test", "password": "a long enough one"}); got != http.StatusOK {
		t.Errorf("sign-in: %d", got)
	}
	a, err := n.Service.Store.AgentByEmail(t.Context(), "ada@shop.test")
	if err != nil || a.Role != "admin" || a.Name != "ada" {
		t.Errorf("stored: %+v, %v", a, err)
	}
}

func TestAgentAddRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"no e-mail address": {"agent", "add", "ada", "--data", dir},
		"there is no role":  {"agent", "add", "ada@shop.test", "--role=root", "--data", dir},
	} {
		if out := say(t, exitFailed, nil, args...); !strings.Contains(out, name) {
			t.Errorf("%v says %q", args, out)
		}
	}
	say(t, exitUsage, nil, "agent")
	if out := say(t, exitFailed, nil, "audit", "verify", "--data", t.TempDir()); !strings.Contains(out, "nothing to verify") {
		t.Errorf("an empty folder: %q", out)
	}
	say(t, exitUsage, nil, "agent", "add", "ada@shop.test", "--nonsense", "1")
}

// 'audit verify' is content with an honest log and names the line in which one byte was flipped (P116).
func TestAuditVerify(t *testing.T) {
	h := newSite(t)
	c := h.config(t, alone(t))
	n := startNode(t, c)
	h.gate = n
	n.talk(t).offer(t)
	data := c.Data
	if out := say(t, exitOK, nil, "audit", "verify", "--data", data); !strings.Contains(out, "ok:") {
		t.Fatalf("an honest log: %q", out)
	}
	db, err := sql.Open("sqlite", filepath.Join(data, "postern.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE log_leaves SET leaf = replace(leaf, '"to":"offered"', '"to":"Offered"') WHERE n = 1`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out := say(t, exitFailed, nil, "audit", "verify", "--data", data); !strings.Contains(out, "line 1 ") {
		t.Errorf("a flipped byte: %q", out)
	}
}

// An installation begins with the two starter replies; who deletes them has got rid of them (P55).
func TestStarterReplies(t *testing.T) {
	for name, c := range map[string]Config{"SQLite": alone(t), "PostgreSQL": shared(t)} {
		t.Run(name, func(t *testing.T) {
			n := openNode(t, c)
			list, err := n.Service.Store.Replies(t.Context())
			if err != nil || len(list) != 2 {
				t.Fatalf("%d replies, %v; want the two starters", len(list), err)
			}
			for _, r := range list {
				if _, missing := gateway.Fill(r.Text, map[string]string{"agent.name": "Mia"}); len(missing) == 0 {
					t.Errorf("%q can be sent without a thought", r.Title)
				}
				if _, err := n.Service.Store.DeleteReply(t.Context(), r.ID, gateway.System(), time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if err := n.Service.MakeStarterReplies(t.Context()); err != nil {
				t.Fatal(err)
			}
			if list, err = n.Service.Store.Replies(t.Context()); err != nil || len(list) != 0 {
				t.Errorf("deleted starters came back: %v, %v", list, err)
			}
		})
	}
}
