package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
)

const (
	forgeOrigin  = "chat.site.test/log"
	forgeGateway = "https://chat.site.test"
	forgeIDP     = "https://idp.site.test"
	forgeHost    = "https://acct.site.test"
)

// forge makes a log with proven changes, signed by real keys, without a database: verify.BundleSource.
type forge struct {
	testing.TB
	leaves   [][]byte
	hashes   [][32]byte
	rows     []verify.Row
	archives []verify.KeyArchive
	log      *verify.LogKey
	gateway  *verify.LocalSigner
	rsa      *rsa.PrivateKey
	ec       *ecdsa.PrivateKey
	widget   *ecdsa.PrivateKey
	keys     string // hash of the provider's archived set
	own      []byte
	at       time.Time
}

func newForge(t testing.TB) *forge {
	f := &forge{TB: t, own: []byte("the host's own key"), at: time.Unix(1795312800, 0)}
	ec := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		f.must(err)
		return k
	}
	var err error
	f.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	f.must(err)
	f.ec, f.widget = ec(), ec()
	f.gateway, err = verify.NewLocalSigner(ec(), rand.Reader)
	f.must(err)
	f.log, err = verify.DeriveLogKey(forgeOrigin, []byte("a secret of 32 bytes, or of more"))
	f.must(err)
	k, err := verify.ArchiveGateway(forgeGateway, verify.KeySet{f.gateway.Key()})
	f.must(err)
	l, err := f.log.Archive()
	f.must(err)
	p, err := verify.ArchiveProvider(verify.Relying{Issuer: forgeIDP, Client: "postern", Strong: []string{"phr"}}, verify.KeySet{
		{ID: "r", Alg: "RS256", Public: &f.rsa.PublicKey}, {ID: "e", Alg: "ES256", Public: &f.ec.PublicKey},
	})
	f.must(err)
	f.keys = p.Hash
	f.archives = []verify.KeyArchive{k, l, p}
	return f
}

func (f *forge) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *forge) read(index []int64) ([][32]byte, error) {
	out := make([][32]byte, len(index))
	for i, x := range index {
		out[i] = f.hashes[x]
	}
	return out, nil
}

func (f *forge) line(l verify.Leaf) int64 {
	b, err := l.Bytes()
	f.must(err)
	n := int64(len(f.leaves))
	h, err := verify.Grow(n, b, f.read)
	f.must(err)
	f.leaves, f.hashes = append(f.leaves, b), append(f.hashes, h...)
	return n
}

func (f *forge) root() string {
	r, err := verify.Root(int64(len(f.leaves)), f.read)
	f.must(err)
	return base64.RawURLEncoding.EncodeToString(r[:])
}

// to moves the row on, with its line.
func (f *forge) to(r *verify.Row, s verify.State, role verify.Role) {
	from := r.State
	r.State, r.ChangedAt = s, f.at.UnixMilli()
	r.Leaf = f.line(verify.Step{Row: *r, From: from, Actor: verify.Actor{Role: role, ID: "x"}, At: f.at}.Leaf())
	r.Version++
}

// draft is the i-th change.
func (f *forge) draft(i int) verify.Row {
	c := verify.Change{V: "1", Kind: "plan.change", Base: "*", Fields: map[string]string{"plan": fmt.Sprint("plan ", i)}}
	chg, err := c.Digest()
	f.must(err)
	return verify.Row{
		ID: fmt.Sprintf("ch_%026d", i), Conversation: fmt.Sprintf("cv_%026d", i/2), Host: "site", Change: c, Chg: chg, Policy: "p",
		Seal: fmt.Sprintf("salt%d", i), CreatedAt: f.at.UnixMilli(),
	}
}

// challenge is the i-th change's, with a login's evidence: an ID token (RS256, or ES256 for odd ones), or a witness.
func (f *forge) challenge(i int, r verify.Row, witness bool) (verify.Challenge, verify.Proof) {
	key, err := verify.NewJWK(&f.widget.PublicKey)
	f.must(err)
	ch := verify.Challenge{
		ID: fmt.Sprintf("cl_%026d", i), Change: r.ID, Conversation: r.Conversation, Host: "site", Audience: forgeHost, Kind: r.Change.Kind,
		Chg: r.Chg, Salt: "AAECAwQFBgcICQoLDA0ODw", T0: f.at.Unix(), Key: key, JKT: key.Thumbprint(), Handle: "h",
	}
	ch.Commit, err = ch.Commitment().Hash()
	f.must(err)
	p := verify.Proof{
		Source: "idp", Event: "e", Subject: fmt.Sprint("u-", i), Issuer: forgeIDP, Level: verify.A2, Keys: f.keys,
		ApprovedAt: f.at.Unix() + 20, Finish: verify.TokenHash(fmt.Sprint(i)),
	}
	if witness {
		p.Issuer, p.Level, p.Keys = forgeHost, verify.A3, ""
		p.Evidence = verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: ch.T0 + 10, Witness: verify.Witness(f.own, ch.Commit, ch.Chg, p.Subject, ch.T0+10)}
		return ch, p
	}
	claims := jwt.MapClaims{"iss": forgeIDP, "aud": "postern", "sub": p.Subject, "nonce": ch.Commit, "iat": ch.T0 + 10, "exp": ch.T0 + 310, "auth_time": ch.T0 + 9}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	t.Header["kid"] = "r"
	signer := any(f.rsa)
	if i%2 == 1 {
		t = jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		t.Header["kid"] = "e"
		signer = f.ec
	}
	raw, err := t.SignedString(signer)
	f.must(err)
	p.Evidence = verify.Evidence{Kind: verify.EvidenceIDToken, JWT: raw}
	return ch, p
}

