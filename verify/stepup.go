package verify

import (
	"context"
	"io"
	"time"
)

// Started is a login that begins at a provider.
type Started struct {
	URL    string // where the browser logs in
	Cookie string // 256 bits, for this browser only; __Host-postern
	Until  time.Time
}

// start makes a fresh start token for a living challenge. The token stands in the fragment, so no server and no
// log sees it; it counts once and for 120 s.
func (g *Guard) start(ctx context.Context, m moment, row Row, src SourceEntry) (Opened, error) {
	token, err := g.token()
	if err != nil {
		return Opened{}, err
	}
	ends := row.Challenge.ExpiresAt()
	s := Slip{
		Use: SlipStart, Key: TokenHash(token), Change: row.ID, Challenge: row.Challenge.ID, Source: src.Name,
		Until: earlier(m.now.Add(StartLife), ends),
	}
	if err := g.Ledger.Issue(ctx, s, m.now); err != nil {
		return Opened{}, err
	}
	return Opened{Row: row, URL: g.Issuer + "/verify/start#" + token, ExpiresAt: ends}, nil
}

// Start redeems a start token: this browser gets a cookie of its own and goes to the provider. Of many racers
// one proceeds. The challenge stays as it is.
//
// Errors: start.used, start.expired (also of a challenge that is over), policy.unavailable, idp.unavailable.
func (g *Guard) Start(ctx context.Context, token string) (Started, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Started{}, err
	}
	s, row, err := g.slip(ctx, SlipStart, token)
	if err != nil {
		return Started{}, refuseAs(err, StartExpired)
	}
	if _, err := g.Ledger.Burned(ctx, Burn{Use: BurnStart, Key: s.Key}); err == nil {
		return Started{}, Refuse(StartUsed)
	}
	if !m.now.Before(s.Until) || row.State != Challenged || row.Challenge.ID != s.Challenge || g.sound(ctx, m, row) != nil {
		return Started{}, Refuse(StartExpired)
	}
	p, k, err := g.provider(m, s.Source, row)
	if err != nil {
		return Started{}, err
	}
	cookie, err := g.token()
	if err != nil {
		return Started{}, err
	}
	login := s
	login.Use, login.Key, login.Until = SlipLogin, TokenHash(cookie), row.Challenge.ExpiresAt()
	if err := g.Ledger.Issue(ctx, login, m.now, Burn{Use: BurnStart, Key: s.Key, Until: s.Until}); err != nil {
		return Started{}, err
	}
	url, err := p.Begin(ctx, g.loginRequest(cookie, row, k))
	return Started{URL: url, Cookie: cookie, Until: login.Until}, err
}

// Return takes the browser back from the provider. In order: cookie and state, then, once, the exchange, then
// what the ID token is worth. Input that is not authentic, and a token that is not about this login, leave the
// challenge as it is, with one leaf; an authentic login that does not match ends the change.
//
// The verdict says where the change went; Reason why it was refused. A callback that comes twice gets the state
// as it stands and moves nothing.
//
// Errors: state (not this browser's login; no exchange was made), challenge.expired, oidc.exchange, oidc.iss,
// oidc.aud, oidc.nonce, idp.unavailable, those of begin and of the ledger.
func (g *Guard) Return(ctx context.Context, cookie string, a LoginAnswer) (Verdict, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Verdict{}, err
	}
	s, row, err := g.slip(ctx, SlipLogin, cookie)
	if err != nil {
		return Verdict{}, refuseAs(err, StateInvalid)
	}
	if !Equal(a.State, g.state(cookie)) {
		return Verdict{}, g.refuse(ctx, m, Row{Policy: m.hash}, Actor{Role: HostLogin, ID: s.Source}, StateInvalid)
	}
	v := Verdict{Change: row.ID, Challenge: s.Challenge, Return: row.Challenge.ReturnTo, Source: s.Source}
	if _, err := g.Ledger.Burned(ctx, Burn{Use: BurnState, Key: s.Key}); err == nil {
		v.To, v.Reason = row.State, row.Reason
		return v, nil
	}
	if row.State != Challenged || row.Challenge.ID != s.Challenge || g.sound(ctx, m, row) != nil {
		return v, Refuse(ChallengeExpired)
	}
	p, k, err := g.provider(m, s.Source, row)
	if err != nil {
		return v, err
	}
	if err := g.Ledger.Spend(ctx, Burn{Use: BurnState, Key: s.Key, Until: s.Until}); err != nil {
		return v, err
	}
	t, err := p.Exchange(ctx, g.loginRequest(cookie, row, k), a)
	if err != nil {
		return v, g.unproven(ctx, row, s.Source, err)
	}
	return g.logIn(ctx, row, s, t)
}

// unproven leaves the leaf of a login that came to nothing.
func (g *Guard) unproven(ctx context.Context, row Row, source string, cause error) error {
	why := ReasonOf(cause)
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	if why == "" {
		return cause
	}
	if err := g.note(ctx, m.now, row, Actor{Role: HostLogin, ID: source}, why); err != nil {
		return err
	}
	return cause
}

