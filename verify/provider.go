package verify

import "context"

// AdapterOIDC is the adapter of a source that is an OpenID provider: logins are made there, not reported.
const AdapterOIDC = "oidc"

// LoginRequest is one login that a browser is about to make at a provider, for one challenge.
type LoginRequest struct {
	State    string // bound to the browser's cookie
	Nonce    string // the commitment
	Verifier string // PKCE (RFC 7636); the browser sees only its S256
	Strong   bool   // the tier asks for a phishing-resistant login: essential acr
}

// LoginAnswer is what the browser brought back from the provider, as it came.
type LoginAnswer struct {
	State string
	Code  string
	Iss   string // RFC 9207; "" = absent
	Error string // the provider's error code; "" = none
}

// Provider is one OpenID provider, as the gate needs it. verify/oidc implements it. It decides nothing about a
// change: what the token is worth is Relying.Judge's business.
type Provider interface {
	// Begin gives the address where the browser logs in. Errors: idp.unavailable.
	Begin(ctx context.Context, r LoginRequest) (string, error)
	// Exchange checks the iss parameter, then trades the code for an ID token and takes it through the front
	// door. Errors: oidc.iss (no exchange was made), oidc.exchange (the provider refused, or its token cannot be
	// believed), idp.unavailable.
	Exchange(ctx context.Context, r LoginRequest, a LoginAnswer) (IDToken, error)
}

// Provider is the source at which a change of this kind is confirmed; ok is false where the host's own page does
// it. Who has both gets the page for what needs A3: a page of the host cannot be made to lie by the gateway.
func (p Policy) Provider(k Kind) (s SourceEntry, ok bool) {
	h, _ := p.Host(k.Host)
	for _, s := range p.Sources {
		if s.Host == k.Host && s.Adapter == AdapterOIDC {
			return s, h.VerifyURL == "" || k.Needs() != A3
		}
	}
	return SourceEntry{}, false
}

// Source returns the source with this name.
func (p Policy) Source(name string) (SourceEntry, bool) {
	for _, s := range p.Sources {
		if s.Name == name && name != "" {
			return s, true
		}
	}
	return SourceEntry{}, false
}

// Relying is what is pinned about a source that is a provider.
func (s SourceEntry) Relying() Relying {
	return Relying{Issuer: s.Issuer, Client: s.Client, Strong: s.Strong, Skew: s.Skew}
}
