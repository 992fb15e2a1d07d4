package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/postern-chat/postern/verify"
)

// Exchange implements verify.Provider. The iss parameter is judged before anything is sent (RFC 9207 §2.4), so
// that a code of another provider never reaches this one.
func (p *Provider) Exchange(ctx context.Context, r verify.LoginRequest, a verify.LoginAnswer) (verify.IDToken, error) {
	m, err := p.discover(ctx)
	if err != nil {
		return verify.IDToken{}, err
	}
	if a.Iss != p.c.Issuer && (a.Iss != "" || m.iss) {
		return verify.IDToken{}, verify.Refuse(verify.OIDCIss)
	}
	if a.Error != "" || a.Code == "" || len(a.Code) > 4<<10 {
		return verify.IDToken{}, verify.Refuse(verify.OIDCExchange)
	}
	raw, err := p.trade(ctx, m, a.Code, r.Verifier)
	if err != nil {
		return verify.IDToken{}, err
	}
	kid, err := verify.IDTokenDoor(nil).KeyID(raw)
	if err != nil {
		return verify.IDToken{}, verify.RefuseCause(verify.OIDCExchange, err)
	}
	keys, err := p.keysFor(ctx, kid, m.jwks)
	if err != nil {
		return verify.IDToken{}, err
	}
	t, err := verify.OpenIDToken(raw, keys, p.c.Now())
	if err != nil {
		return verify.IDToken{}, verify.RefuseCause(verify.OIDCExchange, err)
	}
	return t, nil
}

// trade gives the code for the ID token. Access and refresh tokens are dropped at once.
func (p *Provider) trade(ctx context.Context, m metadata, code, verifier string) (string, error) {
	params := url.Values{}
	if err := p.authenticate(params); err != nil {
		return "", unavailable(err)
	}
	opts := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	for k := range params {
		opts = append(opts, oauth2.SetAuthURLParam(k, params.Get(k)))
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, p.client), perRequest)
	defer cancel()
	t, err := p.oauth(m).Exchange(ctx, code, opts...)
	if err != nil {
		return "", refused(err)
	}
	raw, ok := t.Extra("id_token").(string)
	if !ok || raw == "" {
		return "", verify.RefuseCause(verify.OIDCExchange, errors.New("oidc: no ID token came"))
	}
	return raw, nil
}

// refused tells a provider's no from a provider that is ill. The words of a provider stay out of the log.
func refused(err error) error {
	var no *oauth2.RetrieveError
	if errors.As(err, &no) && no.Response != nil && no.Response.StatusCode < http.StatusInternalServerError && no.Response.StatusCode != http.StatusTooManyRequests {
		return verify.RefuseCause(verify.OIDCExchange, errors.New("oidc: the provider refused the code: "+code(no.ErrorCode)))
	}
	return unavailable(errors.New("oidc: the exchange failed: " + short(err)))
}

// code is an error code of RFC 6749 §5.2, if it is one.
func code(s string) string {
	switch s {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return s
	}
	return "another error"
}