// logIn judges the token by the clock and the policy as they are after the exchange.
func (g *Guard) logIn(ctx context.Context, row Row, s Slip, t IDToken) (Verdict, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Verdict{}, err
	}
	src, _ := m.policy.Source(s.Source)
	v := MatchToken(*row.Challenge, src, t, m.policy, m.now)
	v.Return, v.Source = row.Challenge.ReturnTo, s.Source
	by := Actor{Role: HostLogin, ID: s.Source}
	if v.To == "" {
		if err := g.note(ctx, m.now, row, by, v.Reason); err != nil {
			return v, err
		}
		return v, Refuse(v.Reason)
	}
	old, until := row, time.Time{}
	var burns []Burn
	var archive []KeyArchive
	if v.To == Matched {
		keys, err := ArchiveProvider(src.Relying(), t.Keys)
		if err != nil {
			return v, RefuseCause(GuardUnavailable, err)
		}
		archive = []KeyArchive{keys}
		burns = []Burn{{Use: BurnCommit, Key: row.Challenge.Commit, Value: row.ID}}
		until = earlier(m.now.Add(MatchLife), row.Challenge.ExpiresAt())
		row.Proof = &Proof{
			Source: s.Source, Event: s.Key, Subject: t.Subject, Issuer: t.Issuer, Level: v.Level,
			Evidence: Evidence{Kind: EvidenceIDToken, JWT: t.Raw}, Keys: keys.Hash,
		}
	}
	step := stepOf(row, v.To, by, v.Reason, m.now, until, burns...)
	step.Archive = archive
	_, err = g.advance(ctx, old, step)
	return v, err
}

// MatchToken says what an ID token does to one challenge. It is pure and total, as Match is: To is "" when the
// token is not about this challenge, so that nothing may move.
func MatchToken(ch Challenge, src SourceEntry, t IDToken, p Policy, now time.Time) Verdict {
	v := Verdict{Change: ch.Change, Challenge: ch.ID, Level: E0}
	end := func(to State, r Reason) Verdict {
		v.To, v.Reason = to, r
		return v
	}
	level, why := src.Relying().Judge(t, ch.Commit, ch.T0, now, 0)
	k, ok := p.KindAt(ch.Kind, ch.Host)
	switch {
	case src.Adapter != AdapterOIDC || src.Host != ch.Host || ch.Handle != "":
		return end("", OIDCIss)
	case why == OIDCIss || why == OIDCAud || why == OIDCNonce:
		return end("", why)
	case !now.Before(ch.ExpiresAt()):
		return end(Expired, ChallengeExpired)
	case why != "":
		return end(Failed, why)
	case ch.Subject != "" && !Equal(t.Subject, ch.Subject):
		return end(Failed, ProofSubject)
	case !ok || k.Off || k.Host != ch.Host:
		return end(Failed, PolicyUnavailable)
	case !k.Takes(level):
		return end(Failed, ProofLevel)
	}
	v.Level = level
	return end(Matched, "")
}

// provider is the provider of a source and the kind it is asked for, as the policy has them now.
func (g *Guard) provider(m moment, source string, row Row) (Provider, Kind, error) {
	k, err := m.kindOf(row)
	if err != nil {
		return nil, Kind{}, Refuse(PolicyUnavailable)
	}
	src, ok := m.policy.Provider(k)
	if p := g.Providers[source]; p != nil && ok && src.Name == source {
		return p, k, nil
	}
	return nil, Kind{}, Refuse(PolicyUnavailable)
}

func (g *Guard) loginRequest(cookie string, row Row, k Kind) LoginRequest {
	return LoginRequest{
		State: g.state(cookie), Nonce: row.Challenge.Commit, Verifier: deriveToken(g.Secret, "pkce", cookie),
		Strong: k.Needs() == A3 && k.Cools() == "",
	}
}

// state belongs to one cookie, so none has to be kept.
func (g *Guard) state(cookie string) string { return deriveToken(g.Secret, "state", cookie) }

// slip finds what is kept of a secret and the change it belongs to. Errors: not_found, those of the ledger.
func (g *Guard) slip(ctx context.Context, use, secret string) (Slip, Row, error) {
	if b, ok := unb64(secret); !ok || len(b) != 32 {
		return Slip{}, Row{}, Refuse(NotFound)
	}
	s, err := g.Ledger.Slip(ctx, use, TokenHash(secret))
	if err != nil {
		return Slip{}, Row{}, err
	}
	row, err := g.Ledger.Change(ctx, s.Change)
	if err == nil && row.Challenge == nil {
		err = Refuse(NotFound)
	}
	return s, row, err
}

// refuseAs turns "there is no such thing" into the reason that fits; other errors stay.
func refuseAs(err error, why Reason) error {
	if ReasonOf(err) == NotFound {
		return Refuse(why)
	}
	return err
}

// token is 256 bits, b64url.
func (g *Guard) token() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(g.Rand, b[:]); err != nil {
		return "", RefuseCause(GuardUnavailable, err)
	}
	return b64(b[:]), nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
