package oidc

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
)

// patience is how long a slow machine may take to start a process.
const patience = 2 * time.Minute

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
	formOf    = regexp.MustCompile(`(?s)<form.*?</form>`)
	actionOf  = regexp.MustCompile(`action="([^"]+)"`)
	inputOf   = regexp.MustCompile(`(?s)<input[^>]*>`)
	attribute = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// throughForms logs in at a provider's own pages, which are plain forms: the login, perhaps a consent.
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
		action, fields := form(t, res.StatusCode, string(body))
		if fields.Has("password") {
			logins++
		}
		if action != "#" {
			if at, err = at.Parse(action); err != nil {
				t.Fatal(err)
			}
		}
		res, err = b.PostForm(at.String(), fields)
	}
	t.Fatal("no way out of the provider's pages")
	return nil
}

// form is the first form of a page, filled in.
func form(t *testing.T, status int, page string) (action string, fields url.Values) {
	t.Helper()
	text := formOf.FindString(page)
	m := actionOf.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%d without a form:\n%s", status, page)
	}
	fields = url.Values{}
	for _, input := range inputOf.FindAllString(text, -1) {
		got := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(input, -1) {
			got[a[1]] = html.UnescapeString(a[2])
		}
		if got["name"] != "" {
			fields.Set(got["name"], got["value"])
		}
	}
	for name, value := range map[string]string{"login": "u-vic", "user": "dwho", "password": "dwho"} {
		if fields.Has(name) {
			fields.Set(name, value)
		}
	}
	return html.UnescapeString(m[1]), fields
}
