package main

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

// diagnosis runs the doctor and gives level by code. The exit code says whether something is bad.
func diagnosis(t *testing.T, env []string, args ...string) map[string]string {
	t.Helper()
	var out, errs bytes.Buffer
	code := dispatch(t.Context(), append([]string{"doctor", "--json"}, args...), env, &out, &errs)
	var r struct{ Found []symptom }
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s%s", err, &out, &errs)
	}
	codes, want := map[string]string{}, exitOK
	for _, s := range r.Found {
		if s.What == "" || s.Do == "" {
			t.Errorf("%s says %q and %q", s.Code, s.What, s.Do)
		}
		if codes[s.Code] = s.Level; s.Level == levelBad {
			want = exitFailed
		}
	}
	if code != want {
		t.Errorf("exit %d, want %d: %v", code, want, codes)
	}
	return codes
}

// ofTheMachine are the symptoms of where the tests run.
func ofTheMachine(code string) bool {
	return code == "ui.missing" || strings.HasPrefix(code, "disk.") || code == "files.limit"
}

// sound is a configuration about which the doctor has nothing bad to say but for the machine that tests run on.
func sound(t *testing.T) (dir string, args []string) {
	t.Helper()
	dir = t.TempDir()
	secret, err := newSecret()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "secret"), secret, 0o600)
	}
	if err := errors.Join(err, os.Chmod(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	return dir, []string{"--data", dir, "--public-url", "https://chat.shop.test", "--trusted-proxies", "127.0.0.1", "--limits-connections", "100"}
}

// Each unsafe setting and each broken part has its code and level; none of them is there without its cause.
func TestDoctor(t *testing.T) {
	closed := freeAddress(t)
	host, port, _ := net.SplitHostPort(closed)
	_, quiet := sound(t)
	for code, level := range diagnosis(t, nil, quiet...) {
		if level == levelBad && !ofTheMachine(code) {
			t.Errorf("%s is bad where nothing is wrong", code)
		}
	}
	for _, c := range []struct {
		name, code, level string
		args              []string
		env               []string
		spoil             func(t *testing.T, dir string) error
	}{
		{name: "no TLS and no proxy", code: "tls.none", level: levelBad, args: []string{"--listen", "0.0.0.0:8080", "--trusted-proxies", ""}},
		{name: "a proxy that is not named", code: "proxy.unnamed", level: levelCare, args: []string{"--trusted-proxies", ""}},
		{name: "everybody is a proxy", code: "trusted_proxies.wide", level: levelBad, args: []string{"--trusted-proxies", "0.0.0.0/0"}},
		{name: "everybody reads metrics", code: "metrics_allow.wide", level: levelBad, args: []string{"--metrics-allow", "::/0"}},
		{name: "only this machine", code: "url.local", level: levelCare, args: []string{"--public-url", "http://localhost:8080"}},
		{name: "a metrics token of one letter", code: "metrics_token.weak", level: levelBad, env: []string{"POSTERN_METRICS_TOKEN=aaaaaaaaaaaaaaaaaaaa"}},
		{name: "the signer is away", code: "signer.down", level: levelBad, args: []string{"--signer", "unix:/nowhere/signer.sock"}},
		{name: "the smart host is away", code: "mail.down", level: levelBad, args: []string{"--smtp-host", host, "--smtp-port", port, "--smtp-tls", "none"}},
		{name: "more sockets than files", code: "files.limit", level: levelBad, args: []string{"--limits-connections", "2000000000"}},
		{name: "a secret that others read", code: "secret.mode", level: levelBad, spoil: func(_ *testing.T, dir string) error {
			return os.Chmod(filepath.Join(dir, "secret"), 0o644)
		}},
		{name: "a secret of one letter", code: "secret.weak", level: levelBad, spoil: func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "secret"), []byte(strings.Repeat("x", 40)), 0o600)
		}},
		{name: "the demo's secrets", code: "secret.demo", level: levelBad, spoil: func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "witness-secret"), []byte("shop"), 0o600)
		}},
		{name: "a data folder that others see", code: "data.mode", level: levelBad, spoil: func(_ *testing.T, dir string) error {
			return os.Chmod(dir, 0o755)
		}},
		{name: "no schema yet", code: "database.none", level: levelCare},
		{name: "nobody is admin", code: "staff.none", level: levelCare, spoil: func(t *testing.T, dir string) error {
			return withStore(t, dir, func(gateway.Store) error { return nil })
		}},
		{name: "the demo's password", code: "staff.demo", level: levelBad, spoil: func(t *testing.T, dir string) error {
			if _, err := addAgent(t.Context(), Config{Data: dir}, gateway.Agent{Email: "ada@shop.example", Name: "Ada", Role: gateway.RoleAdmin}, time.Now()); err != nil {
				return err
			}
			return withStore(t, dir, func(st gateway.Store) error {
				a, err := st.AgentByEmail(t.Context(), "ada@shop.example")
				if err != nil {
					return err
				}
				hash, err := token.HashPassword(demoPassword, rand.Reader)
				return errors.Join(err, st.SetPassword(t.Context(), a.ID, hash, time.Now()))
			})
		}},
		{name: "a log of tomorrow", code: "clock.back", level: levelBad, spoil: func(t *testing.T, dir string) error {
			return inSQLite(t, dir, "UPDATE log_head SET high = ?", time.Now().Add(24*time.Hour).UnixMilli())
		}},
		{name: "an older schema", code: "schema.old", level: levelCare, spoil: func(t *testing.T, dir string) error {
			return inSQLite(t, dir, "DELETE FROM goose_db_version WHERE version_id > ?", 13)
		}},
		{name: "a newer schema", code: "schema.new", level: levelBad, spoil: func(t *testing.T, dir string) error {
			return inSQLite(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)", 9999)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, args := sound(t)
			if c.spoil != nil {
				if err := c.spoil(t, dir); err != nil {
					t.Fatal(err)
				}
			}
			got := diagnosis(t, c.env, append(args, c.args...)...)
			if got[c.code] != c.level {
				t.Errorf("%s is %q, want %s: %v", c.code, got[c.code], c.level, got)
			}
		})
	}
}

