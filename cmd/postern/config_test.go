package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	secretLine = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	shop       = `
[[host]]
name = "shop"
audience = "https://acct.site.test"
site = "https://site.test"
verify_url = "https://site.test/support-verify"
delivery_url = "https://acct.site.test/postern"
recovery_url = "https://site.test/forgot"
[[source]]
name = "shop"
adapter = "webhook"
host = "shop"
secrets_file = "DIR/shop.secrets"
`
)

func TestExampleIsGeneratedFromConfigAndLoads(t *testing.T) {
	path := filepath.Join("testdata", "config.example.toml")
	if *update {
		if err := os.WriteFile(path, []byte(Example()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != Example() {
		t.Error("testdata/config.example.toml is not what Config says; run: go test ./cmd/postern -run Example -update")
	}
	plain, _, err := Load(nil, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := Load([]string{"--config", path}, nil, io.Discard)
	if err != nil || c.PublicURL != plain.PublicURL || !slices.Equal(c.MetricsAllow, plain.MetricsAllow) || !reflect.DeepEqual(c.SMTP, plain.SMTP) || c.Limits != plain.Limits {
		t.Fatalf("the example differs from the defaults: %+v, %v", c, err)
	}
	// The commented entries are keys that exist: with the comment signs gone nothing is unknown.
	open := filepath.Join(t.TempDir(), "open.toml")
	text := regexp.MustCompile(`(?m)^# (\[|[a-z_]+ = )`).ReplaceAllString(entries, "$1")
	if err := os.WriteFile(open, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err = Load([]string{"--config", open}, nil, io.Discard)
	if len(c.Hosts) != 1 || len(c.Sources) != 5 || len(c.Mail.IMAP) != 1 || strings.Contains(err.Error(), "unknown key") {
		t.Errorf("%d hosts, %d sources, %d folders, %v", len(c.Hosts), len(c.Sources), len(c.Mail.IMAP), err)
	}
}

func TestFlagBeatsVariableBeatsFileBeatsDefault(t *testing.T) {
	file := write(t, t.TempDir(), "p.toml", "listen = 'file:1'\n[smtp]\nport = 1\n[limits]\nconnections = 1\n")
	env := []string{"POSTERN_CONFIG=" + file, "POSTERN_SMTP_PORT=2", "POSTERN_LIMITS_CONNECTIONS=2", "POSTERN_TRUSTED_PROXIES=10.0.0.1, 10.1.0.0/16"}
	c, rest, err := Load([]string{"--limits-connections", "3", "more"}, env, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.LogLevel != "info" || c.Listen != "file:1" || c.SMTP.Port != 2 || c.Limits.Connections != 3 {
		t.Errorf("got %q %q %d %d", c.LogLevel, c.Listen, c.SMTP.Port, c.Limits.Connections)
	}
	if !slices.Equal(c.TrustedProxies, []string{"10.0.0.1", "10.1.0.0/16"}) || !slices.Equal(rest, []string{"more"}) {
		t.Errorf("got %v, rest %v", c.TrustedProxies, rest)
	}
}

func TestSecretComesFromItsFile(t *testing.T) {
	f := write(t, t.TempDir(), "token", "0123456789abcdef\n")
	c, _, err := Load(nil, []string{"POSTERN_METRICS_TOKEN_FILE=" + f}, io.Discard)
	if err != nil || c.MetricsToken != "0123456789abcdef" {
		t.Fatalf("got %q, %v", c.MetricsToken, err)
	}
	_, _, err = Load(nil, []string{"POSTERN_METRICS_TOKEN_FILE=" + f, "POSTERN_METRICS_TOKEN=another-token-of-16"}, io.Discard)
	mustSay(t, err, "metrics_token: given twice")
	if _, _, err = Load([]string{"--metrics-token", "x"}, nil, io.Discard); err == nil {
		t.Fatal("a secret can be given on the command line")
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	file := write(t, t.TempDir(), "p.toml", `
listen = "nowhere"
colour = "red"
public_url = "http://chat.site.test"
database_url = "mysql://u:hunter2@h/d"
log_level = "loud"
trusted_proxies = ["everyone"]
[smtp]
host = "mail.site.test"
tls = "none"
user = "u"
[limits]
file_bytes = 0
[[source]]
name = "shop"
adapter = "magic"
host = "nobody"
secrets_file = "/nonexistent"
`)
	_, _, err := Load([]string{"--config", file}, []string{"POSTERN_COLOUR=red", "POSTERN_SMTP_PORT=many", "POSTERN_SERVICE_HOST=10.0.0.1"}, io.Discard)
	mustSay(t, err, "unknown key colour", "unknown variable POSTERN_COLOUR", "POSTERN_SMTP_PORT: must be a whole number",
		"listen: must be", "public_url: must be https", "database_url: must be", "signing_key_file: must be given", "secret_file: must be given",
		"log_level: must be", "trusted_proxies: \"everyone\"", "smtp.tls: none only", "smtp.user: user and password", "limits.file_bytes",
		"host nobody does not exist", "source shop: adapter must be one of auth0, cognito, keycloak, oidc, okta, ssf, supabase, webhook", "source shop: secrets_file")
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "SERVICE_HOST") {
		t.Errorf("says too much:\n%v", err)
	}
}

func TestPublicURL(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://chat.site.test": true, "https://chat.site.test:8443/": true, "http://localhost:8080": true, "http://127.0.0.1:1": true, "http://[::1]:1": true,
		"http://chat.site.test": false, "https://chat.site.test/chat": false, "https://u:p@chat.site.test": false, "https://chat.site.test?x=1": false,
		"https://": false, "chat.site.test": false, "": false, "javascript:alert(1)": false, "http://localhost.evil.test": false,
	} {
		if err := checkPublicURL(url); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestSecretsFile(t *testing.T) {
	cases := []struct {
		name, text string
		keys       int
	}{
		{"one", secretLine, 1},
		{"two", secretLine + secretLine, 2},
		{"three", secretLine + secretLine + secretLine, -1},
		{"without prefix", strings.TrimPrefix(secretLine, "whsec_"), -1},
		{"too short", "whsec_AAAA\n", -1},
		{"empty", "", -1},
	}
	for _, c := range cases {
		keys, err := SourceConfig{SecretsFile: write(t, t.TempDir(), "s", c.text)}.Secrets()
		if (err != nil) != (c.keys < 0) || err == nil && len(keys) != c.keys {
			t.Errorf("%s: %d keys, %v", c.name, len(keys), err)
		}
		if err != nil && strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: the error repeats the secret", c.name)
		}
	}
}

func TestPolicyFile(t *testing.T) {
	const own = `
[[kind]]
name = "renewal.cancel"
host = "shop"
tier = "plain"
title = {en = "Cancel the renewal of your plan"}
field = [{name = "plan", as = "enum", values = ["basic", "plus"], label = {en = "Plan"}}]
`
	cases := []struct{ name, text, off, mistake string }{
		{"a kind of its own", own, "", ""},
		{"a starter by name", "[[kind]]\nname = 'email.change'\nhost = 'shop'\nself_service = '/settings'\n", "", ""},
		{"corrupt", "[[kind", "p.toml", ""},
		{"unknown key", own + "colour = 'red'\n", "", "unknown key kind.colour"},
		{"recovery", strings.ReplaceAll(own, "renewal.cancel", "recovery.email"), "", "recovery.* cannot be a kind"},
		{"unknown host", strings.ReplaceAll(own, `"shop"`, `"nobody"`), "", "host nobody does not exist"},
		{"twice", own + own, "", "appears twice"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			cfg := loadShop(t, dir, write(t, dir, "p.toml", c.text))
			p, off, err := cfg.Policy()
			if c.mistake != "" {
				mustSay(t, err, c.mistake)
				if len(p.Kinds) != 0 {
					t.Error("a wrong policy has kinds")
				}
				return
			}
			if err != nil || (off == "") != (c.off == "") || !strings.Contains(off, c.off) {
				t.Fatalf("off %q, %v", off, err)
			}
			if want := c.off == ""; (len(p.Kinds) == 1) != want {
				t.Fatalf("%d kinds", len(p.Kinds))
			}
		})
	}
}

func TestMissingPolicyFileTurnsChangesOff(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{"", filepath.Join(dir, "none.toml")} {
		p, off, err := loadShop(t, dir, path).Policy()
		if err != nil || off == "" || len(p.Kinds) != 0 {
			t.Errorf("%q: off %q, %d kinds, %v", path, off, len(p.Kinds), err)
		}
	}
}

func TestDispatch(t *testing.T) {
	cases := []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{"nonsense"}, exitUsage, "", `unknown command "nonsense"`},
		{nil, exitUsage, "", "usage: postern"},
		{[]string{"help"}, exitOK, "usage: postern", ""},
		{[]string{"config"}, exitOK, "public_url = ", ""},
		{[]string{"config", "check"}, exitOK, "no mistakes", ""},
		{[]string{"config", "check", "--listen", "nowhere"}, exitFailed, "", "listen: must be"},
	}
	for _, c := range cases {
		var out, errs bytes.Buffer
		if code := dispatch(t.Context(), c.args, nil, &out, &errs); code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%v: code %d, out %q, err %q", c.args, code, out.String(), errs.String())
		}
	}
}

func loadShop(t *testing.T, dir, policy string) Config {
	t.Helper()
	write(t, dir, "shop.secrets", secretLine)
	file := write(t, dir, "postern.toml", strings.ReplaceAll(shop, "DIR", dir))
	c, _, err := Load([]string{"--config", file, "--policy-file", policy}, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustSay(t *testing.T, err error, parts ...string) {
	t.Helper()
	var bad Mistakes
	if !errors.As(err, &bad) {
		t.Fatalf("not a list of mistakes: %v", err)
	}
	for _, p := range parts {
		if !slices.ContainsFunc(bad, func(s string) bool { return strings.Contains(s, p) }) {
			t.Errorf("no mistake says %q in\n%v", p, err)
		}
	}
}

// What a provider's entry can get wrong, all told at once; the client's secret is in no message.
func TestProviderEntry(t *testing.T) {
	dir := t.TempDir()
	key, err := newSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	pem, secret, short := write(t, dir, "key.pem", string(key)), write(t, dir, "secret", "0123456789abcdef\n"), write(t, dir, "short", "hunter2\n")
	deliveries := write(t, dir, "deliveries", secretLine)
	entry := func(lines string) string {
		return write(t, t.TempDir(), "p.toml", `
[[host]]
name = "club"
audience = "https://acct.club.test"
site = "https://club.test"
delivery_url = "https://acct.club.test/postern"
[[source]]
name = "idp"
host = "club"
`+lines)
	}
	good := `adapter = "oidc"
issuer = "https://idp.club.test"
client_id = "postern"
`
	for _, ok := range []string{"client_key_file = '" + pem + "'\n", "client_secret_file = '" + secret + "'\nstrong = ['phr']\nallow = ['10.0.0.0/8']\n"} {
		c, _, err := Load([]string{"--config", entry(good + ok + "secrets_file = '" + deliveries + "'\n")}, nil, io.Discard)
		if err != nil || len(c.Sources) != 1 || c.Sources[0].Issuer != "https://idp.club.test" {
			t.Errorf("%v", err)
		}
	}
	for _, c := range []struct {
		lines string
		says  []string
	}{
		{good, []string{"source idp: one of client_key_file and client_secret_file", "host club: none of its sources has a secrets_file"}},
		{good + "client_key_file = '" + pem + "'\nclient_secret_file = '" + secret + "'\n", []string{"one of client_key_file and client_secret_file"}},
		{good + "client_key_file = '" + secret + "'\n", []string{"client_key_file: must be a PKCS #8 PEM file"}},
		{good + "client_key_file = '/nonexistent'\n", []string{"source idp: client_key_file: open"}},
		{good + "client_secret_file = '/nonexistent'\n", []string{"source idp: client_secret_file: open"}},
		{good + "client_secret_file = '" + short + "'\nallow = ['everyone']\n", []string{"must hold at least 16 characters", "allow: \"everyone\""}},
		{"adapter = \"oidc\"\nissuer = \"http://idp.club.test\"\n", []string{"issuer: must be https", "issuer and client_id are needed"}},
		{good + "client_secret_file = '" + secret + "'\nclock_skew = 31\n", []string{"clock_skew must be between 0 and 30"}},
		{"adapter = \"oidc\"\nissuer = \"https://idp.club.test?a\"\nclient_id = \"c\"\n", []string{"issuer: must be https"}},
		{"adapter = \"webhook\"\nissuer = \"https://idp.club.test\"\nsecrets_file = '" + deliveries + "'\n", []string{"source idp: issuer is not for this adapter", "verify_url must be an absolute"}},
		{good + "client_secret_file = '" + secret + "'\n[[source]]\nname = \"two\"\nhost = \"club\"\n" + good + "client_secret_file = '" + secret + "'\n", []string{"source two: host club has a provider already"}},
	} {
		_, _, err := Load([]string{"--config", entry(c.lines)}, nil, io.Discard)
		mustSay(t, err, c.says...)
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "0123456789abcdef")) {
			t.Errorf("says too much: %v", err)
		}
	}
}

// Each adapter needs its keys and takes no other's.
func TestSourceForms(t *testing.T) {
	dir := t.TempDir()
	secrets, token := "secrets_file = '"+write(t, dir, "s", secretLine)+"'\n", "token_file = '"+write(t, dir, "t", "Bearer 0123456789abcdefghij\n")+"'\n"
	base := "secrets_file = '" + write(t, dir, "b", "whsec_"+base64.StdEncoding.EncodeToString([]byte("the secret of the source beside it"))+"\n") + "'\n"
	short := "token_file = '" + write(t, dir, "u", "hunter2\n") + "'\n"
	three := "token_file = '" + write(t, dir, "w", strings.Repeat("Bearer 0123456789abcdefghij\n", 3)) + "'\n"
	public := "public_keys = ['whpk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=']\n"
	const set = "issuer = 'https://idp.site.test'\njwks_url = 'https://idp.site.test/jwks'\n"
	for _, c := range []struct {
		name, adapter, lines string
		says                 []string // none = it starts
	}{
		{"webhook with secrets", "webhook", secrets, nil},
		{"webhook with public keys", "webhook", public, nil},
		{"webhook with public keys, deliveries by secret", "webhook", public + secrets, nil},
		{"webhook with neither", "webhook", "", []string{"source idp: one of secrets_file and public_keys is needed"}},
		{"webhook with a private key", "webhook", "public_keys = ['whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=']\n", []string{"source idp: public_keys: key 1: must be whpk_"}},
		{"webhook with three public keys", "webhook", strings.Replace(public, "]", strings.Repeat(", 'whpk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='", 2)+"]", 1), []string{"holds more than two keys"}},
		{"webhook with a token", "webhook", secrets + token, []string{"token_file is not for this adapter"}},
		{"ssf", "ssf", set, nil},
		{"ssf with all", "ssf", set + token + secrets + "audience = 'https://us.test'\nallow = ['10.0.0.0/8']\n", nil},
		{"ssf that is polled", "ssf", set + token + "poll_url = 'https://idp.site.test/poll'\n", nil},
		{"ssf polled in the clear", "ssf", set + "poll_url = 'http://idp.site.test/poll'\n", []string{"poll_url: must be https"}},
		{"webhook that is polled", "webhook", secrets + "poll_url = 'https://idp.site.test/poll'\n", []string{"poll_url is not for this adapter"}},
		{"ssf whose issuer is no address", "ssf", strings.Replace(set, "https://idp.site.test'", "urn:idp'", 1), nil},
		{"ssf without keys", "ssf", "issuer = 'https://idp.site.test'\n", []string{"source idp: jwks_url is needed"}},
		{"ssf without issuer", "ssf", "jwks_url = 'https://idp.site.test/jwks'\n", []string{"source idp: issuer is needed"}},
		{"ssf with keys in the clear", "ssf", strings.Replace(set, "https://idp.site.test/jwks", "http://idp.site.test/jwks", 1), []string{"jwks_url: must be https"}},
		{"ssf with public keys", "ssf", set + public, []string{"public_keys is not for this adapter"}},
		{"ssf with a client", "ssf", set + "client_id = 'c'\n", []string{"client_id is not for this adapter"}},
		{"keycloak", "keycloak", secrets + "client_id = 'shop'\n", nil},
		{"keycloak with public keys", "keycloak", public + "client_id = 'shop'\n", nil},
		{"keycloak without client", "keycloak", secrets, []string{"source idp: client_id is needed"}},
		{"cognito", "cognito", secrets, nil},
		{"cognito with a client", "cognito", secrets + "client_id = 'shop'\n", []string{"client_id is not for this adapter"}},
		{"supabase", "supabase", public, nil},
		{"auth0", "auth0", token, nil},
		{"keys of another source", "webhook", public + "[[source]]\nname = 'two'\nadapter = 'webhook'\nhost = 'shop'\n" + public, []string{"source two: public_keys: shares a secret or key with source idp"}},
		{"a token of another source", "auth0", token + "[[source]]\nname = 'two'\nadapter = 'okta'\nhost = 'shop'\n" + token, []string{"source two: token_file: shares a secret or key with source idp"}},
		{"a secret of another source", "cognito", secrets + "[[source]]\nname = 'two'\nadapter = 'supabase'\nhost = 'shop'\n" + secrets, []string{"source two: secrets_file: shares a secret or key with source idp"}},
		{"auth0 without token", "auth0", secrets, []string{"source idp: token_file is needed"}},
		{"auth0 with a short token", "auth0", short, []string{"token_file: line 1: must have at least 24 characters"}},
		{"auth0 with three tokens", "auth0", three, []string{"token_file: holds more than two values"}},
		{"okta", "okta", token + secrets, nil},
		{"okta whose file is not there", "okta", "token_file = '/nonexistent'\n", []string{"source idp: token_file: open"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := write(t, t.TempDir(), "p.toml", "[[host]]\nname = 'shop'\naudience = 'https://acct.site.test'\nsite = 'https://site.test'\nverify_url = 'https://site.test/v'\ndelivery_url = 'https://acct.site.test/p'\n"+
				"[[source]]\nname = 'shop'\nadapter = 'webhook'\nhost = 'shop'\n"+base+"[[source]]\nname = 'idp'\nadapter = '"+c.adapter+"'\nhost = 'shop'\n"+c.lines)
			conf, _, err := Load([]string{"--config", file}, nil, io.Discard)
			if c.says != nil {
				mustSay(t, err, c.says...)
				if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "0123456789")) {
					t.Errorf("says too much: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, in, err := conf.hosts()
			if err != nil || len(in) != 2 || in["idp"] == nil {
				t.Errorf("sources = %v, %v", in, err)
			}
		})
	}
}

// Deliveries are signed with the secret of a webhook source, wherever it stands, else with any of the host.
func TestDeliverySecret(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		return write(t, dir, text[:4], "whsec_"+base64.StdEncoding.EncodeToString([]byte(text))+"\n")
	}
	keycloak := SourceConfig{Name: "k", Adapter: "keycloak", Host: "shop", SecretsFile: file("kc: a secret of at least 24 bytes")}
	hook := SourceConfig{Name: "w", Adapter: "webhook", Host: "shop", SecretsFile: file("wh: a secret of at least 24 bytes")}
	second := SourceConfig{Name: "v", Adapter: "webhook", Host: "shop", SecretsFile: file("w2: a secret of at least 24 bytes")}
	other := SourceConfig{Name: "o", Adapter: "webhook", Host: "club", SecretsFile: file("ot: a secret of at least 24 bytes")}
	for want, list := range map[string][]SourceConfig{"wh": {other, keycloak, hook, second}, "w2": {second, hook}, "kc": {keycloak, other}, "": {other, {Host: "shop", Adapter: "okta"}}} {
		s, err := Config{Sources: list}.deliverySecret("shop")
		if err != nil || !strings.HasPrefix(string(s), want) || (want == "") != (len(s) == 0) {
			t.Errorf("deliverySecret = %q, %v; want that of %q", s, err, want)
		}
	}
}
