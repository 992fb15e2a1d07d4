package conformance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// rogue is one receipt as the gateway's operator makes it, and everything in it that he can make himself. What he
// cannot make is the evidence.
type rogue struct {
	*try
	key    *ecdsa.PrivateKey // signs the receipt
	change verify.Change
	claims verify.Claims
}

// message is the body of a delivery.
type message map[string]any

// reply is what the backend answered.
type reply struct {
	status int
	code   string
	body   []byte
}

// honest is a receipt for a change that the test user has confirmed just now.
func (x *try) honest(ctx context.Context, bend ...func(g *rogue)) (*rogue, error) {
	g, err := x.prepare()
	if err != nil {
		return nil, err
	}
	for _, f := range bend {
		f(g)
	}
	if err := g.seal(); err != nil {
		return nil, err
	}
	return g, g.login(ctx)
}

// prepare makes a change that was not asked for before, and claims without evidence.
func (x *try) prepare() (*rogue, error) {
	jwk, err := verify.NewJWK(&x.widget.PublicKey)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(x.rnd, salt); err != nil {
		return nil, err
	}
	n, now := x.fresh(), x.now().Unix()
	id := strconv.FormatInt(n, 10)
	return &rogue{
		try: x, key: x.key, change: x.another(),
		claims: verify.Claims{
			Iss: x.url, Aud: x.o.Audience, JTI: "rc_" + id, Iat: now, Exp: now + 120, Use: verify.UseApply, Sub: x.o.Subject, SubIss: x.subIss(),
			Challenge: "cl_" + id, Conversation: "cv_" + id, Salt: b64(salt), T0: now - 1, ApprovedAt: now, Level: verify.A3, Policy: "conformance",
			Cnf: verify.Cnf{JWK: jwk}, Fin: verify.Fin{Token: verify.TokenHash("conformance " + id)},
			Log: verify.LogPointer{Origin: "conformance/log", Size: n - x.first + 1000, Root: b64(make([]byte, 32)), Leaf: n - x.first},
		},
	}, nil
}

// another is a change with a value of its own.
func (x *try) another() verify.Change {
	v := strings.ReplaceAll(x.o.Value, "{n}", strconv.FormatInt(x.fresh(), 10))
	return verify.Change{V: "1", Kind: x.o.Kind, Base: verify.AnyBase, Fields: map[string]string{x.o.Field: v}}
}

func (x *try) subIss() string {
	if x.o.Confirm != nil {
		return x.o.Audience
	}
	return x.issuer()
}

// seal makes everything consistent that a gateway can make: digest, commitment, finish signature.
func (g *rogue) seal() (err error) {
	c := &g.claims
	c.Kind = g.change.Kind
	if c.Chg, err = g.change.Digest(); err != nil {
		return err
	}
	if c.Commit, err = c.Commitment(c.Aud).Hash(); err != nil {
		return err
	}
	return g.finish(g.widget, c.Chg)
}

// finish signs the approval with a key of the gateway's choice.
func (g *rogue) finish(key *ecdsa.PrivateKey, chg string) error {
	text, err := verify.FinishMessage(g.claims.Challenge, chg, g.claims.Commit, g.claims.Fin.Token)
	if err != nil {
		return err
	}
	g.claims.Fin.Sig, err = g.es256(key, text)
	return err
}

func (t *Tool) es256(key *ecdsa.PrivateKey, text []byte) (string, error) {
	sum := sha256.Sum256(text)
	r, s, err := ecdsa.Sign(t.rnd, key, sum[:])
	if err != nil {
		return "", err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return b64(sig), nil
}

// login gets the evidence for exactly these claims: an ID token of the tool's provider, or the host's witness.
func (g *rogue) login(ctx context.Context) error {
	if g.o.Confirm == nil {
		return g.token(nil)
	}
	e, err := g.press(ctx, "approve")
	if err != nil {
		return err
	}
	if e.Type != verify.LoginConfirmed || e.Sub != g.o.Subject || e.Witness == "" {
		return fmt.Errorf("confirm: the host sent %q of %q, witness of %d bytes; want a confirmed login of the test user with a witness", e.Type, e.Sub, len(e.Witness))
	}
	g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: e.AuthTime, Witness: e.Witness}
	g.claims.ApprovedAt = g.now().Unix()
	g.claims.Iat = g.claims.ApprovedAt
	g.claims.Exp = g.claims.Iat + 120
	return nil
}

