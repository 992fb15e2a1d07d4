package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/verifytest"
)

// signerAt serves a signer on a socket of its own, for our own user, until the test ends or stop is called.
func signerAt(t *testing.T, c SignerConfig, now func() time.Time, uid int) (stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s, err := newSignerService(c, now, log)
	if err != nil {
		t.Fatal(err)
	}
	l, err := signerListener(c.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server, ended := s.server(), make(chan struct{})
	go func() { _ = server.Serve(peers{l, uid, log}); close(ended) }()
	stop = sync.OnceFunc(func() { _ = server.Close(); <-ended; _ = s.announced.Close() })
	t.Cleanup(stop)
	return stop
}

// signerClaims are claims that a signer signs: of a change that its owner has approved just now.
func signerClaims(t *testing.T, gateway string, now time.Time) (verify.Claims, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := verify.NewJWK(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	at := now.Unix()
	c := verify.Claims{
		Iss: gateway, Aud: audience, JTI: "rc_1", Iat: at, Exp: at + 120, Use: verify.UseApply, Sub: "u-vic", SubIss: audience, Kind: "email.change",
		Chg: verify.TokenHash("chg"), Challenge: "cl_1", Conversation: "cv_1", Salt: "AAECAwQFBgcICQoLDA0ODw", T0: at - 60, ApprovedAt: at - 5,
		Level: verify.A3, Policy: "p", Cnf: verify.Cnf{JWK: jwk}, Fin: verify.Fin{Token: verify.TokenHash("t")},
		Ev: &verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: at - 30, Witness: "w"},
	}
	sealClaims(t, &c, key)
	return c, key
}

// sealClaims makes commitment and approval fit the claims.
func sealClaims(t *testing.T, c *verify.Claims, key *ecdsa.PrivateKey) {
	t.Helper()
	var err error
	if c.Commit, err = (verify.Commitment{
		Host: c.Aud, Challenge: c.Challenge, Conversation: c.Conversation, Chg: c.Chg, JKT: c.Cnf.JWK.Thumbprint(), Salt: c.Salt, T0: c.T0,
	}).Hash(); err != nil {
		t.Fatal(err)
	}
	text, err := verify.FinishMessage(c.Challenge, c.Chg, c.Commit, c.Fin.Token)
	if err != nil {
		t.Fatal(err)
	}
	c.Fin.Sig = es256(&row{T: t}, key, text)
}

func signerConfig(t *testing.T, gateway string) SignerConfig {
	t.Helper()
	dir := t.TempDir()
	return SignerConfig{Socket: filepath.Join(dir, "s"), Keys: filepath.Join(dir, "keys"), Gateway: gateway, Audiences: []string{audience, clubAudience}}
}

// With a clock that is set: 90 days, a successor published 24 h ahead, the old key dropped 15 min after the switch and
// gone from the disk. A signer that starts anew knows the same.
func TestSignerRotation(t *testing.T) {
	start := time.Unix(1_795_000_000, 0)
	now := start
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	set := func(at time.Time) { mu.Lock(); defer mu.Unlock(); now = at }
	c := signerConfig(t, "https://chat.site.test")
	stop := signerAt(t, c, clock, os.Getuid())
	s := newSocketSigner(c.Socket, clock)
	change := start.Add(verify.KeyLife)
	first, second := "", ""
	for _, step := range []struct {
		at        time.Duration // from the change
		published int
		signs     *string
	}{
		{-verify.KeyLife, 1, &first},
		{-verify.KeyAhead - 2*time.Minute, 1, &first},
		{-verify.KeyAhead, 2, &first},
		{-time.Second, 2, &first},
		{0, 2, &second},
		{verify.KeyGrace - time.Second, 2, &second},
		{verify.KeyGrace + time.Minute, 1, &second},
	} {
		set(change.Add(step.at))
		if step.at == 0 {
			stop() // and starts anew
			stop = signerAt(t, c, clock, os.Getuid())
			s = newSocketSigner(c.Socket, clock)
		}
		claims, _ := signerClaims(t, c.Gateway, clock())
		jws, err := s.Sign(t.Context(), claims)
		if err != nil {
			t.Fatalf("%v: %v", step.at, err)
		}
		keys := verify.KeySet(s.Keys())
		door := verify.Door{Keys: keys, Typ: verify.ReceiptType}
		kid, err := door.KeyID(jws)
		if err != nil {
			t.Fatal(err)
		}
		if *step.signs == "" {
			*step.signs = kid
		}
		if _, err := door.Open(jws, clock()); err != nil || kid != *step.signs || len(keys) != step.published {
			t.Errorf("%v: signed by %s, want %s; %d keys published, want %d; %v", step.at, kid, *step.signs, len(keys), step.published, err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(c.Keys, "*.pem*")); err != nil || len(files) != 1 || first == second {
		t.Errorf("the keys on the disk are %v, %v", files, err)
	}
	stop()
	set(clock().Add(verify.KeyGrace + time.Second))
	if keys := s.Keys(); keys != nil {
		t.Errorf("a signer that is away for long still has its keys published: %v", keys)
	}
}

// A change that cools is signed twice: its announcement like any receipt, the receipt a day later because of it, also by
// a signer that was started anew. What was announced goes no shorter way, and for no other account.
func TestSignerCooling(t *testing.T) {
	start := time.Unix(1_795_000_000, 0)
	now := start
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	set := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = start.Add(d) }
	c := signerConfig(t, "https://chat.site.test")
	stop := signerAt(t, c, clock, os.Getuid())
	s := newSocketSigner(c.Socket, clock)
	claims, _ := signerClaims(t, c.Gateway, start)
	claims.Use, claims.Level = verify.UseAnnounce, verify.A2
	later := func(d time.Duration, bend func(c *verify.Claims)) error {
		set(d)
		apply := claims
		apply.Use, apply.Iat, apply.Exp = verify.UseApply, clock().Unix(), clock().Unix()+120
		if bend != nil {
			bend(&apply)
		}
		_, err := s.Sign(t.Context(), apply)
		return err
	}
	if err := later(24*time.Hour, nil); !refusedFor(err, verify.ReceiptExpired) {
		t.Errorf("never announced: %v", err)
	}
	set(0)
	if _, err := s.Sign(t.Context(), claims); err != nil {
		t.Fatal(err)
	}
	stop()
	signerAt(t, c, clock, os.Getuid())
	s = newSocketSigner(c.Socket, clock)
	for what, x := range map[string]struct {
		after time.Duration
		bend  func(c *verify.Claims)
		want  verify.Reason
	}{
		"at once":         {time.Minute, nil, verify.ReceiptCooling},
		"too late":        {74 * time.Hour, nil, verify.ReceiptExpired},
		"another account": {24 * time.Hour, func(c *verify.Claims) { c.Sub = "u-mal" }, verify.EvidenceSubjectMismatch},
		"another issuer":  {24 * time.Hour, func(c *verify.Claims) { c.SubIss = "https://evil.test" }, verify.EvidenceSubjectMismatch},
		"another change":  {24 * time.Hour, func(c *verify.Claims) { c.Chg = verify.TokenHash("other") }, verify.ReceiptCommit},
		"announced again": {24 * time.Hour, func(c *verify.Claims) { c.Use = verify.UseAnnounce }, verify.ReceiptExpired},
	} {
		if err := later(x.after, x.bend); !refusedFor(err, x.want) {
			t.Errorf("%s: %v, want %s", what, err, x.want)
		}
	}
	if err := later(24*time.Hour, nil); err != nil {
		t.Errorf("after a day: %v", err)
	}
}

func refusedFor(err error, r verify.Reason) bool {
	return verify.ReasonOf(err) == verify.SignerUnavailable && strings.Contains(err.Error(), string(r))
}

// What a gateway in wrong hands sends is not signed.
func TestSignerRefuses(t *testing.T) {
	idp := verifytest.NewHostile(t)
	c := signerConfig(t, "https://chat.site.test")
	c.Providers = []SignerProvider{{Issuer: idp.URL, Client: idp.Client, Strong: []string{"phr"}, Allow: []string{"127.0.0.1/32"}}}
	signerAt(t, c, time.Now, os.Getuid())
	s := newSocketSigner(c.Socket, time.Now)
	token := func(c *verify.Claims, bend func(map[string]any)) {
		claims := map[string]any{"iss": idp.URL, "aud": idp.Client, "sub": c.Sub, "nonce": c.Commit, "iat": c.T0 + 5, "exp": c.T0 + 300, "auth_time": c.T0 + 5, "acr": "phr"}
		if bend != nil {
			bend(claims)
		}
		c.SubIss, c.Ev = idp.URL, &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: signIDToken(t, idp, claims)}
	}
	for name, x := range map[string]struct {
		bend func(c *verify.Claims, key *ecdsa.PrivateKey)
		why  verify.Reason
	}{
		"an honest witness":   {func(*verify.Claims, *ecdsa.PrivateKey) {}, ""},
		"an honest ID token":  {func(c *verify.Claims, _ *ecdsa.PrivateKey) { token(c, nil) }, ""},
		"another gateway":     {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Iss = "https://x.test" }, verify.ReceiptIss},
		"another use":         {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Use = "everything" }, verify.ReceiptIss},
		"an unknown backend":  {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Aud = "https://x.test" }, verify.ReceiptAud},
		"a day long":          {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Exp = c.Iat + 86400 }, verify.ReceiptLifetime},
		"of tomorrow":         {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Iat += 86400; c.Exp += 86400 }, verify.ClockSkew},
		"of an old challenge": {func(c *verify.Claims, k *ecdsa.PrivateKey) { c.T0 -= 3600; sealClaims(t, c, k) }, verify.ReceiptExpired},
		"another change":      {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Chg = verify.TokenHash("evil") }, verify.ReceiptCommit},
		"not approved":        {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Fin.Token = verify.TokenHash("other") }, verify.FinishSig},
		"no evidence":         {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Ev = nil }, verify.EvidenceMissing},
		"trust me":            {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Ev.Kind = "trust_me" }, verify.EvidenceMissing},
		"an empty witness":    {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Ev.Witness = "" }, verify.EvidenceMissing},
		"an old login":        {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Ev.AuthTime = c.T0 - 3 }, verify.EvidenceStale},
		"A1 that claims A3":   {func(c *verify.Claims, _ *ecdsa.PrivateKey) { c.Ev.Kind = verify.EvidenceEvent }, verify.ReceiptLevel},
		"a token for another change": {func(c *verify.Claims, _ *ecdsa.PrivateKey) {
			token(c, func(m map[string]any) { m["nonce"] = verify.TokenHash("x") })
		}, verify.EvidenceNonceMismatch},
		"a token of another account": {func(c *verify.Claims, _ *ecdsa.PrivateKey) { token(c, nil); c.Sub = "u-mal" }, verify.EvidenceSubjectMismatch},
		"a token of another client": {func(c *verify.Claims, _ *ecdsa.PrivateKey) {
			token(c, func(m map[string]any) { m["aud"] = "x" })
		}, verify.EvidenceAud},
		"a token without auth_time": {func(c *verify.Claims, _ *ecdsa.PrivateKey) {
			token(c, func(m map[string]any) { delete(m, "auth_time") })
		}, verify.EvidenceNoAuthTime},
		"an old token": {func(c *verify.Claims, _ *ecdsa.PrivateKey) {
			token(c, func(m map[string]any) { m["auth_time"] = c.T0 - 3 })
		}, verify.EvidenceStale},
		"a token that claims A3": {func(c *verify.Claims, _ *ecdsa.PrivateKey) { token(c, func(m map[string]any) { delete(m, "acr") }) }, verify.ReceiptLevel},
		"a changed token": {func(c *verify.Claims, _ *ecdsa.PrivateKey) {
			token(c, nil)
			c.Ev.JWT = c.Ev.JWT[:len(c.Ev.JWT)-8] + "AAAAAAAA"
		}, verify.EvidenceSig},
		"a token of an unknown provider": {func(c *verify.Claims, _ *ecdsa.PrivateKey) { token(c, nil); c.SubIss = "https://x.test" }, verify.EvidenceIss},
	} {
		t.Run(name, func(t *testing.T) {
			claims, key := signerClaims(t, c.Gateway, time.Now())
			x.bend(&claims, key)
			jws, err := s.Sign(t.Context(), claims)
			if x.why == "" {
				if err != nil || strings.Count(jws, ".") != 2 {
					t.Errorf("not signed: %q, %v", jws, err)
				}
				return
			}
			if verify.ReasonOf(err) != verify.SignerUnavailable || !strings.Contains(fmt.Sprint(causes(err)), string(x.why)) || jws != "" {
				t.Errorf("%q, %v; want a refusal with %s", jws, causes(err), x.why)
			}
		})
	}
}

