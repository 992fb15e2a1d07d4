package verify

import (
	"net/url"
	"slices"
)

// Level says how much a proof is worth. Source: proof-gate.md §3.2.
type Level string

// Levels. E0 never moves anything.
const (
	E0 Level = "E0" // a login seen, not bound to a change
	A1 Level = "A1" // bound, but the backend must believe the gateway
	A2 Level = "A2" // the ID token's nonce is the commitment
	A3 Level = "A3" // phishing-resistant A2, or the host's own witness
)

func (l Level) rank() int { return slices.Index([]Level{E0, A1, A2, A3}, l) }

// Valid reports whether l is a level that a kind may ask for.
func (l Level) Valid() bool { return l == A1 || l == A2 || l == A3 }

// AtLeast reports whether l is worth min or more. An unknown level is worth nothing and is never reached.
func (l Level) AtLeast(min Level) bool {
	return l.rank() >= 0 && min.rank() >= 0 && l.rank() >= min.rank()
}

// Host is an entry of the deploy file: who owns the accounts. Source: proof-gate.md §3.14.
type Host struct {
	Name      string   `json:"name"`
	Audience  string   `json:"audience"`       // receipt aud, host of the commitment
	Site      string   `json:"site"`           // default return page
	VerifyURL string   `json:"verify_url"`     // page that asks for the login; "" = an OpenID provider does
	Delivery  string   `json:"delivery_url"`   // the backend's endpoint
	Recovery  string   `json:"recovery_url"`   // for people who cannot log in
	Allow     []string `json:"allow"`          // loopback or private prefixes its URLs may resolve to
	Code      bool     `json:"code,omitempty"` // its page cannot redirect: the visitor types a code, level A1
}

// Page gives the address of a page of the site; "" when ref leads to another origin.
func (h Host) Page(ref string) string {
	site, err := url.Parse(h.Site)
	if err != nil || ref == "" {
		return ""
	}
	u, err := site.Parse(ref)
	if err != nil || u.Scheme != site.Scheme || u.Host != site.Host || u.User != nil {
		return ""
	}
	return u.String()
}

// SourceEntry names a source of login events and the host it belongs to.
type SourceEntry struct {
	Name    string `json:"name"`
	Adapter string `json:"adapter"`
	Host    string `json:"host"`
	// Of an OpenID provider (adapter oidc); empty else.
	Issuer string   `json:"issuer,omitempty"`
	Client string   `json:"client,omitempty"` // our client id there
	Strong []string `json:"strong,omitempty"` // acr or amr values that count as phishing-resistant
	Skew   int64    `json:"skew,omitempty"`   // seconds that its clock may differ, at most MaxSkew
}

// Policy is everything that decides what needs which proof. Its hash stands in every change, receipt and
// leaf. Host URLs come from the deploy file only.
type Policy struct {
	Hosts   []Host        `json:"hosts"`
	Sources []SourceEntry `json:"sources"`
	Kinds   []Kind        `json:"kinds"`
}

// Kind returns the kind with exactly this name.
func (p Policy) Kind(name string) (Kind, bool) {
	i := slices.IndexFunc(p.Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return p.Kinds[i], true
}

// Host returns the host entry with this name.
func (p Policy) Host(name string) (Host, bool) {
	i := slices.IndexFunc(p.Hosts, func(h Host) bool { return h.Name == name })
	if i < 0 {
		return Host{}, false
	}
	return p.Hosts[i], true
}

// Hash is the policy's digest: b64url(SHA-256("postern.policy.v1\n" + JCS)).
func (p Policy) Hash() (string, error) {
	b, err := canonical(p)
	if err != nil {
		return "", err
	}
	return hash("postern.policy.v1\n", b), nil
}

// Needs is the level that a change of this kind must reach at once; Cools is what is enough with cooling. A kind
// can raise its level, never lower it.
func (k Kind) Needs() Level {
	needs := A2
	if k.Tier != TierRead && k.Tier != TierPlain {
		needs = A3
	}
	if k.Level.rank() > needs.rank() {
		needs = k.Level
	}
	return needs
}

// Mistakes lists everything wrong with the policy, in words for an operator. Empty means none.
func (p Policy) Mistakes() []string {
	var bad []string
	for i, h := range p.Hosts {
		bad = append(bad, h.mistakes(p.hasProvider(h.Name))...)
		if slices.ContainsFunc(p.Hosts[:i], func(o Host) bool { return o.Name == h.Name || o.Audience == h.Audience }) {
			bad = append(bad, "host "+h.Name+": name or audience appears twice")
		}
	}
	for i, s := range p.Sources {
		if _, ok := p.Host(s.Host); !ok {
			bad = append(bad, "source "+s.Name+": host "+s.Host+" does not exist")
		}
		if slices.ContainsFunc(p.Sources[:i], func(o SourceEntry) bool { return o.Name == s.Name }) {
			bad = append(bad, "source "+s.Name+" appears twice")
		}
		if s.Adapter != AdapterOIDC {
			continue
		}
		if s.Issuer == "" || s.Client == "" {
			bad = append(bad, "source "+s.Name+": issuer and client_id are needed")
		}
		if s.Skew < 0 || s.Skew > MaxSkew {
			bad = append(bad, "source "+s.Name+": clock_skew must be between 0 and 30 seconds")
		}
		if slices.ContainsFunc(p.Sources[:i], func(o SourceEntry) bool { return o.Adapter == AdapterOIDC && o.Host == s.Host }) {
			bad = append(bad, "source "+s.Name+": host "+s.Host+" has a provider already")
		}
	}
	for i, k := range p.Kinds {
		bad = append(bad, k.Mistakes()...)
		h, ok := p.Host(k.Host)
		if !ok {
			bad = append(bad, "kind "+k.Name+": host "+k.Host+" does not exist")
		}
		if s, is := p.Provider(k); ok && is && !k.Off && k.Needs() == A3 && k.Cools() == "" && len(s.Strong) == 0 {
			bad = append(bad, "kind "+k.Name+": needs A3 or cooling, but host "+k.Host+" has no verify_url and its provider no strong values")
		}
		if ok && k.SelfService != "" && h.Page(k.SelfService) == "" {
			bad = append(bad, "kind "+k.Name+": self_service must be a page of "+h.Site)
		}
		if slices.ContainsFunc(p.Kinds[:i], func(o Kind) bool { return o.Name == k.Name }) {
			bad = append(bad, "kind "+k.Name+" appears twice")
		}
	}
	return bad
}

// hasProvider reports whether logins for this host can be made at an OpenID provider.
func (p Policy) hasProvider(host string) bool {
	return slices.ContainsFunc(p.Sources, func(s SourceEntry) bool { return s.Host == host && s.Adapter == AdapterOIDC })
}

func (h Host) mistakes(provider bool) []string {
	var bad []string
	if h.Name == "" || h.Audience == "" {
		bad = append(bad, "host "+h.Name+": name and audience are needed")
	}
	for name, u := range map[string]string{"site": h.Site, "verify_url": h.VerifyURL, "delivery_url": h.Delivery} {
		if name == "verify_url" && u == "" && provider {
			continue
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" || p.Scheme != "https" && p.Scheme != "http" || p.User != nil || p.Fragment != "" {
			bad = append(bad, "host "+h.Name+": "+name+" must be an absolute http or https URL")
		}
	}
	slices.Sort(bad)
	return bad
}
