package oidc

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// run starts a process that ends with the test.
func run(t *testing.T, c *exec.Cmd) (stdout io.Reader) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatalf("%s: %v (.ci/install installs it)", c.Path, err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", c.Path, said.String())
		}
	})
	return out
}

// startOIDCProvider runs the npm package oidc-provider, installed from its lock file.
func startOIDCProvider(t *testing.T, key *ecdsa.PrivateKey, mode string) real {
	t.Helper()
	dir := filepath.Join("testdata", "oidc-provider")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		c := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
	jwk, err := verify.NewJWK(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(struct {
		verify.JWK
		Kid string `json:"kid"`
		Use string `json:"use"`
	}{jwk, jwk.Thumbprint(), "sig"})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("node", "server.mjs", string(text), mode)
	c.Dir = dir
	lines := bufio.NewScanner(run(t, c))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "http://") {
			return real{issuer: lines.Text(), login: throughForms}
		}
	}
	t.Fatal("oidc-provider did not start")
	return real{}
}

var (
	formAction = regexp.MustCompile(`action="([^"]+)"`)
	formPrompt = regexp.MustCompile(`name="prompt" value="([a-z]+)"`)
)

// throughForms logs in at oidc-provider's pages: plain forms, one for the login, one for the consent.
func throughForms(t *testing.T, b *http.Client, to string, asks bool) *url.URL {
	t.Helper()
	at, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	logins := 0
	res, err := b.Get(to)
	for range 20 {
		if err != nil {
			t.Fatal(err)
		}
		body, err2 := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err2 != nil {
			t.Fatal(err2)
		}
		if next, e := res.Location(); e == nil {
			if strings.HasPrefix(next.String(), redirect) {
				if (logins > 0) != asks {
					t.Fatalf("%d logins were asked for", logins)
				}
				return next
			}
			at = next
			res, err = b.Get(next.String())
			continue
		}
		action, prompt := formAction.FindSubmatch(body), formPrompt.FindSubmatch(body)
		if action == nil || prompt == nil {
			t.Fatalf("%d without a form:\n%s", res.StatusCode, body)
		}
		if string(prompt[1]) == "login" {
			logins++
		}
		post, e := at.Parse(string(action[1]))
		if e != nil {
			t.Fatal(e)
		}
		at = post
		res, err = b.PostForm(post.String(), url.Values{"prompt": {string(prompt[1])}, "login": {"u-vic"}, "password": {"any"}})
	}
	t.Fatal("no way out of the provider's pages")
	return nil
}
