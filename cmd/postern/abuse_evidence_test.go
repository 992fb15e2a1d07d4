package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"

	"github.com/golang-jwt/jwt/v5"

	"github.com/postern-chat/postern/verify"
)

// abuseEvidence: ID tokens as evidence, at the club's backend, from a gateway that holds its own key.
func abuseEvidence() map[string]func(r *row) {
	return map[string]func(r *row){"R05": ownIDToken, "R07": claimedLevel, "R09": listedAudience, "R12": otherClient, "R15": retiredKey}
}

func ownIDToken(r *row) {
	g := r.clubRogue("address.change", nil)
	honest := r.idp.Key
	r.idp.Key = g.key // what the gateway has
	g.claims.Ev.JWT = r.idToken(g, nil)
	r.idp.Key = honest
	r.clubRefuses(g, r.says("evidence.sig"))
}

func claimedLevel(r *row) {
	for _, kind := range []string{"address.change", "newsletter.change"} { // honest, so that what follows fails for its reason
		r.clubTakes(r.clubRogue(kind, func(c jwt.MapClaims) {
			if kind == "newsletter.change" {
				delete(c, "acr")
			}
		}))
	}
	r.given()
	for _, acr := range []any{nil, "pwd", "phr2"} {
		r.clubRefuses(r.clubRogue("address.change", func(c jwt.MapClaims) { c["acr"] = acr; c["amr"] = []string{"pwd"}; dropNil(c) }), r.says("receipt.level"))
	}
}

func dropNil(c jwt.MapClaims) {
	if c["acr"] == nil {
		delete(c, "acr")
	}
}

func listedAudience(r *row) {
	g := r.clubRogue("address.change", nil)
	m := g.message()
	m["receipt"] = g.bent(func(claims map[string]any) { claims["aud"] = []string{clubAudience, "https://x.test"} })
	r.clubRefusesMessage(m, r.says("receipt.aud_single"))
}

func otherClient(r *row) {
	r.clubRefuses(r.clubRogue("address.change", func(c jwt.MapClaims) { c["aud"] = "another-client" }), r.says("evidence.aud"))
}

func retiredKey(r *row) {
	fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.Fatal(err)
	}
	r.club.keys = verify.KeySet{publicKey(r.T, fresh)} // the old kid is no longer in the pinned set
	defer func() { r.club.keys = nil }()
	r.clubRefuses(r.clubRogue("address.change", nil), r.says("receipt.sig"))
}
