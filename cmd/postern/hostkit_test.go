package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// The files of deploy/ for signer and enforcer are ones that the commands take.
func TestHostKitFiles(t *testing.T) {
	deploy := func(name string) string { return filepath.Join("..", "..", "deploy", name) }
	e, err := readEnforcerConfig(deploy("enforcer.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := (&receipt.Enforcer{Rules: e.rules()}).Check(); err != nil || len(e.Rules) != 2 {
		t.Errorf("%d rules, %v", len(e.Rules), err)
	}
	if s, err := readSignerConfig(deploy("signer.toml")); err != nil || len(s.Providers) != 1 {
		t.Errorf("signer.toml: %+v, %v", s, err)
	}
	for unit, command := range map[string]string{"postern-signer.service": "signer", "postern-enforcer.service": "enforcer"} {
		if !regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/postern ` + command + ` --config /etc/\S+\.toml$`).MatchString(deployFile(t, unit)) {
			t.Errorf("%s does not start postern %s", unit, command)
		}
	}
	for _, manual := range []struct{ name, says string }{{"ENFORCER.md", "`deploy/enforcer.toml`"}, {"SIGNER.md", `signer = "unix:/run/postern-signer/socket"`}, {"postern-signer.socket", "ListenStream=/run/postern-signer/socket"}} {
		if !strings.Contains(deployFile(t, manual.name), manual.says) {
			t.Errorf("%s does not say %s", manual.name, manual.says)
		}
	}
}

// Rules that could do something else than they say stop the start.
func TestEnforcerRules(t *testing.T) {
	good := receipt.Rule{Kind: "email.change", Method: "PATCH", Path: "/accounts/{sub}", Body: `{"email":"{email}"}`, Minimum: verify.A3}
	for name, bend := range map[string]func(r *receipt.Rule){
		"no kind": func(r *receipt.Rule) { r.Kind = "" }, "recovery": func(r *receipt.Rule) { r.Kind = "recovery.password" }, "GET": func(r *receipt.Rule) { r.Method = "GET" },
		"no level": func(r *receipt.Rule) { r.Minimum = "" }, "E0": func(r *receipt.Rule) { r.Minimum = verify.E0 }, "no path": func(r *receipt.Rule) { r.Path = "" },
		"a path that climbs": func(r *receipt.Rule) { r.Path = "/accounts/../{sub}" }, "a query": func(r *receipt.Rule) { r.Path = "/accounts?id={sub}" },
		"nobody's account": func(r *receipt.Rule) { r.Path = "/accounts/1" }, "no JSON": func(r *receipt.Rule) { r.Body = `{"email":` }, "a list": func(r *receipt.Rule) { r.Body = `["{sub}"]` },
	} {
		r := good
		bend(&r)
		if (&receipt.Enforcer{Rules: []receipt.Rule{r}}).Check() == nil {
			t.Errorf("%s: the rule is taken", name)
		}
	}
	if err := (&receipt.Enforcer{Rules: []receipt.Rule{good}}).Check(); err != nil {
		t.Error(err)
	}
	if (&receipt.Enforcer{Rules: []receipt.Rule{good, good}}).Check() == nil || (&receipt.Enforcer{}).Check() == nil {
		t.Error("two rules of one kind, or none, are taken")
	}
}

// The socket that a service manager hands over is used as it is.
func TestSignerActivation(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "signer.toml")
	text := fmt.Sprintf("keys = %q\ngateway = %q\naudiences = [%q]\n", filepath.Join(dir, "keys"), "https://chat.site.test", audience)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &output{}
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" signer --config "$1"`, binary(t), conf)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = file.Close(); _ = l.Close() })
	s := newSocketSigner(filepath.Join(dir, "s"), time.Now)
	claims, _ := signerClaims(t, "https://chat.site.test", time.Now())
	var wrong error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, wrong = s.Sign(t.Context(), claims); wrong == nil {
			return
		}
	}
	t.Errorf("%v\n%s", causes(wrong), log)
}

// A signer is a socket with an absolute path, and takes the place of the key.
func TestSignerKeyOfConfig(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string // "" = no mistake
	}{
		{[]string{"--signer", "unix:/run/s"}, ""},
		{[]string{"--signer", "tcp://x:1"}, "signer: must be unix:"},
		{[]string{"--signer", "unix:relative"}, "signer: must be unix:"},
		{[]string{"--signer", "unix:/run/s", "--signing-key-file", "key.pem"}, "signer: with it there is no signing_key_file"},
	} {
		_, _, err := Load(append(c.args, "--data", t.TempDir()), nil, io.Discard)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}
