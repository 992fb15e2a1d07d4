package verify

import (
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

// SignHook sets the Standard Webhooks headers for a body: webhook-id, webhook-timestamp (unix seconds) and
// webhook-signature "v1," + base64(HMAC-SHA256(secret, id.timestamp.body)).
func SignHook(h http.Header, s Secret, id string, at time.Time, body []byte) {
	ts := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", ts)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(hookMAC(s, id, ts, body)))
}

// CheckHook checks the headers against the body with any of the secrets and returns the webhook's id.
// The signature is checked before the timestamp, so only who holds the secret learns that he is late.
//
// Errors: event.signature, event.late.
func CheckHook(h http.Header, secrets []Secret, now time.Time, body []byte) (id string, err error) {
	id, ts := one(h, "webhook-id"), one(h, "webhook-timestamp")
	if id == "" || len(id) > 128 || strings.ContainsAny(id, ".\n\r") || !signedByAny(one(h, "webhook-signature"), secrets, id, ts, body) {
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

// signedByAny compares each v1 signature of the header (space separated, at most four) with each secret.
func signedByAny(header string, secrets []Secret, id, ts string, body []byte) bool {
	sigs := strings.Fields(header)
	if len(sigs) > 4 {
		return false
	}
	found := false
	for _, sig := range sigs {
		text, ok := strings.CutPrefix(sig, "v1,")
		b, err := base64.StdEncoding.Strict().DecodeString(text)
		if !ok || err != nil {
			continue
		}
		for _, s := range secrets {
			found = hmac.Equal(b, hookMAC(s, id, ts, body)) || found
		}
	}
	return found
}

func hookMAC(s Secret, id, ts string, body []byte) []byte {
	m := hmac.New(sha256.New, s)
	m.Write([]byte(id + "." + ts + "."))
	m.Write(body)
	return m.Sum(nil)
}
