package main

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
)

// abuseDump: what whoever holds a copy of the database has.
func abuseDump() map[string]func(r *row) { return map[string]func(r *row){"G12": dumpRead} }

// signerProcess runs 'postern signer' for the fixture's gateway, as a process of its own, and waits until it answers.
// It gives the folder of its keys and what it logs.
func (r *row) signerProcess() (keys string, log *output) {
	r.Helper()
	dir := r.TempDir()
	keys, log = filepath.Join(dir, "keys"), &output{}
	path := filepath.Join(dir, "signer.toml")
	text := fmt.Sprintf("socket = %q\nkeys = %q\ngateway = %q\naudiences = [%q, %q]\n", r.socket(), keys, r.url, audience, clubAudience)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
	cmd := exec.Command(binary(r.T), "signer", "--config", path)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	r.until(func() string {
		if strings.Contains(log.String(), "Postern signer is at ") && len(r.published(r.T)) == 1 {
			return ""
		}
		return "the signer has not started: " + log.String()
	})
	r.trustSigner(r.T)
	return keys, log
}

// tables are the names of all tables of the gateway's database.
func (f *fixture) tables(t *testing.T) []string {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	if f.engine == "PostgreSQL" {
		list = `SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
	}
	names, err := f.sql(t).Query(list)
	if err != nil {
		t.Fatal(err)
	}
	all := texts(t, names)
	if len(all) < 20 {
		t.Fatalf("%d tables", len(all))
	}
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// everything is each table of the database as text and each file of the data folder as it lies there. On SQLite that is
// the database file too, with whatever was deleted and not yet overwritten.
func (f *fixture) everything(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range f.tables(t) {
		rows, err := f.sql(t).Query("SELECT * FROM " + table)
		if err != nil {
			t.Fatal(err)
		}
		all["table "+table] = strings.Join(texts(t, rows), "\n")
	}
	err := filepath.WalkDir(f.config.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all["file "+filepath.Base(path)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// secret is what somebody could act with, and what may be kept of it: "" = nothing, it is derived or signed.
type secret struct{ value, hash string }

// handedOut lets every kind of token be made, some used and some not.
func (r *row) handedOut() map[string]secret {
	r.Helper()
	all := map[string]secret{"a password": {value: "a password of mine"}}
	kept := func(name, label, value string) { all[name] = secret{value, token.Hash(label + value)} }
	made := func(name, value string) { all[name] = secret{value: value} }

	k := r.talk("ag1") // the host's own login: to the end, half-way
	kept("a visitor's token", "", k.b.token)
	r.reads(k, "ag1")
	r.shows("ag1", k.cv)
	made("a pass", k.vic.ok("pass", map[string]any{})["pass"].(string))
	session := r.site.session(r.T, "u-vic")
	k.vic.ok("identify", map[string]any{"token": session})
	made("a session token of the host", session)
	change, address := k.offer(r.T)
	back := r.confirm(address)
	k.vic.ok("change.finish", k.finish(r.T, k.b, change, back))
	r.reaches(change, verify.Applied)
	kept("a used handle", "", handleIn(r, address))
	kept("a used finish token", "", finishIn(back))
	_, address = k.offer(r.T)
	kept("a handle", "", handleIn(r, address))
	kept("a finish token", "", finishIn(r.confirm(address)))

	s := r.begin(r.talk("ag1")) // and a login at a provider
	kept("a start token", "", s.token)
	kept("the cookie of a login", "", s.cookie)
	s.back()
	_, out := s.press(verify.PressApprove)
	next, _ := out["next"].(string)
	kept("a finish token of our page", "", finishIn(next))

	said, err := addKey(r.Context(), r.Service.Store, "desk of the shop", "support", gateway.Scopes(), r.clock.now())
	if err != nil {
		r.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	kept("an API key", "key\n", lines[len(lines)-1])
	kept("a session cookie", "", r.desk(r.T, "ad1").takesOver(string(r.staff["sn1"].ID)).cookie.Value)
	link := r.desk(r.T, "ad1").ok("POST", "/v1/agents/"+string(r.staff["ag2"].ID)+"/link", map[string]any{})["url"].(string)
	_, link, _ = strings.Cut(link, "#password=")
	kept("a password link", "link\n", link)
	for name, s := range all {
		if len(s.value) < 16 {
			r.Fatalf("%s is %q", name, s.value)
		}
	}
	return all
}

func finishIn(back string) string {
	_, finish, _ := strings.Cut(back, "#postern=")
	return finish
}

func handleIn(r *row, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		r.Fatal(err)
	}
	return u.Query().Get("h")
}

// private matches a private key in the forms in which one is written: PEM, a JWK, PKCS #8 and SEC 1 in base64.
var private = regexp.MustCompile(`PRIVATE KEY|"d"\s*:\s*"[A-Za-z0-9_-]{43}"|MIGHAgEAMB|MHcCAQEEI|MC4CAQAwBQ`)

// keyForms are the ways in which a key's secret number may lie about.
func keyForms(t *testing.T, key *ecdsa.PrivateKey) []string {
	t.Helper()
	d, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		string(d), hex.EncodeToString(d), strings.ToUpper(hex.EncodeToString(d)), base64.StdEncoding.EncodeToString(d),
		base64.RawURLEncoding.EncodeToString(d), new(big.Int).SetBytes(d).String(),
	}
}

func dumpRead(r *row) {
	r.alone(options{config: signedConfig(r.T)})
	folder, _ := r.signerProcess()
	secrets := r.handedOut()
	r.given()
	ring, err := keyFolder(folder).read()
	if err != nil || len(ring) == 0 {
		r.Fatalf("the signer's keys: %d, %v", len(ring), err)
	}
	var whole strings.Builder
	for where, text := range r.everything(r.T) {
		for name, s := range secrets {
			if strings.Contains(text, s.value) {
				r.Errorf("%s holds %s", where, name)
			}
		}
		for _, fact := range factsIn(text) {
			if fact != "u-vic" { // the subject of a proof is no fact about the account
				r.Errorf("%s holds %q", where, fact)
			}
		}
		r.noSigningKey(where, text, ring)
		whole.WriteString(text)
	}
	for name, s := range secrets { // else the search has looked in the wrong place
		if !strings.Contains(whole.String(), s.hash) {
			r.Errorf("there is no trace of %s", name)
		}
	}
	r.holdsNoKey(r.T)
	r.hashesOpenNothing(secrets)
}

// noSigningKey asserts that a text holds no private key, and not the secret number of any of these.
func (r *row) noSigningKey(where, text string, ring verify.KeyRing) {
	r.Helper()
	if m := private.FindString(text); m != "" {
		r.Errorf("%s holds a private key: %q", where, m)
	}
	for _, k := range ring {
		for _, form := range keyForms(r.T, k.Key) {
			if strings.Contains(text, form) {
				r.Errorf("%s holds the key that signs receipts", where)
			}
		}
	}
}

// hashesOpenNothing tries what the dump holds in the place of what it was made from.
func (r *row) hashesOpenNothing(secrets map[string]secret) {
	r.Helper()
	h := func(name string) string { return secrets[name].hash }
	if status, _, _ := r.call("", "GET", "/v1/challenge/"+h("a handle"), ""); status != http.StatusGone {
		r.Errorf("the hash of a handle: %d", status)
	}
	for _, name := range []string{"a session cookie", "a password link"} {
		d := desk{r.T, r.node, &http.Cookie{Name: "__Host-postern-agent", Value: h(name)}}
		if status, _ := d.call("GET", "/v1/me", nil); status != http.StatusUnauthorized {
			r.Errorf("the hash of %s: %d", name, status)
		}
	}
	k := r.talks[0]
	if status, _ := r.keyed(h("an API key"), "POST", "/v1/conversations/"+k.cv+"/drafts", `{"kind":"renewal.cancel","fields":{"plan":"plus"}}`); status != http.StatusUnauthorized {
		r.Errorf("the hash of an API key: %d", status)
	}
	for _, name := range []string{"a finish token", "a finish token of our page"} {
		r.refused(k.vic, "finish.expired", "change.finish", map[string]any{"conversation": k.cv, "change": "ch_01KAH0000000000000000000AA", "finish": h(name), "sig": strings.Repeat("A", 86)})
	}
	if res, out, _ := r.web("POST", "/verify/start", "", `{"token":"`+h("a start token")+`"}`); res.StatusCode == http.StatusOK {
		r.Errorf("the hash of a start token: %v", out)
	}
}

// A private key is found in every form that it is written in; a public one is not taken for one.
func TestPrivateKeysAreFound(t *testing.T) {
	text, err := newSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := readSigningKey(text)
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Join(bytes.Split(text, []byte("\n"))[1:2], nil)
	jwk, err := verify.NewJWK(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"PEM":        {string(text), true},
		"its body":   {string(body), true},
		"a JWK":      {`{"kty":"EC","d":"` + keyForms(t, key)[4] + `"}`, true},
		"public JWK": {`{"kty":"EC","crv":"P-256","x":"` + jwk.X + `","y":"` + jwk.Y + `"}`, false},
	} {
		if got := private.MatchString(c.text); got != c.want {
			t.Errorf("%s: found %v, want %v: %s", name, got, c.want, c.text)
		}
	}
}
