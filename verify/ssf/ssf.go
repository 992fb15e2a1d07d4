// Package ssf takes security event tokens (SET, RFC 8417) of one transmitter: pushed to us (RFC 8935) at
// /v1/events/{name}, or polled by us (RFC 8936). Source: proof-gate.md §3.8, OpenID SSF 1.0, CAEP 1.0, RISC.
//
// What it believes went through the gate's front door with the transmitter's published keys, names exactly the
// configured issuer and us as an audience, and is about an account of that issuer. A new session is a hint (E0); a
// revoked session, a changed or compromised credential and a disabled account end the account's live changes. What
// never happens here: a decision about a change, a fetch from an address that a token names.
package ssf

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"mime"
	"slices"
	"time"

	"github.com/postern-chat/postern/verify"
)

// MediaType is that of a pushed SET (RFC 8935 §2.1).
const MediaType = "application/secevent+jwt"

// Source reads deliveries of one transmitter.
type Source struct {
	Name     string // as in the path
	Host     string // host entry whose accounts the events are about
	Issuer   string // exact iss of the events and of their subjects
	Audience string // what the transmitter calls us
	// Tokens are the Authorization values that the transmitter may show, newest first; none = nothing is asked.
	Tokens []string
	Keys   Keys
}

var _ verify.Source = (*Source)(nil)

// Keys finds a transmitter's keys.
type Keys interface {
	// Find gives the keys in force at now; after it the set has the key of this kid if the transmitter has it.
	// Errors: idp.unavailable.
	Find(ctx context.Context, kid string, now time.Time) (verify.KeySet, error)
}

// Codes of RFC 8935 §2.4. code is why a delivery was refused, for its sender.
const (
	invalidRequest       code = "invalid_request"
	invalidKey           code = "invalid_key"
	invalidIssuer        code = "invalid_issuer"
	invalidAudience      code = "invalid_audience"
	authenticationFailed code = "authentication_failed"
	accessDenied         code = "access_denied"
)

type code string

func (c code) Error() string { return string(c) }

// describe is the same for everybody; it never repeats what came.
func (c code) describe() string {
	switch c {
	case invalidKey:
		return "The key is not one of the issuer's, or the signature does not hold."
	case invalidIssuer:
		return "This endpoint takes events of another issuer."
	case invalidAudience:
		return "The event is for another receiver."
	case authenticationFailed:
		return "The Authorization header is not the agreed one."
	case accessDenied:
		return "The issuer may speak of its own accounts only."
	}
	return "The request is no security event token in the form of RFC 8417 and SSF 1.0, made within the last minutes."
}

func refuse(r verify.Reason, c code) error { return verify.RefuseCause(r, c) }

// Parse implements verify.Source.
//
// Errors: event.signature, oidc.iss, oidc.aud, json.invalid, event.late (authentic, over 10 min old), clock.skew
// (authentic, from over 5 min ahead), idp.unavailable.
func (s *Source) Parse(ctx context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	if err := s.request(d); err != nil {
		return nil, err
	}
	e, err := s.open(ctx, string(d.Body), d.At)
	if err != nil {
		return nil, err
	}
	return []verify.LoginEvent{e}, nil
}

// request checks what stands around the token.
func (s *Source) request(d verify.Delivery) error {
	types := d.Header.Values("Content-Type")
	if d.Method != "POST" || len(d.Body) > verify.MaxJWT || len(d.Header.Values("Content-Encoding")) > 0 || len(types) != 1 {
		return refuse(verify.JSONInvalid, invalidRequest)
	}
	if kind, _, err := mime.ParseMediaType(types[0]); err != nil || kind != MediaType {
		return refuse(verify.JSONInvalid, invalidRequest)
	}
	if got := d.Header.Values("Authorization"); len(s.Tokens) > 0 && (len(got) != 1 || !among(got[0], s.Tokens)) {
		return refuse(verify.EventSignature, authenticationFailed)
	}
	return nil
}

// among compares in constant time, whichever fits.
func among(got string, tokens []string) bool {
	a, found := sha256.Sum256([]byte(got)), 0
	for _, t := range tokens {
		b := sha256.Sum256([]byte(t))
		found |= subtle.ConstantTimeCompare(a[:], b[:])
	}
	return found == 1
}

// open takes a token through the front door and judges whose it is and how old.
func (s *Source) open(ctx context.Context, raw string, now time.Time) (verify.LoginEvent, error) {
	kid, err := verify.SETDoor(nil).KeyID(raw)
	if err != nil {
		return verify.LoginEvent{}, refuseToken(err)
	}
	keys, err := s.Keys.Find(ctx, kid, now)
	if err != nil {
		return verify.LoginEvent{}, err
	}
	t, err := verify.OpenSET(raw, keys, now)
	if err != nil {
		return verify.LoginEvent{}, refuseToken(err)
	}
	if err := s.judge(t, now); err != nil {
		return verify.LoginEvent{}, err
	}
	return verify.LoginEvent{
		Source: s.Name, Host: s.Host, ID: t.ID, Body: verify.TokenHash(raw), Issuer: t.Issuer, Subject: t.Subject, Kind: t.Kind,
	}, nil
}

func refuseToken(err error) error {
	if verify.KeyRefused(err) {
		return refuse(verify.EventSignature, invalidKey)
	}
	return refuse(verify.JSONInvalid, invalidRequest)
}

func (s *Source) judge(t verify.SecurityEvent, now time.Time) error {
	made := time.Unix(t.Iat, 0)
	switch {
	case s.Issuer == "" || t.Issuer != s.Issuer:
		return refuse(verify.OIDCIss, invalidIssuer)
	case s.Audience == "" || !slices.Contains(t.Audience, s.Audience):
		return refuse(verify.OIDCAud, invalidAudience)
	case t.Kind != verify.LoginOther && t.SubjectIssuer != s.Issuer:
		return refuse(verify.OIDCIss, accessDenied)
	case made.After(now.Add(verify.EventAhead)):
		return refuse(verify.ClockSkew, invalidRequest)
	case made.Before(now.Add(-verify.EventAge)):
		return verify.Refuse(verify.EventLate)
	}
	return nil
}

// Answer implements verify.Source (RFC 8935 §2.2–2.4). An event that came late was received, so that nobody sends it
// again; what we cannot judge now may be sent again.
func (s *Source) Answer(_ verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	var c code
	var refused *verify.Error
	switch {
	case err == nil, verify.ReasonOf(err) == verify.EventLate:
		return verify.Reply{Status: 202}
	case errors.As(err, &c):
		body, err := json.Marshal(map[string]string{"err": string(c), "description": c.describe()})
		if err != nil {
			return verify.Reply{Status: 500}
		}
		return verify.Reply{Status: 400, ContentType: "application/json", Language: "en", Body: body}
	case errors.As(err, &refused):
		return verify.Reply{Status: 503}
	}
	return verify.Reply{Status: 500}
}
