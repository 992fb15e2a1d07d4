package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The three commands of deploy/INSTALL.md, word by word, in an empty folder: a gateway that answers, and the link of its
// first admin. Only the port is another one.
func TestInstall(t *testing.T) {
	commands := strings.Split(strings.TrimSpace(commandsIn(t, "INSTALL.md")), "\n")
	if len(commands) != 3 {
		t.Fatalf("%d commands, want three: %q", len(commands), commands)
	}
	address, said := freeAddress(t), &output{}
	cmd := exec.Command("sh", "-eu", "-c", strings.Join(commands[:2], "\n")+"\nexec "+commands[2])
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.TempDir(), said, said
	cmd.Env = []string{"PATH=" + filepath.Dir(binary(t)) + ":" + os.Getenv("PATH"), "POSTERN_LISTEN=" + address}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	waitUntil(t, "nobody answers", func() bool {
		res, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if !strings.Contains(said.String(), "https://chat.example.com/console#password=") {
		t.Errorf("no link for the first admin: %s", said)
	}
}
