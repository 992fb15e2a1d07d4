package conformance

import (
	"strings"

	"github.com/postern-chat/postern/verify"
)

// doorAttacks are receipts that a JWT library lets in and the front door does not.
func doorAttacks() []attack {
	door := func(row, name string, f func(head, body string) [2]string) attack {
		return attack{row: row, name: name, codes: "receipt.sig", text: f}
	}
	more := func(what string) func(head, body string) [2]string {
		return func(head, body string) [2]string {
			return [2]string{strings.TrimSuffix(head, "}") + "," + what + "}", body}
		}
	}
	replace := func(old, with string) func(head, body string) [2]string {
		return func(head, body string) [2]string { return [2]string{head, strings.Replace(body, old, with, 1)} }
	}
	header := func(old, with string) func(head, body string) [2]string {
		return func(head, body string) [2]string { return [2]string{strings.Replace(head, old, with, 1), body} }
	}
	return []attack{
		door("R14", "header crit", more(`"crit":["x"],"x":1`)),
		door("R14", "header jwk", more(`"jwk":{}`)),
		door("R14", "header b64 false", more(`"b64":false`)),
		door("R14", "header alg twice", more(`"alg":"none"`)),
		door("R14", "alg none", header(`"ES256"`, `"none"`)),
		door("R14", "alg HS256", header(`"ES256"`, `"HS256"`)),
		door("R14", "another typ", header(verify.ReceiptType, "JWT")),
		door("R14", "no kid", func(_, body string) [2]string {
			return [2]string{`{"alg":"ES256","typ":"` + verify.ReceiptType + `"}`, body}
		}),
		door("R14", "a claim twice", replace(`"sub":`, `"sub":"another","sub":`)),
		door("R14", "a claim twice in depth", replace(`"kty":`, `"kty":"x","kty":`)),
		door("R14", "CHG beside chg", replace(`"chg":`, `"CHG":"x","chg":`)),
		door("R14", "CHG instead of chg", replace(`"chg":`, `"CHG":`)),
		door("R14", "a claim that the format does not have", replace(`"sub":`, `"admin":true,"sub":`)),
		door("R14", "over 16 KiB", func(head, body string) [2]string {
			return [2]string{head, strings.Replace(body, `"policy":"`, `"policy":"`+strings.Repeat("x", 17<<10), 1)}
		}),
		{row: "R14", name: "a changed signature", codes: "receipt.sig", deliver: func(_ *rogue, m message) {
			jws, _ := m["receipt"].(string)
			cut := strings.LastIndexByte(jws, '.') + 1
			first := "A"
			if jws[cut] == 'A' {
				first = "B"
			}
			m["receipt"] = jws[:cut] + first + jws[cut+1:]
		}},
		{row: "R14", name: "padding", codes: "receipt.sig", deliver: func(_ *rogue, m message) {
			m["receipt"], _ = m["receipt"].(string)
			m["receipt"] = m["receipt"].(string) + "="
		}},
		{row: "R14", name: "no receipt", codes: "receipt.sig", deliver: func(_ *rogue, m message) { delete(m, "receipt") }},
		{row: "R09", name: "aud as a list", codes: "receipt.aud_single", text: func(head, body string) [2]string {
			at := strings.Index(body, `"aud":"`) + len(`"aud":`)
			end := at + 1 + strings.IndexByte(body[at+1:], '"') + 1
			return [2]string{head, body[:at] + "[" + body[at:end] + `,"https://x.test"]` + body[end:]}
		}},
	}
}

