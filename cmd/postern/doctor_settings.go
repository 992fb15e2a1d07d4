package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/postern-chat/postern/widget"
)

// settings looks at what the configuration opens to others.
func (d *doctor) settings(c Config) {
	public, err := url.Parse(c.PublicURL)
	if err != nil { // Load has refused it
		return
	}
	host, _, _ := net.SplitHostPort(c.Listen)
	near := loopback(host)
	d.bad(!near && len(c.TrustedProxies) == 0, "tls.none",
		"the listener speaks plain HTTP to the network on "+c.Listen+", and no proxy stands before it (trusted_proxies is empty)",
		"put a proxy with TLS before it (deploy/Caddyfile, deploy/nginx.conf) and name it in trusted_proxies; listen on 127.0.0.1 if it is on this machine")
	d.care(near && public.Scheme == "https" && len(c.TrustedProxies) == 0, "proxy.unnamed",
		"a proxy must stand before a loopback listener with an https address, but trusted_proxies is empty: everybody counts as one address",
		"set trusted_proxies to the proxy's address (127.0.0.1 if it is on this machine)")
	d.care(public.Scheme == "http", "url.local", "public_url is http: only browsers on this machine can use it", "set public_url to the https address")
	for key, list := range map[string][]string{"trusted_proxies": c.TrustedProxies, "metrics_allow": c.MetricsAllow} {
		for _, s := range list {
			p, err := prefix(s)
			d.bad(err == nil && wide(p), key+".wide", key+" holds "+s+": that is nearly everybody", "name single addresses or your own network")
		}
	}
	d.care(c.Signer == "", "signer.inside", "the key that signs receipts is in the web process, and does not change", "run 'postern signer' as a user of its own and set signer (deploy/SIGNER.md)")
	d.care(c.CheckpointFile == "" && c.CheckpointURL == "" && c.CheckpointMail == "", "checkpoint.near",
		"checkpoints of the log of changes are kept beside the database only: who restores or rewrites both is not noticed",
		"set checkpoint_file on another disk, checkpoint_url or checkpoint_mail (deploy/AUDIT.md)")
	d.care(c.SMTP.Host == "", "mail.spool", "no smart host: mails stay in the folder spool of the data folder", "set smtp.host")
	d.care(c.LogLevel == "debug", "log.debug", "log_level is debug", "set log_level to info")
	for _, h := range c.Hosts {
		d.care(h.LegacySecret != "", "host.legacy", "host "+h.Name+" still takes identities of the old form, which never end", "change the site to session tokens (deploy/LOGIN-EVENTS.md)")
		d.care(h.Code, "host.code", "host "+h.Name+" lets visitors type a code: level A1, which can be asked out of people", "let its page redirect, and set code = false")
	}
	d.bad(!widget.Built(), "ui.missing", "this program was built without its user interface", "use a release, or run 'make ui' before the build")
	d.remote(c)
}

// wide reports whether a prefix is more than anybody's own network.
func wide(p netip.Prefix) bool {
	return p.Addr().Is4() && p.Bits() < 8 || p.Addr().Is6() && p.Bits() < 16
}

// remote looks at what crosses the network to the database and Redis.
func (d *doctor) remote(c Config) {
	if u, err := url.Parse(c.DatabaseURL); err == nil && c.DatabaseURL != "" {
		away := u.Hostname() != "" && !loopback(u.Hostname()) && !strings.HasPrefix(u.Hostname(), "/")
		mode := u.Query().Get("sslmode")
		d.bad(away && mode != "require" && mode != "verify-ca" && mode != "verify-full", "database.plain",
			"database_url may speak without TLS to another machine", "add sslmode=verify-full and sslrootcert to it")
		d.care(away && mode == "require", "database.unchecked", "database_url does not check whom it speaks to (sslmode=require)", "use sslmode=verify-full with sslrootcert")
	}
	if c.RedisURL == "" {
		return
	}
	away, secure, password := redisPlace(c.RedisURL)
	d.bad(away && !secure, "redis.plain", "redis_url speaks without TLS to another machine", "use rediss in place of redis, or a network that is yours alone")
	d.bad(away && !password, "redis.open", "redis_url has no password: who reaches that Redis can read and send hints", "set requirepass or an ACL user in Redis, and give it in redis_url")
}

