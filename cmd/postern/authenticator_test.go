package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// Flags of authenticator data (WebAuthn §6.1).
const (
	present, verified, attested = 1, 4, 64
)

// authenticator is a passkey made by hand: P-256, its person verified, no attestation.
type authenticator struct {
	key    *ecdsa.PrivateKey
	id     []byte
	count  uint32
	origin string
	flags  byte
}

func newAuthenticator(t *testing.T, origin string) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authenticator{key: key, id: make([]byte, 32), origin: origin, flags: present | verified}
	if _, err := rand.Read(a.id); err != nil {
		t.Fatal(err)
	}
	return a
}

func b64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// cbor writes the head of a CBOR item (RFC 8949 §3).
func cbor(kind byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{kind<<5 | byte(n)}
	case n < 256:
		return []byte{kind<<5 | 24, byte(n)}
	}
	return []byte{kind<<5 | 25, byte(n >> 8), byte(n)}
}

func cborText(s string) []byte  { return append(cbor(3, len(s)), s...) }
func cborBytes(b []byte) []byte { return append(cbor(2, len(b)), b...) }

// cose is the public key: EC2, ES256, P-256 (RFC 9053).
func (a *authenticator) cose(t *testing.T) []byte {
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y := cborBytes(point[1:33]), cborBytes(point[33:])
	return bytes.Join([][]byte{cbor(5, 5), {1, 2}, {3, 0x26}, {0x20, 1}, {0x21}, x, {0x22}, y}, nil)
}

func (a *authenticator) data(flags byte, more []byte) []byte {
	u, _ := url.Parse(a.origin)
	rp := sha256.Sum256([]byte(u.Hostname()))
	count := []byte{byte(a.count >> 24), byte(a.count >> 16), byte(a.count >> 8), byte(a.count)}
	return slices.Concat(rp[:], []byte{flags}, count, more)
}

func (a *authenticator) client(t *testing.T, kind string, options any) []byte {
	t.Helper()
	challenge := options.(map[string]any)["challenge"]
	raw, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// create answers a registration.
func (a *authenticator) create(t *testing.T, options any) map[string]any {
	t.Helper()
	more := bytes.Join([][]byte{make([]byte, 16), {0, byte(len(a.id))}, a.id, a.cose(t)}, nil)
	object := bytes.Join([][]byte{
		cbor(5, 3), cborText("fmt"), cborText("none"), cborText("attStmt"), cbor(5, 0), cborText("authData"), cborBytes(a.data(a.flags|attested, more)),
	}, nil)
	return a.answer(map[string]any{"clientDataJSON": b64url(a.client(t, "webauthn.create", options)), "attestationObject": b64url(object), "transports": []string{"internal"}})
}

// get answers a step-up; its counter grows.
func (a *authenticator) get(t *testing.T, options any) map[string]any {
	t.Helper()
	a.count++
	client, data := a.client(t, "webauthn.get", options), a.data(a.flags, nil)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64url(client), "authenticatorData": b64url(data), "signature": b64url(sig)})
}

func (a *authenticator) answer(response map[string]any) map[string]any {
	return map[string]any{"id": b64url(a.id), "rawId": b64url(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}}
}

// browserOf is a signed-in browser of one of the staff: its cookie and its User-Agent.
type browserOf struct {
	t             *testing.T
	n             *node
	cookie, agent string
}

// post gives status and answer of a route.
func (b browserOf) post(path string, in any) (int, map[string]any) {
	b.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), "POST", b.n.url+path, bytes.NewReader(raw))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("X-Postern", "1")
	req.Header.Set("Cookie", b.cookie)
	req.Header.Set("User-Agent", b.agent)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, out
}

func (b browserOf) ok(path string, in any) map[string]any {
	b.t.Helper()
	status, out := b.post(path, in)
	if status != http.StatusOK {
		b.t.Fatalf("%s: %d %v", path, status, out)
	}
	return out
}

// refused asserts code and reason of a refusal.
func (b browserOf) refused(code, reason, path string, in any) {
	b.t.Helper()
	_, out := b.post(path, in)
	if got, _ := out["reason"].(string); out["code"] != code || got != reason {
		b.t.Errorf("%s: %v, want %s %s", path, out, code, reason)
	}
}

// session is whose session the browser has.
func (b browserOf) session() (hash string, s gateway.Session) {
	b.t.Helper()
	_, tok, _ := strings.Cut(b.cookie, "=")
	hash = token.Hash(tok)
	now, err := b.n.Service.Store.Now(b.t.Context())
	if err == nil {
		s, err = b.n.Service.Store.Session(b.t.Context(), hash, now)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return hash, s
}

// holds registers a passkey for whose session it is, as its page would after the password.
func (b browserOf) holds() *authenticator {
	b.t.Helper()
	a := newAuthenticator(b.t, b.n.url)
	hash, s := b.session()
	store, ctx := b.n.Service.Store, b.t.Context()
	now, err := store.Now(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	asked := gateway.Ceremony{Session: hash, Purpose: gateway.ToRegister, Challenge: b64url(a.id), Until: now.Add(gateway.PasskeyChallenge)}
	if err := store.BeginCeremony(ctx, asked, now); err != nil {
		b.t.Fatal(err)
	}
	k := gateway.Passkey{ID: id(b.t, gateway.PrefixPasskey), Agent: s.ID, Name: "test", Credential: a.id, PublicKey: a.cose(b.t), Flags: a.flags}
	if err := store.AddPasskey(ctx, k, asked, now); err != nil {
		b.t.Fatal(err)
	}
	return a
}

// stepsUp shows the passkey.
func (b browserOf) stepsUp(a *authenticator) {
	b.t.Helper()
	options := b.ok("/v1/stepup/begin", map[string]any{})["options"]
	b.ok("/v1/stepup/finish", map[string]any{"response": a.get(b.t, options)})
}

// stepsUp lets one of the staff show a passkey, in the browser of the row's clients.
func (r *row) stepsUp(name string) {
	r.Helper()
	b := browserOf{r.T, r.node, r.staff[name].cookie, firefox}
	b.stepsUp(b.holds())
}

// stepsUp lets this person show a passkey.
func (d desk) stepsUp() desk {
	d.t.Helper()
	b := browserOf{d.t, d.n, d.cookie.Name + "=" + d.cookie.Value, "Go-http-client/1.1"}
	b.stepsUp(b.holds())
	return d
}