// tokenAttacks bend the ID token. The first ones hold no key of the provider; the others show what a provider that
// was asked for something else would sign.
func tokenAttacks() []attack {
	token := func(row, name, codes string, f func(g *rogue) map[string]any) attack {
		return attack{row: row, name: name, codes: codes, only: verify.EvidenceIDToken, token: f}
	}
	forged := func(name string, f func(g *rogue) (string, error)) attack {
		return attack{row: "R05", name: name, codes: "evidence.sig", only: verify.EvidenceIDToken, bend: func(g *rogue) (err error) {
			g.claims.Ev.JWT, err = f(g)
			return err
		}}
	}
	return []attack{
		forged("an ID token signed by the gateway under the provider's kid", func(g *rogue) (string, error) {
			text := g.claims.Ev.JWT[:strings.LastIndexByte(g.claims.Ev.JWT, '.')]
			sig, err := g.es256(g.key, []byte(text))
			return text + "." + sig, err
		}),
		forged("under the gateway's kid", func(g *rogue) (string, error) {
			body := strings.Split(g.claims.Ev.JWT, ".")[1]
			text := b64([]byte(strings.Replace(g.head(), verify.ReceiptType, "JWT", 1))) + "." + body
			sig, err := g.es256(g.key, []byte(text))
			return text + "." + sig, err
		}),
		forged("with alg none", func(g *rogue) (string, error) {
			return b64([]byte(`{"alg":"none","kid":"`+kidEC+`"}`)) + "." + strings.Split(g.claims.Ev.JWT, ".")[1] + ".", nil
		}),
		forged("the receipt itself as ID token", func(g *rogue) (string, error) {
			body, err := g.payload()
			if err != nil {
				return "", err
			}
			return g.raw(g.head(), body)
		}),
		token("R07", "no phishing-resistant acr, and the receipt claims A3", "receipt.level", func(*rogue) map[string]any { return map[string]any{"acr": nil} }),
		token("R07", "an acr that only begins like it", "receipt.level", func(*rogue) map[string]any { return map[string]any{"acr": Strong + "2", "amr": []string{"pwd"}} }),
		token("R12", "an ID token of another client", "evidence.aud", func(*rogue) map[string]any { return map[string]any{"aud": "another-client"} }),
		token("R12", "for two clients", "evidence.aud", func(*rogue) map[string]any { return map[string]any{"aud": []string{Client, "another-client"}} }),
		token("R12", "issued to another client", "evidence.aud", func(*rogue) map[string]any { return map[string]any{"azp": "another-client"} }),
		token("R13", "an ID token of another account", "evidence.subject_mismatch", func(g *rogue) map[string]any { return map[string]any{"sub": g.o.Other} }),
		{
			row: "R13", name: "an account that does not exist here", codes: "evidence.subject_mismatch backend.refused", only: verify.EvidenceIDToken,
			token: func(*rogue) map[string]any { return map[string]any{"sub": "nobody-of-conformance"} },
			bend: func(g *rogue) error {
				g.claims.Sub = "nobody-of-conformance"
				return nil
			},
		},
		token("R04", "an ID token for another commitment", "evidence.nonce_mismatch", func(*rogue) map[string]any { return map[string]any{"nonce": verify.TokenHash("x")} }),
		token("R04", "without a nonce", "evidence.nonce_mismatch", func(*rogue) map[string]any { return map[string]any{"nonce": nil} }),
		token("R05", "of another issuer, signed by this one", "evidence.iss", func(*rogue) map[string]any { return map[string]any{"iss": "https://another.idp.test"} }),
		token("C02", "a login from before the challenge", "evidence.stale", func(g *rogue) map[string]any { return map[string]any{"auth_time": g.claims.T0 - 3} }),
		token("C01", "no auth_time", "evidence.no_auth_time", func(*rogue) map[string]any { return map[string]any{"auth_time": nil} }),
		token("C01", "auth_time as text", "evidence.no_auth_time evidence.sig", func(*rogue) map[string]any { return map[string]any{"auth_time": "now"} }),
		token("C03", "a login a minute ahead", "clock.skew", func(g *rogue) map[string]any { return map[string]any{"auth_time": g.claims.T0 + 70} }),
		token("C02", "issued before the challenge", "clock.skew evidence.stale", func(g *rogue) map[string]any { return map[string]any{"iat": g.claims.T0 - 3} }),
		token("C02", "ended long ago", "evidence.stale", func(g *rogue) map[string]any { return map[string]any{"exp": g.claims.T0 - 1000} }),
	}
}
