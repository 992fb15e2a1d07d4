package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/postern-chat/postern/verify"
)

// metadata is what the gate needs of a provider's discovery document (OpenID Connect Discovery §3, RFC 9126 §5,
// RFC 9207 §3).
type metadata struct {
	auth, token, jwks, par string
	iss                    bool // answers carry iss
	request                bool // takes request objects signed with ES256
}

// discover gives the metadata, fetched at most ten minutes ago. Errors: idp.unavailable.
func (p *Provider) discover(ctx context.Context) (metadata, error) {
	p.metaMu.Lock()
	defer p.metaMu.Unlock()
	now := p.c.Now()
	if now.Before(p.metaUntil) && now.Add(metaLife).After(p.metaUntil.Add(-retryAfter)) {
		return p.meta, nil
	}
	if d := now.Sub(p.metaFailed); d >= 0 && d < retryAfter {
		return metadata{}, unavailable(errors.New("oidc: the provider did not answer a moment ago"))
	}
	m, err := p.fetchMetadata(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.metaFailed = now
		}
		return metadata{}, unavailable(err)
	}
	p.meta, p.metaUntil = m, now.Add(metaLife)
	return m, nil
}

// fetchMetadata lets go-oidc fetch the document and compare its issuer, and reads it strictly.
func (p *Provider) fetchMetadata(ctx context.Context) (metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, perRequest)
	defer cancel()
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.c.Issuer)
	if err != nil {
		return metadata{}, errors.New("oidc: discovery: " + short(err))
	}
	var raw json.RawMessage
	if err := found.Claims(&raw); err != nil {
		return metadata{}, err
	}
	o, err := verify.ReadObject(raw, maxBody)
	if err != nil {
		return metadata{}, err
	}
	return p.readMetadata(o)
}

func (p *Provider) readMetadata(o verify.Object) (m metadata, err error) {
	for key, to := range map[string]*string{
		"authorization_endpoint": &m.auth, "token_endpoint": &m.token, "jwks_uri": &m.jwks, "pushed_authorization_request_endpoint": &m.par,
	} {
		if !o.Has(key) && to == &m.par {
			continue
		}
		if *to, err = o.String(key); err != nil || !p.endpoint(*to) {
			return m, errors.New("oidc: discovery: no proper " + key)
		}
	}
	if o.Has("code_challenge_methods_supported") && !slices.Contains(list(o, "code_challenge_methods_supported"), "S256") {
		return m, errors.New("oidc: discovery: the provider has no PKCE with S256")
	}
	m.iss = string(o["authorization_response_iss_parameter_supported"]) == "true"
	m.request = string(o["request_parameter_supported"]) == "true" &&
		slices.Contains(list(o, "request_object_signing_alg_values_supported"), "ES256")
	return m, nil
}

// endpoint reports whether a URL of the metadata may be used: no weaker than the issuer's.
func (p *Provider) endpoint(s string) bool {
	u, err := url.Parse(s)
	issuer, e := url.Parse(p.c.Issuer)
	return err == nil && e == nil && u.Host != "" && u.User == nil && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == issuer.Scheme)
}

func list(o verify.Object, key string) []string {
	var out []string
	if json.Unmarshal(o[key], &out) != nil {
		return nil
	}
	return out
}

// keysFor gives the provider's key set, which has a key of this kid, under the rules of verify.KeyCache. Errors: idp.unavailable, or
// oidc.exchange for a kid that the provider does not have.
func (p *Provider) keysFor(ctx context.Context, kid, from string) (verify.KeySet, error) {
	p.keysMu.Lock()
	defer p.keysMu.Unlock()
	for range 2 {
		now := p.c.Now()
		switch _, need := p.keys.Look(kid, now); need {
		case verify.KeyHere:
			return p.keys.Set, nil
		case verify.KeyUnknown:
			return nil, verify.Refuse(verify.OIDCExchange)
		}
		if d := now.Sub(p.keysFailed); d >= 0 && d < retryAfter {
			return nil, unavailable(errors.New("oidc: the key set could not be fetched a moment ago"))
		}
		if err := p.fetchKeys(ctx, from); err != nil {
			return nil, unavailable(err)
		}
	}
	return nil, verify.Refuse(verify.OIDCExchange)
}

func (p *Provider) fetchKeys(ctx context.Context, from string) error {
	body, header, err := p.get(ctx, from)
	now := p.c.Now()
	var set verify.KeySet
	if err == nil {
		set, err = verify.ParseProviderKeys(body)
	}
	if err != nil {
		if ctx.Err() == nil {
			p.keys, p.keysFailed = p.keys.Failed(now), now
		}
		return err
	}
	p.keys = p.keys.Took(set, header.Get("Cache-Control"), now)
	return nil
}
