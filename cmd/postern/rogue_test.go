package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern-chat/postern/gateway/token"
	"github.com/postern-chat/postern/verify"
)

// rogue is the gateway's operator gone bad: he holds its signing key and says what he likes, with a widget of
// his own. What he does not have is the host's key.
type rogue struct {
	r      *row
	key    *ecdsa.PrivateKey
	signer *verify.LocalSigner
	widget browser
	change verify.Change
	claims verify.Claims
}

func (r *row) rogue() *rogue {
	r.Helper()
	path := r.config.SigningKeyFile
	if path == "" {
		path = filepath.Join(r.config.Data, "signing-key.pem")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		r.Fatal(err)
	}
	key, err := readSigningKey(text)
	if err != nil {
		r.Fatal(err)
	}
	s, err := verify.NewLocalSigner(key, rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	g := &rogue{r: r, key: key, signer: s, widget: newBrowser(r.T), change: verify.Change{
		V: "1", Kind: "email.change", Base: "*", Fields: map[string]string{"email": strings.ToLower(rand.Text()) + "@evil.test"},
	}}
	jwk, err := verify.NewJWK(&g.widget.key.PublicKey)
	if err != nil {
		r.Fatal(err)
	}
	now := r.clock.now().Unix()
	g.claims = verify.Claims{
		Iss: r.url, Aud: audience, JTI: "rc_" + rand.Text(), Iat: now, Exp: now + 120, Use: "apply", Sub: "u-vic", SubIss: audience,
		Kind: g.change.Kind, Challenge: "cl_" + rand.Text(), Conversation: "cv_" + rand.Text(), Salt: base64.RawURLEncoding.EncodeToString([]byte(rand.Text())[:16]),
		T0: now - 60, ApprovedAt: now - 10, Level: verify.A3, Policy: "p", Cnf: verify.Cnf{JWK: jwk}, Fin: verify.Fin{Token: token.Hash("t")},
	}
	g.seal()
	g.login("u-vic")
	return g
}

// seal makes everything consistent that a gateway can make: digest, commitment, finish signature.
func (g *rogue) seal() {
	g.r.Helper()
	var err error
	g.claims.Kind = g.change.Kind
	if g.claims.Chg, err = g.change.Digest(); err != nil {
		g.r.Fatal(err)
	}
	if g.claims.Commit, err = (verify.Commitment{
		Host: g.claims.Aud, Challenge: g.claims.Challenge, Conversation: g.claims.Conversation, Chg: g.claims.Chg,
		JKT: g.claims.Cnf.JWK.Thumbprint(), Salt: g.claims.Salt, T0: g.claims.T0,
	}).Hash(); err != nil {
		g.r.Fatal(err)
	}
	m, err := verify.FinishMessage(g.claims.Challenge, g.claims.Chg, g.claims.Commit, g.claims.Fin.Token)
	if err != nil {
		g.r.Fatal(err)
	}
	g.claims.Fin.Sig = es256(g.r, g.widget.key, m)
}

func es256(r *row, key *ecdsa.PrivateKey, text []byte) string {
	sum := sha256.Sum256(text)
	a, b, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		r.Fatal(err)
	}
	sig := make([]byte, 64)
	a.FillBytes(sig[:32])
	b.FillBytes(sig[32:])
	return base64.RawURLEncoding.EncodeToString(sig)
}

// login is the host's page: only it makes a witness.
func (g *rogue) login(sub string) {
	at := g.claims.T0 + 40
	g.claims.Ev = &verify.Evidence{Kind: "witness", AuthTime: at, Witness: verify.Witness(g.r.site.own, g.claims.Commit, g.claims.Chg, sub, at)}
}

func (g *rogue) jws() string {
	g.r.Helper()
	jws, err := g.signer.Sign(context.Background(), g.claims)
	if err != nil {
		g.r.Fatal(err)
	}
	return jws
}

// message is the body of a delivery as the claims have it.
func (g *rogue) message() map[string]any {
	return map[string]any{
		"type": "change.apply", "challenge": g.claims.Challenge, "conversation": g.claims.Conversation, "change": g.change,
		"sub": g.claims.Sub, "commit": g.claims.Commit, "t0": g.claims.T0, "evidence": g.claims.Ev, "receipt": g.jws(),
	}
}

// delivered asserts what the backend says to a delivery.
func (r *row) delivered(path string, message map[string]any, wantStatus int, code string) []byte {
	r.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		r.Fatal(err)
	}
	status, got, answer := r.site.send(r.T, path, body)
	if status != wantStatus || got != code {
		r.Errorf("%s: %d %s, want %d %s", path, status, answer, wantStatus, code)
	}
	return answer
}

// publicKey is what hosts pin of the gateway.
func publicKey(t *testing.T, key *ecdsa.PrivateKey) verify.Key {
	t.Helper()
	s, err := verify.NewLocalSigner(key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return s.Key()
}
