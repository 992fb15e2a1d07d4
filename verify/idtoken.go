package verify

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
)

// MaxIDToken is the size limit of an ID token that may become evidence, in bytes: the receipt that carries it
// must itself pass the front door.
const MaxIDToken = 8 << 10

// Relying is what is pinned about one OpenID provider, at the gateway and at each backend that takes its ID
// tokens as evidence. Source: proof-gate.md §3.7 step 3, §3.9 step 5.
type Relying struct {
	Issuer string   // exact
	Client string   // the gateway's client id there
	Strong []string // values of acr or amr that say "phishing-resistant"; none = never A3
	Skew   int64    // seconds that clocks may differ where that is more than 2 before t0 and 5 after now; at most 30
}

// MaxSkew is the widest that the bounds of a login's time can be set to, in seconds. Nothing widens them by itself.
const MaxSkew = 30

// IDToken is an ID token that the front door let in, with its claims read strictly.
type IDToken struct {
	Raw      string
	Issuer   string
	Subject  string
	Audience []string
	AZP      string
	Nonce    string
	Iat, Exp int64 // unix seconds
	AuthTime int64 // unix seconds; 0 = missing
	ACR      string
	AMR      []string
	Keys     KeySet // that it was believed by
	Label    string // how the account is called, for its owner: e-mail or user name; may be empty
}

// OpenIDToken takes an ID token through the front door with the provider's keys. What it says is not judged
// yet. Any error means that the token is not to be believed.
func OpenIDToken(raw string, keys KeySet, now time.Time) (IDToken, error) {
	if len(raw) > MaxIDToken {
		return IDToken{}, refuseToken()
	}
	o, err := IDTokenDoor(keys).Open(raw, now)
	if err != nil {
		return IDToken{}, err
	}
	t, err := readIDToken(raw, o)
	t.Keys = keys
	return t, err
}

func readIDToken(raw string, o Object) (IDToken, error) {
	t := IDToken{Raw: raw}
	var err error
	if t.Audience, err = o.words("aud"); err != nil || len(t.Audience) == 0 {
		return IDToken{}, errors.New("verify: an ID token without a proper aud")
	}
	if o.Has("amr") {
		if t.AMR, err = o.words("amr"); err != nil {
			return IDToken{}, err
		}
	}
	for key, to := range map[string]*string{"iss": &t.Issuer, "sub": &t.Subject, "azp": &t.AZP, "nonce": &t.Nonce, "acr": &t.ACR} {
		if !o.Has(key) && key != "iss" && key != "sub" {
			continue
		}
		if *to, err = o.String(key); err != nil {
			return IDToken{}, err
		}
	}
	for key, to := range map[string]*int64{"iat": &t.Iat, "exp": &t.Exp, "auth_time": &t.AuthTime} {
		if !o.Has(key) && key == "auth_time" {
			continue
		}
		if *to, err = o.Int(key); err != nil {
			return IDToken{}, err
		}
	}
	if t.Issuer == "" || t.Subject == "" || len(t.Subject) > 255 { // OpenID Connect Core §2
		return IDToken{}, errors.New("verify: an ID token without a proper iss or sub")
	}
	t.Label = o.label()
	return t, nil
}

// label is what the account's owner knows it by. It is shown to nobody else. One that holds control, format or
// invisible characters could look like another account and is passed over.
func (o Object) label() string {
	for _, key := range []string{"email", "preferred_username", "name"} {
		s, err := o.String(key)
		hidden := func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }
		if err == nil && s != "" && len(s) <= 320 && strings.IndexFunc(s, hidden) < 0 {
			return s
		}
	}
	return ""
}

// words is a string, or a list of strings. Errors: json.invalid.
func (o Object) words(key string) ([]string, error) {
	if s, err := o.String(key); err == nil {
		return []string{s}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(o[key], &list); err != nil || len(list) > 50 {
		return nil, RefuseField(JSONInvalid, key)
	}
	out := make([]string, 0, len(list))
	for _, raw := range list {
		s, err := Object{key: raw}.String(key)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// Judge says what an ID token is worth as a login made for one commitment, and why it is not: E0 with a reason.
// It is pure and total, the same at the gateway and at a backend. past is how long ago exp may be: nothing at
// the gateway, 15 min at a backend, for freshness comes from t0. The order is that of proof-gate.md §3.7 step 3.
//
// Reasons: oidc.iss, oidc.aud, oidc.nonce (the token is not about this login at all), proof.stale, clock.skew,
// proof.no_auth_time.
func (r Relying) Judge(t IDToken, commit string, t0 int64, now time.Time, past time.Duration) (Level, Reason) {
	skew := min(max(r.Skew, 0), MaxSkew)
	from, until := t0-max(skew, int64(authEarly/time.Second)), now.Unix()+max(skew, int64(authLate/time.Second))
	switch {
	case r.Issuer == "" || t.Issuer != r.Issuer:
		return E0, OIDCIss
	case r.Client == "" || !r.ours(t):
		return E0, OIDCAud
	case commit == "" || !Equal(t.Nonce, commit):
		return E0, OIDCNonce
	case t.Iat < from || t.Iat > until: // with our nonce it must be younger than t0: some clock is wrong
		return E0, ClockSkew
	case t.Exp <= t.Iat || !now.Before(time.Unix(t.Exp, 0).Add(past)):
		return E0, ProofStale
	case t.AuthTime == 0:
		return E0, ProofNoAuthTime
	case t.AuthTime < from:
		return E0, ProofStale
	case t.AuthTime > until:
		return E0, ClockSkew
	case r.strong(t):
		return A3, ""
	}
	return A2, ""
}

// ours reports whether the token was made for our client: the only audience, or the one it was issued to.
func (r Relying) ours(t IDToken) bool {
	if !slices.Contains(t.Audience, r.Client) {
		return false
	}
	return len(t.Audience) == 1 && (t.AZP == "" || t.AZP == r.Client) || t.AZP == r.Client
}

func (r Relying) strong(t IDToken) bool {
	return slices.ContainsFunc(r.Strong, func(s string) bool { return s != "" && (t.ACR == s || slices.Contains(t.AMR, s)) })
}