// redisPlace says of an address whether one of its hosts, of which there may be several, is another machine, and how it
// speaks to it.
func redisPlace(text string) (away, secure, password bool) {
	scheme, rest, _ := strings.Cut(text, "://")
	authority, _, _ := strings.Cut(rest, "?")
	authority, _, _ = strings.Cut(authority, "/")
	user, hosts := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, hosts = authority[:i], authority[i+1:]
	}
	for _, h := range strings.Split(hosts, ",") {
		host, _, err := net.SplitHostPort(h)
		if err != nil {
			host = h
		}
		away = away || !loopback(host)
	}
	_, pass, _ := strings.Cut(user, ":")
	return away, strings.HasPrefix(scheme, "rediss"), pass != ""
}

// secrets looks at files that only this user may read, and at what is in them.
func (d *doctor) secrets(c Config) {
	files := map[string]string{
		"secret_file": c.secretFile(), "database_url_file": c.DatabaseURLFile, "redis_url_file": c.RedisURLFile,
		"metrics_token_file": c.MetricsTokenFile, "smtp.password_file": c.SMTP.PasswordFile,
	}
	if c.Signer == "" {
		files["signing_key_file"] = c.signingKeyFile()
	}
	for _, k := range c.SMTP.DKIM {
		files["smtp.dkim "+k.Domain+": key_file"] = k.KeyFile
	}
	for _, s := range c.Sources {
		files["source "+s.Name+": secrets_file"] = s.SecretsFile
		files["source "+s.Name+": token_file"] = s.TokenFile
		files["source "+s.Name+": client_secret_file"] = s.ClientSecretFile
		files["source "+s.Name+": client_key_file"] = s.ClientKeyFile
	}
	for _, h := range c.Hosts {
		files["host "+h.Name+": legacy_identify_secret_file"] = h.LegacySecret
	}
	for _, key := range sortedNames(files) {
		if files[key] != "" {
			d.secretFile(key, files[key])
		}
	}
	d.bad(c.MetricsToken != "" && poor([]byte(c.MetricsToken)), "metrics_token.weak", "metrics_token is easily guessed", "use 32 random characters")
	info, err := os.Stat(c.Data)
	d.bad(err == nil && info.Mode().Perm()&0o077 != 0, "data.mode", fmt.Sprintf("others may look into the data folder %s", c.Data), "chmod 700 "+c.Data)
}

func (d *doctor) secretFile(key, name string) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) { // what is made at the first start
		return
	}
	if d.failed(err, "secret.unreadable", key, "let the gateway's user read it, and nobody else") {
		return
	}
	d.bad(info.Mode().Perm()&0o077 != 0, "secret.mode", fmt.Sprintf("%s: others may read %s", key, name), "chmod 600 "+name)
	b, err := os.ReadFile(name)
	d.failed(err, "secret.unreadable", key, "let the gateway's user read it, and nobody else")
	d.bad(err == nil && poor(b), "secret.weak", key+" is easily guessed", "make a new one from 32 random bytes: openssl rand -base64 32")
	// The shop's own key is never a gateway's to read: with it there is no claim 4 (proof-gate.md §1).
	_, err = os.Stat(filepath.Join(filepath.Dir(name), "witness-secret"))
	d.bad(err == nil, "secret.demo", key+" lies in a folder of the demo, beside the demo shop's own key", "make new secrets; the demo's are for one machine and sample data")
}

// poor reports whether a secret has fewer different bytes than chance would give it: 32 random hexadecimal digits show
// all but never fewer than 8.
func poor(b []byte) bool {
	b = bytes.TrimSpace(b)
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	return len(seen) < 8
}

// policy looks at the change kinds.
func (d *doctor) policy(c Config) {
	p, off, err := c.Policy()
	d.failed(err, "policy", "the policy file", "mend it; 'postern config check' lists the mistakes")
	if err != nil {
		return
	}
	d.care(off != "" && len(c.Hosts) == 0, "policy.off", "account changes are off: "+off, "nothing, if you want conversations only")
	d.bad(off != "" && len(c.Hosts) > 0, "policy.off", "account changes are off: "+off, "set policy_file to a file that can be read")
	for _, k := range p.Kinds {
		d.care(off == "" && k.Cooling > 0 && k.Cooling < 24, "policy.cooling", fmt.Sprintf("kind %s cools for %d h only", k.Name, k.Cooling), "24 h or more leave the owner a night to say no")
	}
}

func sortedNames(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
