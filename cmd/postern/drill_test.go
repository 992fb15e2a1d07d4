package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/postern-chat/postern/gateway/gatewaytest/server"
)

// commandsIn is the one sequence of commands of a document.
func commandsIn(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(found) != 1 {
		t.Fatalf("%s has %d sequences of commands, want one", name, len(found))
	}
	return found[0][1]
}

// The restore drill of deploy/BACKUP.md, word by word, with other folders, beside a running gateway.
func TestBackupDrill(t *testing.T) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f, list := processes(t, engine, nil, 1)
			r := newRow(t, f)
			r.given()
			r.honest(r.talk("ag1"))
			dir := t.TempDir()
			for name, p := range map[string]map[string]any{
				"postern.toml": {"data": f.config.Data, "database_url": f.config.DatabaseURL},
				"drill.toml":   {"data": filepath.Join(dir, "drill"), "database_url": ""},
			} {
				if name == "drill.toml" && engine == "PostgreSQL" {
					p["database_url"] = server.NewDatabase(t)
				}
				p["public_url"], p["secret_file"], p["signing_key_file"] = f.config.PublicURL, f.config.SecretFile, f.config.SigningKeyFile
				file, err := os.Create(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(toml.NewEncoder(file).Encode(p), file.Close()); err != nil {
					t.Fatal(err)
				}
			}
			text := commandsIn(t, "BACKUP.md")
			for from, to := range map[string]string{"/etc/postern": dir, "/srv/backup": dir} {
				if !strings.Contains(text, from) {
					t.Errorf("the drill has no %s", from)
				}
				text = strings.ReplaceAll(text, from, to)
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", text)
			cmd.Env = []string{"PATH=" + filepath.Dir(binary(t)) + ":" + os.Getenv("PATH")}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range []string{"the schema is at 0", "nothing to do", "ok: every line"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("%q is not in\n%s", want, out)
				}
			}
			list[0].kill(t)
		})
	}
}
