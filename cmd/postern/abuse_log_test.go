package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// abuseLog: the log as a bundle, outside copies of its checkpoint, erasure.
func abuseLog() map[string]func(r *row) {
	return map[string]func(r *row){"K02": droppedTail, "K05": bundleAlone, "K06": erased, "L09": restored}
}

// audits runs a sub-command of 'postern audit' on the fixture's database.
func (r *row) audits(want int, args ...string) string {
	r.Helper()
	env := []string{}
	if r.config.DatabaseURL != "" {
		env = append(env, "POSTERN_DATABASE_URL="+r.config.DatabaseURL)
	}
	args = append(args, "--data", r.config.Data, "--signing-key-file", r.config.SigningKeyFile, "--secret-file", r.config.SecretFile,
		"--public-url", r.config.PublicURL)
	return say(r.T, want, env, append([]string{"audit"}, args...)...)
}

// export writes the fixture's bundle.
func (r *row) export() string {
	r.Helper()
	name := filepath.Join(r.TempDir(), "bundle.tar")
	r.audits(exitOK, "export", name)
	return name
}

// ownKeyFile is what the host keeps for itself.
func (r *row) ownKeyFile() string {
	r.Helper()
	name := filepath.Join(r.TempDir(), "own.key")
	if err := os.WriteFile(name, r.site.own, 0o600); err != nil {
		r.Fatal(err)
	}
	return name
}

// bundleAlone: a witness and an ID token in one log. The command gets a file and nothing else: no data folder, no
// variable, no address; the provider has thrown its keys away by then.
func bundleAlone(r *row) {
	r.alone(options{})
	r.honest(r.talk("ag1"))
	k := r.talkIn(newBrowser(r.T), "ag2", "Please pause it")
	s := r.begin(k)
	s.back()
	s.applied(k)
	r.given()
	name := r.export()
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	r.idp.Key = fresh // the provider has thrown the old one away
	out := say(r.T, exitOK, nil, "audit", "verify", name, "--host-key", r.ownKeyFile())
	if !strings.Contains(out, "2 changes, 2 receipts, 1 ID tokens, 1 witnesses checked") || !strings.Contains(out, "ok:") {
		r.Errorf("the bundle: %s", out)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		r.Fatal(err)
	}
	for _, change := range []string{s.change} {
		jwt := r.change(change).Proof.Evidence.JWT
		bent := strings.Replace(string(raw), jwt, jwt[:len(jwt)-8]+"AAAAAAAA", 1)
		if err := os.WriteFile(name, []byte(bent), 0o600); err != nil {
			r.Fatal(err)
		}
		if out := say(r.T, exitFailed, nil, "audit", "verify", name); !strings.Contains(out, change) || !strings.Contains(out, "archived keys") {
			r.Errorf("an ID token that the provider did not sign: %s", out)
		}
	}
}

// erased: everything that the gateway keeps of vic's changes goes, the log stays whole.
func erased(r *row) {
	r.alone(options{})
	k := r.talk("ag1")
	change := r.honest(k)
	r.given()
	old := r.change(change)
	lines := r.leaves()
	out := r.audits(exitOK, "erase", "--subject", "shop:u-vic")
	if !strings.Contains(out, "1 changes erased") {
		r.Errorf("erase: %s", out)
	}
	now := r.change(change)
	if now.Seal != "" || now.Proof.Subject != "" || now.Receipt.JWS != "" || len(now.Change.Fields) != 0 || now.Chg != "" || now.State != verify.Applied {
		r.Errorf("the row is %+v", now)
	}
	said := 0
	for _, l := range r.leaves() {
		if l.Change == change && l.Reason == verify.LogErased && l.Chg+l.Sealed+l.Evidence == "" {
			said++
		}
	}
	if said != 1 || len(r.leaves()) != len(lines)+1 {
		r.Errorf("%d lines speak of the erasure", said)
	}
	r.audit(r.T)
	if out := say(r.T, exitOK, nil, "audit", "verify", r.export()); !strings.Contains(out, "1 changes erased") {
		r.Errorf("the bundle: %s", out)
	}
	r.closed(old)
	if out := r.audits(exitOK, "erase", "--subject", "u-vic"); !strings.Contains(out, "0 changes") {
		r.Errorf("again: %s", out)
	}
}

// closed looks for the erased values in all tables, and tries to open the lines with a right guess.
func (r *row) closed(old verify.Row) {
	r.Helper()
	db := r.sql(r.T)
	for _, table := range []string{"changes", "events", "log_leaves", "burns", "slips"} {
		rows, err := db.Query("SELECT * FROM " + table)
		if err != nil {
			r.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			r.Fatal(err)
		}
		for rows.Next() {
			values, to := make([][]byte, len(columns)), make([]any, len(columns))
			for i := range values {
				to[i] = &values[i]
			}
			if err := rows.Scan(to...); err != nil {
				r.Fatal(err)
			}
			text := bytes.Join(values, []byte("|"))
			for _, gone := range []string{old.Seal, old.Chg, "u-vic", `"plan":"plus"`, old.Receipt.JWS, old.Proof.Evidence.Witness, old.Proof.Sig} {
				if bytes.Contains(text, []byte(gone)) {
					r.Errorf("%s still holds %q: %s", table, gone, text)
				}
			}
		}
		if err := rows.Err(); err != nil {
			r.Fatal(err)
		}
		_ = rows.Close()
	}
	// Who guesses the change rightly has its digest, and no line shows whether he is right.
	leaves, err := r.store.ledger.Leaves(r.Context(), 0, 1000)
	if err != nil {
		r.Fatal(err)
	}
	bare := regexp.MustCompile(regexp.QuoteMeta(old.Chg))
	for _, l := range leaves {
		if bare.Match(l) {
			r.Errorf("a line opens: %s", l)
		}
	}
}
