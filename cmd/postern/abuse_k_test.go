package main

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// abuseK: the log.
func abuseK() map[string]func(r *row) {
	return map[string]func(r *row){"K01": changedLeaf, "K03": swappedLeaves, "K04": appliedInSQL}
}

// fill writes a sound log of n leaves into an empty database.
func (r *row) fill(n int64) *sql.DB {
	r.Helper()
	r.alone(options{})
	db := r.sql(r.T)
	tx, err := db.Begin()
	if err != nil {
		r.Fatal(err)
	}
	var tree [][32]byte
	read := func(index []int64) ([][32]byte, error) {
		out := make([][32]byte, len(index))
		for i, x := range index {
			out[i] = tree[x]
		}
		return out, nil
	}
	var leaves, hashes []any
	for i := range n {
		l := verify.Leaf{V: "1", At: "1", Actor: fmt.Sprintf("ag_%d", i), Role: verify.Agent, Conversation: "cv_1", Reason: verify.RoleRefused}
		b, err := l.Bytes()
		if err != nil {
			r.Fatal(err)
		}
		more, err := verify.Grow(i, b, read)
		if err != nil {
			r.Fatal(err)
		}
		leaves = append(leaves, i, string(b))
		for _, h := range more {
			hashes = append(hashes, int64(len(tree)), append([]byte(nil), h[:]...))
			tree = append(tree, h)
		}
	}
	r.insert(tx, "log_leaves (n, leaf)", leaves)
	r.insert(tx, "log_hashes (n, hash)", hashes)
	if _, err := tx.Exec("UPDATE log_head SET size = $1", n); err != nil {
		r.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		r.Fatal(err)
	}
	return db
}

// insert stores rows of two columns.
func (r *row) insert(tx *sql.Tx, into string, values []any) {
	r.Helper()
	for len(values) > 0 {
		n := min(200, len(values))
		var b strings.Builder
		for i := 1; i < n; i += 2 {
			b.WriteString(",($" + strconv.Itoa(i) + ",$" + strconv.Itoa(i+1) + ")")
		}
		if _, err := tx.Exec("INSERT INTO "+into+" VALUES "+b.String()[1:], values[:n]...); err != nil {
			r.Fatal(err)
		}
		values = values[n:]
	}
}

// audited gives the leaves and changes that the audit names, by the auditor's own route.
func (r *row) audited() (ok bool, leaves []int64, changes []string) {
	r.Helper()
	_, answer, b := r.get("au1", "/v1/audit")
	bad, _ := answer["bad"].([]any)
	for _, x := range bad {
		f := x.(map[string]any)
		leaves, changes = append(leaves, int64(f["leaf"].(float64))), append(changes, f["change"].(string))
	}
	ok, known := answer["ok"].(bool)
	if !known {
		r.Fatalf("audit: %s", b)
	}
	return ok, leaves, changes
}

func changedLeaf(r *row) {
	db := r.fill(10_000)
	if _, err := db.Exec(`UPDATE log_leaves SET leaf = REPLACE(leaf, 'ag_777', 'ag_77x') WHERE n = 777`); err != nil {
		r.Fatal(err)
	}
	if ok, leaves, _ := r.audited(); ok || len(leaves) == 0 || leaves[0] != 777 {
		r.Errorf("the audit names %v, want leaf 777 first", leaves)
	}
	if out := r.auditVerify(); !strings.Contains(out, "\nline 777 ") || strings.Contains(out, "\nline 776 ") {
		r.Errorf("'audit verify' says %s", out)
	}
}

func swappedLeaves(r *row) {
	db := r.fill(2_000)
	for _, q := range []string{
		`UPDATE log_leaves SET n = -1 WHERE n = 777`, `UPDATE log_leaves SET n = 777 WHERE n = 778`, `UPDATE log_leaves SET n = 778 WHERE n = -1`,
	} {
		if _, err := db.Exec(q); err != nil {
			r.Fatal(err)
		}
	}
	if ok, leaves, _ := r.audited(); ok || len(leaves) < 2 || leaves[0] != 777 || leaves[1] != 778 {
		r.Errorf("the audit names %v, want leaves 777 and 778 first", leaves)
	}
	if out := r.auditVerify(); !strings.Contains(out, "\nline 777 ") || !strings.Contains(out, "\nline 778 ") {
		r.Errorf("'audit verify' says %s", out)
	}
}

func appliedInSQL(r *row) {
	r.alone(options{})
	k := r.talk("ag1")
	change, _ := k.offer(r.T)
	_, err := r.sql(r.T).Exec(`UPDATE changes SET state = 'applied', body = REPLACE(body, '"state":"challenged"', '"state":"applied"') WHERE id = $1`, change)
	if err != nil {
		r.Fatal(err)
	}
	ok, _, changes := r.audited()
	if ok || len(changes) != 1 || changes[0] != change {
		r.Errorf("the audit names %v, want %s", changes, change)
	}
	if out := r.auditVerify(); !strings.Contains(out, change) {
		r.Errorf("'audit verify' says %s", out)
	}
	if health := r.health(); health["log"] != "ok" {
		r.Errorf("before the hour is over the overview says %v", health)
	}
	if _, err := r.sql(r.T).Exec(`UPDATE jobs SET due = 1 WHERE kind = 'reconcile' AND done_at IS NULL`); err != nil {
		r.Fatal(err)
	}
	r.until(func() string {
		if health := r.health(); health["log"] != "differs" {
			return fmt.Sprint("the overview says ", health)
		}
		return ""
	})
	found, err := r.Service.Reconciled(r.Context())
	if err != nil || len(found.Bad) != 1 || found.Bad[0] != change || !strings.Contains(r.log.String(), change) {
		r.Errorf("the job has found %+v, %v; want %s", found, err, change)
	}
}

// health is what the overview says.
func (r *row) health() map[string]any {
	r.Helper()
	_, answer, _ := r.get("ad1", "/v1/overview")
	health, _ := answer["health"].(map[string]any)
	return health
}

// auditVerify runs the command on the fixture's database, which it must find wrong.
func (r *row) auditVerify() string {
	r.Helper()
	env := []string{}
	if r.config.DatabaseURL != "" {
		env = append(env, "POSTERN_DATABASE_URL="+r.config.DatabaseURL)
	}
	return say(r.T, exitFailed, env, "audit", "verify", "--data", r.config.Data,
		"--signing-key-file", r.config.SigningKeyFile, "--secret-file", r.config.SecretFile)
}