func withStore(t *testing.T, dir string, do func(gateway.Store) error) error {
	t.Helper()
	st, err := openStorage(t.Context(), Config{Data: dir}, time.Now)
	if err != nil {
		return err
	}
	return errors.Join(do(st.gateway), st.gateway.Close())
}

// inSQLite changes a database behind the gateway's back.
func inSQLite(t *testing.T, dir, query string, args ...any) error {
	t.Helper()
	if err := withStore(t, dir, func(gateway.Store) error { return nil }); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "postern.db"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(t.Context(), query, args...)
	return errors.Join(err, db.Close())
}

// With PostgreSQL and Redis: both answer, or are named; a server that may lose what it acknowledged is named.
func TestDoctorServers(t *testing.T) {
	c := shared(t)
	closed := "127.0.0.1:1"
	env := []string{"POSTERN_DATABASE_URL=" + c.DatabaseURL, "POSTERN_REDIS_URL=" + c.RedisURL}
	args := []string{"--data", c.Data, "--secret-file", c.SecretFile, "--signing-key-file", c.SigningKeyFile, "--public-url", "https://chat.shop.test", "--trusted-proxies", "127.0.0.1", "--limits-connections", "100"}
	if err := os.Chmod(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	for code, level := range diagnosis(t, env, args...) {
		if level == levelBad && !ofTheMachine(code) {
			t.Errorf("%s is bad where nothing is wrong", code)
		}
	}
	db, err := sql.Open("pgx", c.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	err = db.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name)
	if err == nil {
		_, err = db.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET synchronous_commit = off")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if got := diagnosis(t, env, args...); got["database.synchronous_commit"] != levelBad {
		t.Errorf("synchronous_commit is off: %v", got)
	}
	for code, env := range map[string][]string{
		"database.down":  {"POSTERN_DATABASE_URL=postgres://nobody@" + closed + "/none", env[1]},
		"redis.down":     {env[0], "POSTERN_REDIS_URL=redis://" + closed},
		"redis.open":     {env[0], "POSTERN_REDIS_URL=redis://192.0.2.1:6379"},
		"redis.plain":    {env[0], "POSTERN_REDIS_URL=redis://:password@192.0.2.1:6379"},
		"database.plain": {"POSTERN_DATABASE_URL=postgres://postern@192.0.2.1/postern", env[1]},
	} {
		if got := diagnosis(t, env, args...); got[code] != levelBad {
			t.Errorf("%s: %v", code, got)
		}
	}
}

// Mistakes of the file are findings too; words for a person come without --json.
func TestDoctorMistakes(t *testing.T) {
	if got := diagnosis(t, nil, "--public-url", "http://chat.shop.test"); got["config"] != levelBad {
		t.Errorf("%v", got)
	}
	_, args := sound(t)
	out := say(t, exitFailed, nil, append([]string{"doctor", "--strict"}, args...)...)
	if !strings.Contains(out, "care signer.inside") || !strings.Contains(out, "→ ") {
		t.Error(out)
	}
	say(t, exitUsage, nil, append([]string{"doctor", "now"}, args...)...)
}

// migrate says what is to do, does it, and has nothing to do then; a newer schema is left alone.
func TestMigrate(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			c, args, env := alone(t), []string(nil), []string(nil)
			if engine == "PostgreSQL" {
				c = shared(t)
				env = []string{"POSTERN_DATABASE_URL=" + c.DatabaseURL}
				args = []string{"--secret-file", c.SecretFile, "--signing-key-file", c.SigningKeyFile}
			}
			args = append(args, "--data", c.Data)
			for _, step := range []struct {
				want int
				args []string
				says string
			}{
				{exitFailed, []string{"migrate", "--status"}, "the schema is at 0"},
				{exitFailed, []string{"migrate", "--status"}, "the schema is at 0"}, // it changed nothing
				{exitOK, []string{"migrate"}, "from 0 to "},
				{exitOK, []string{"migrate", "--status"}, "nothing to do"},
				{exitOK, []string{"migrate"}, "nothing to do"},
			} {
				if out := say(t, step.want, env, append(step.args, args...)...); !strings.Contains(out, step.says) {
					t.Errorf("%v: %q is not in %s", step.args, step.says, out)
				}
			}
			say(t, exitUsage, env, append(append([]string{"migrate"}, args...), "up")...)
			driver, source := "sqlite", filepath.Join(c.Data, "postern.db")
			if engine == "PostgreSQL" {
				driver, source = "pgx", c.DatabaseURL
			}
			db, err := sql.Open(driver, source)
			if err == nil {
				_, err = db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
			}
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			if out := say(t, exitFailed, env, append([]string{"migrate"}, args...)...); !strings.Contains(out, "use the newer program") {
				t.Error(out)
			}
		})
	}
}

// Whichever form the address has.
func TestRedisPlace(t *testing.T) {
	for text, want := range map[string][3]bool{
		"redis://127.0.0.1:6379":                                      {false, false, false},
		"redis://localhost":                                           {false, false, false},
		"redis://:secret@[::1]:6379/0":                                {false, false, true},
		"rediss://postern:s@cret@cache.site.test:6380/0":              {true, true, true},
		"redis://postern@cache.site.test":                             {true, false, false},
		"redis+cluster://127.0.0.1:1,10.0.0.2:2":                      {true, false, false},
		"rediss+sentinel://u:p@127.0.0.1:1,127.0.0.1:2/main?x=a@b.co": {false, true, true},
	} {
		away, secure, password := redisPlace(text)
		if got := [3]bool{away, secure, password}; got != want {
			t.Errorf("%s: away, secure, password = %v, want %v", text, got, want)
		}
	}
}