// signature is the widget key's (ES256, raw).
func (f *forge) signature(text []byte) string {
	sum := sha256.Sum256(text)
	r, s, err := ecdsa.Sign(rand.Reader, f.widget, sum[:])
	f.must(err)
	b := make([]byte, 64)
	r.FillBytes(b[:32])
	s.FillBytes(b[32:])
	return base64.RawURLEncoding.EncodeToString(b)
}

// applied goes the whole way of one change.
func (f *forge) applied(i int, ch verify.Challenge, p verify.Proof) {
	r := f.draft(i)
	f.to(&r, verify.Draft, verify.Agent)
	f.to(&r, verify.Offered, verify.Agent)
	r.Challenge = &ch
	f.to(&r, verify.Challenged, verify.Visitor)
	r.Proof = &p
	f.to(&r, verify.Matched, verify.HostLogin)
	f.to(&r, verify.Matched, verify.HostLogin)
	text, err := verify.FinishMessage(ch.ID, ch.Chg, ch.Commit, p.Finish)
	f.must(err)
	p.Sig = f.signature(text)
	f.to(&r, verify.Proven, verify.Visitor)
	iat := f.at.Unix() + 30
	claims := verify.Claims{
		Iss: forgeGateway, Aud: ch.Audience, JTI: fmt.Sprint("rc_", i), Iat: iat, Exp: iat + 120, Use: "apply", Sub: p.Subject, SubIss: p.Issuer,
		Kind: ch.Kind, Chg: ch.Chg, Commit: ch.Commit, Challenge: ch.ID, Conversation: ch.Conversation, Salt: ch.Salt, T0: ch.T0,
		ApprovedAt: p.ApprovedAt, Level: p.Level, Policy: "p", Cnf: verify.Cnf{JWK: ch.Key}, Fin: verify.Fin{Token: p.Finish, Sig: p.Sig},
		Ev: &p.Evidence, Log: verify.LogPointer{Origin: forgeOrigin, Size: int64(len(f.leaves)), Root: f.root(), Leaf: r.Leaf},
	}
	jws, err := f.gateway.Sign(context.Background(), claims)
	f.must(err)
	r.Receipt = &verify.Minted{ID: claims.JTI, JWS: jws, Exp: claims.Exp}
	f.to(&r, verify.Released, verify.System)
	f.to(&r, verify.Applied, verify.System)
	f.rows = append(f.rows, r)
}

// withdrawn is a change that came to nothing.
func (f *forge) withdrawn(i int) {
	r := f.draft(i)
	f.to(&r, verify.Draft, verify.Agent)
	f.to(&r, verify.Offered, verify.Agent)
	f.to(&r, verify.Withdrawn, verify.Agent)
	f.rows = append(f.rows, r)
}

// refusal is a line about no change.
func (f *forge) refusal() {
	f.line(verify.Leaf{V: "2", Actor: "ag_1", Role: verify.Agent, Conversation: "cv_9", Policy: "p", Reason: verify.RoleRefused}.Stamp(f.at))
}

// prove makes the logins of many changes on all cores.
func (f *forge) prove(n int) ([]verify.Challenge, []verify.Proof) {
	ch, p := make([]verify.Challenge, n), make([]verify.Proof, n)
	var group sync.WaitGroup
	for w := range runtime.NumCPU() {
		group.Go(func() {
			for i := w; i < n; i += runtime.NumCPU() {
				ch[i], p[i] = f.challenge(i, f.draft(i), false)
			}
		})
	}
	group.Wait()
	return ch, p
}

// Size implements verify.BundleSource.
func (f *forge) Size(context.Context) (int64, error) { return int64(len(f.leaves)), nil }

// Leaves implements verify.BundleSource.
func (f *forge) Leaves(_ context.Context, from int64, limit int) ([][]byte, error) {
	return f.leaves[from:min(len(f.leaves), int(from)+limit)], nil
}

// Hashes implements verify.BundleSource.
func (f *forge) Hashes(_ context.Context, index []int64) ([][32]byte, error) { return f.read(index) }

// Changes implements verify.BundleSource.
func (f *forge) Changes(_ context.Context, after string, limit int) ([]verify.Row, error) {
	i := 0
	if after != "" {
		if _, err := fmt.Sscanf(after, "ch_%d", &i); err != nil {
			return nil, err
		}
		i++
	}
	return f.rows[min(i, len(f.rows)):min(len(f.rows), i+limit)], nil
}

// Archives implements verify.BundleSource.
func (f *forge) Archives(_ context.Context, after string, _ int) ([]verify.KeyArchive, error) {
	if after != "" {
		return nil, nil
	}
	return f.archives, nil
}
