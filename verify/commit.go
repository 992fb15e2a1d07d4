package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
)

// Commitment names change, challenge, conversation, widget key, host and time; its hash is what a login
// signs, so a login made for it counts for nothing else. Source: proof-gate.md §3.4.
type Commitment struct {
	Host         string // the backend's audience
	Challenge    string // cl_…
	Conversation string // cv_…
	Chg          string // Change.Digest
	JKT          string // RFC 7638 thumbprint of the widget key
	Salt         string // 128 bit, b64url
	T0           int64  // database clock, whole seconds
}

// Hash is commit = b64url(SHA-256("postern.commit.v1\n" + JCS(…))), all values strings.
func (c Commitment) Hash() (string, error) {
	b, err := canonical(map[string]string{
		"v": "1", "host": c.Host, "challenge": c.Challenge, "conversation": c.Conversation,
		"chg": c.Chg, "jkt": c.JKT, "salt": c.Salt, "t0": strconv.FormatInt(c.T0, 10),
	})
	if err != nil {
		return "", err
	}
	return hash("postern.commit.v1\n", b), nil
}

// WitnessText is what the host's own key authenticates: five lines. Source: proof-gate.md §3.6 step 4.
func WitnessText(commit, chg, sub string, authTime int64) string {
	return strings.Join([]string{"postern.witness.v1", commit, chg, sub, strconv.FormatInt(authTime, 10)}, "\n")
}

// Witness is b64url(HMAC-SHA256(own key, WitnessText)). Only the host can make it: the gateway never has
// the key, so this is for hosts, their backends and tests.
func Witness(ownKey []byte, commit, chg, sub string, authTime int64) string {
	m := hmac.New(sha256.New, ownKey)
	m.Write([]byte(WitnessText(commit, chg, sub, authTime)))
	return b64(m.Sum(nil))
}

// FinishMessage is what the widget key signs when it brings the finish token home:
// "postern.finish.v1\n" + JCS({"v":"1",challenge,chg,commit,token}), token = TokenHash of the finish token.
// Source: proof-gate.md §3.10.
func FinishMessage(challenge, chg, commit, tokenHash string) ([]byte, error) {
	b, err := canonical(map[string]string{"v": "1", "challenge": challenge, "chg": chg, "commit": commit, "token": tokenHash})
	if err != nil {
		return nil, err
	}
	return append([]byte("postern.finish.v1\n"), b...), nil
}

// HelloMessage is what the widget key signs in hello:
// "postern.hello.v1\n" + server nonce + "\n" + b64url(SHA-256(visitor token)). Source: proof-gate.md §3.10.
func HelloMessage(nonce, token string) []byte {
	return []byte("postern.hello.v1\n" + nonce + "\n" + TokenHash(token))
}

// TokenHash is b64url(SHA-256(token)): the only form in which a token is kept.
func TokenHash(token string) string { return hash("", []byte(token)) }

// deriveToken makes a token that can be made again but not guessed: HMAC-SHA256 under the secret over a
// label and the names it belongs to. So a second tab gets the same URL although only a hash is kept.
func deriveToken(secret []byte, label string, names ...string) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("postern." + label + ".v1\n" + strings.Join(names, "\n")))
	return b64(m.Sum(nil))
}

func hash(label string, b []byte) string {
	h := sha256.New()
	h.Write([]byte(label))
	h.Write(b)
	return b64(h.Sum(nil))
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// unb64 decodes strict b64url: no padding, no line breaks, no spare bits.
func unb64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// Equal compares two strings in constant time (their lengths are no secret).
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