// press opens a challenge for the claims, lets the host's page be pressed, and gives what the host posted.
func (g *rogue) press(ctx context.Context, choice string) (e loginEvent, err error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(g.rnd, raw); err != nil {
		return e, err
	}
	handle, c := b64(raw), &challenge{events: make(chan loginEvent, 1), view: verify.View{
		Change: g.change, Commit: g.claims.Commit, T0: g.claims.T0, Expires: g.claims.T0 + 600,
		Conversation: verify.ViewConversation{Started: g.claims.T0, Browser: "conformance", Mailbox: "conformance"},
	}}
	g.mu.Lock()
	g.open[handle] = c
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		delete(g.open, handle)
		g.mu.Unlock()
	}()
	if err := g.o.Confirm(ctx, handle, choice); err != nil {
		return e, fmt.Errorf("confirm: %w", err)
	}
	select {
	case e = <-c.events:
	default:
		return e, errors.New("confirm: it ended, and the host has sent no login event")
	}
	if e.Chg != g.claims.Chg {
		return e, fmt.Errorf("confirm: the host computed the digest %q, the change's is %q", e.Chg, g.claims.Chg)
	}
	return e, nil
}

// token is an ID token of the tool's provider for these claims; bend changes its claims, nil deletes one.
func (g *rogue) token(bend map[string]any) error {
	raw, err := g.idToken(bend, kidEC, "ES256")
	g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceIDToken, JWT: raw}
	return err
}

func (g *rogue) idToken(bend map[string]any, kid, alg string) (string, error) {
	at := g.claims.T0
	claims := map[string]any{
		"iss": g.issuer(), "aud": Client, "sub": g.o.Subject, "nonce": g.claims.Commit, "iat": at, "exp": at + 300, "auth_time": at, "acr": Strong,
	}
	for k, v := range bend {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := b64([]byte(`{"alg":"`+alg+`","typ":"JWT","kid":"`+kid+`"}`)) + "." + b64(body)
	if alg == "RS256" {
		sum := sha256.Sum256([]byte(text))
		sig, err := rsa.SignPKCS1v15(g.rnd, g.idpRSA, crypto.SHA256, sum[:])
		return text + "." + b64(sig), err
	}
	sig, err := g.es256(g.idpEC, []byte(text))
	return text + "." + sig, err
}

// head is a receipt's proper header.
func (g *rogue) head() string {
	return `{"alg":"ES256","typ":"` + verify.ReceiptType + `","kid":"` + kid(&g.key.PublicKey) + `"}`
}

// raw signs any header and payload.
func (g *rogue) raw(header, payload string) (string, error) {
	text := b64([]byte(header)) + "." + b64([]byte(payload))
	sig, err := g.es256(g.key, []byte(text))
	return text + "." + sig, err
}

// payload is the receipt's payload as text, so that it can be bent.
func (g *rogue) payload() (string, error) {
	b, err := json.Marshal(g.claims)
	return string(b), err
}

// message is the delivery of these claims.
func (g *rogue) message() (message, error) {
	body, err := g.payload()
	if err != nil {
		return nil, err
	}
	jws, err := g.raw(g.head(), body)
	c := g.claims
	return message{
		"type": "change.apply", "challenge": c.Challenge, "conversation": c.Conversation, "change": g.change,
		"sub": c.Sub, "commit": c.Commit, "t0": c.T0, "evidence": c.Ev, "receipt": jws,
	}, err
}

// deliver posts a message as the gateway does and keeps the answer.
func (x *try) deliver(ctx context.Context, m message) error {
	r, err := x.post(ctx, m)
	x.last = r
	return err
}

func (x *try) post(ctx context.Context, m message) (r reply, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return r, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.o.URL, bytes.NewReader(body))
	if err != nil {
		return r, err
	}
	req.Header.Set("Content-Type", "application/json")
	if x.o.Secret != nil {
		verify.SignHook(req.Header, x.o.Secret, "dl_"+strconv.FormatInt(x.fresh(), 10), x.now(), body)
	}
	res, err := x.o.Client.Do(req)
	if err != nil {
		return r, fmt.Errorf("deliver: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	r.status = res.StatusCode
	if r.body, err = io.ReadAll(io.LimitReader(res.Body, 64<<10)); err != nil {
		return r, fmt.Errorf("deliver: %w", err)
	}
	var out struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(r.body, &out) == nil {
		r.code = out.Code
	}
	return r, nil
}
