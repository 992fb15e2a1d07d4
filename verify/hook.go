package verify

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// HookTolerance is how far a webhook's timestamp may be from now, either way.
const HookTolerance = 120 * time.Second

// Secret is a decoded whsec_ secret (Standard Webhooks).
type Secret []byte

// ParseSecret reads "whsec_" + base64 of 24 to 64 bytes.
func ParseSecret(s string) (Secret, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s), "whsec_")
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(b) < 24 || len(b) > 64 {
		return nil, errors.New("verify: a secret must be whsec_ and base64 of 24 to 64 bytes")
	}
	return b, nil
}

// ParseSecrets reads a secrets file: one secret a line, newest first, at most two while rotating. Empty
// lines and lines that begin with # are left out.
func ParseSecrets(text string) ([]Secret, error) {
	var out []Secret
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := ParseSecret(line)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if len(out) == 0 || len(out) > 2 {
		return nil, errors.New("verify: a secrets file holds one or two secrets")
	}
	return out, nil
}

// HookKeys are what the deliveries of one source are signed with: secrets (v1) or public keys (v1a), never both, so
// that nobody chooses the form for him who checks. The zero value believes nothing.
type HookKeys struct {
	Secrets []Secret            // newest first, at most two
	Public  []ed25519.PublicKey // pinned, newest first, at most two
}

// ParseHookKey reads "whpk_" + base64 of the 32 bytes of an Ed25519 public key (Standard Webhooks).
func ParseHookKey(s string) (ed25519.PublicKey, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s), "whpk_")
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(b) != ed25519.PublicKeySize {
		return nil, errors.New("verify: a public key must be whpk_ and base64 of 32 bytes")
	}
	return b, nil
}

// SignHook sets the Standard Webhooks headers for a body: webhook-id, webhook-timestamp (unix seconds) and
// webhook-signature "v1," + base64(HMAC-SHA256(secret, id.timestamp.body)).
func SignHook(h http.Header, s Secret, id string, at time.Time, body []byte) {
	ts := hookHeaders(h, id, at)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(hookMAC(s, id, ts, body)))
}

// SignHookWith is SignHook with an Ed25519 key: "v1a," + base64(signature over id.timestamp.body).
func SignHookWith(h http.Header, key ed25519.PrivateKey, id string, at time.Time, body []byte) {
	ts := hookHeaders(h, id, at)
	h.Set("webhook-signature", "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(key, hookText(id, ts, body))))
}

func hookHeaders(h http.Header, id string, at time.Time) (ts string) {
	ts = strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", ts)
	return ts
}

// CheckHook is HookKeys.Check for whoever has secrets only.
//
// Errors: event.signature, event.late.
func CheckHook(h http.Header, secrets []Secret, now time.Time, body []byte) (id string, err error) {
	return HookKeys{Secrets: secrets}.Check(h, now, body)
}

// Check checks the headers against the body with any of the keys and returns the webhook's id.
// The signature is checked before the timestamp, so only who holds the key learns that he is late.
//
// Errors: event.signature, event.late.
func (k HookKeys) Check(h http.Header, now time.Time, body []byte) (id string, err error) {
	id, ts := one(h, "webhook-id"), one(h, "webhook-timestamp")
	if id == "" || len(id) > 128 || strings.ContainsAny(id, ".\n\r") || !k.signed(one(h, "webhook-signature"), id, ts, body) {
		return "", Refuse(EventSignature)
	}
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil || strconv.FormatInt(sec, 10) != ts {
		return "", Refuse(EventSignature)
	}
	if d := now.Unix() - sec; d > int64(HookTolerance/time.Second) || d < -int64(HookTolerance/time.Second) {
		return "", Refuse(EventLate)
	}
	return id, nil
}

// one is the header's value if it was sent exactly once.
func one(h http.Header, name string) string {
	if v := h.Values(name); len(v) == 1 {
		return v[0]
	}
	return ""
}

// signed tries each signature of the header (space separated, at most four) that has the form of the keys.
func (k HookKeys) signed(header, id, ts string, body []byte) bool {
	sigs := strings.Fields(header)
	if len(sigs) > 4 || len(k.Secrets) > 0 && len(k.Public) > 0 {
		return false
	}
	form, found := "v1,", false
	if len(k.Public) > 0 {
		form = "v1a,"
	}
	for _, sig := range sigs {
		text, ok := strings.CutPrefix(sig, form)
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if !ok || err != nil {
			continue
		}
		found = k.signs(b, id, ts, body) || found
	}
	return found
}

// signs compares a signature with every key, whichever fits.
func (k HookKeys) signs(sig []byte, id, ts string, body []byte) bool {
	found := false
	for _, s := range k.Secrets {
		found = hmac.Equal(sig, hookMAC(s, id, ts, body)) || found
	}
	for _, p := range k.Public {
		found = len(p) == ed25519.PublicKeySize && ed25519.Verify(p, hookText(id, ts, body), sig) || found
	}
	return found
}

func hookText(id, ts string, body []byte) []byte { return append([]byte(id+"."+ts+"."), body...) }

func hookMAC(s Secret, id, ts string, body []byte) []byte {
	m := hmac.New(sha256.New, s)
	m.Write(hookText(id, ts, body))
	return m.Sum(nil)
}