// causes is an error with what it wraps, as text.
func causes(err error) (out []string) {
	for ; err != nil; err = unwrap(err) {
		out = append(out, err.Error())
	}
	return out
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// The front door of the signer: what is no claims, or too much, or from another user, gets nothing.
func TestSignerFrontDoor(t *testing.T) {
	c := signerConfig(t, "https://chat.site.test")
	signerAt(t, c, time.Now, os.Getuid())
	s := newSocketSigner(c.Socket, time.Now)
	claims, _ := signerClaims(t, c.Gateway, time.Now())
	good, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.call(t.Context(), http.MethodPost, "/sign", good); err != nil {
		t.Fatal(err)
	}
	bad := func(old, with string) []byte { return bytes.Replace(good, []byte(old), []byte(with), 1) }
	for name, body := range map[string][]byte{
		"nothing": nil, "no object": []byte(`[]`), "a claim twice": bad(`"sub":`, `"sub":"u-mal","sub":`), "in two cases": bad(`"sub":`, `"SUB":"u-mal","sub":`),
		"one more": bad(`"sub":`, `"admin":true,"sub":`), "a float": bad(`"iat":`, `"iat":1.5,"x":`), "over 16 KiB": bad(`"policy":"`, `"policy":"`+strings.Repeat("x", 17<<10)),
	} {
		if _, err := s.call(t.Context(), http.MethodPost, "/sign", body); err == nil || !strings.Contains(err.Error(), "refuses: 403") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"/", "/sign/", "/keys/x", "/debug/pprof"} {
		if _, err := s.call(t.Context(), http.MethodGet, path, nil); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("GET %s: %v", path, err)
		}
	}
	if info, err := os.Stat(c.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	if _, err := signerListener(c.Socket); err == nil {
		t.Error("a second signer takes the socket of a living one")
	}
	other := signerConfig(t, c.Gateway)
	signerAt(t, other, time.Now, os.Getuid()+1)
	if _, err := newSocketSigner(other.Socket, time.Now).call(t.Context(), http.MethodGet, "/keys", nil); err == nil {
		t.Error("another user is let in")
	}
	if err := os.Chmod(c.Keys, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := keyFolder(c.Keys).open(); err == nil {
		t.Error("a folder that others may read is taken")
	}
}

// The signer as a process: an honest change goes through, the gateway publishes the signer's key, and the process
// that serves the web has none.
func TestSignerProcess(t *testing.T) {
	f := startSigned(t, "SQLite")
	r := newRow(t, f)
	_, log := r.signerProcess()
	r.given()
	r.honest(r.talk("ag1"))
	if keys := f.published(t); len(keys) != 1 || !strings.Contains(log.String(), `"msg":"signed"`) {
		t.Errorf("published %d keys; the signer says %s", len(keys), log)
	}
	f.holdsNoKey(t)
}
