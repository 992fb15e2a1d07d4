package conformance

import (
	"context"
	"maps"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// attack bends an honest receipt, or its delivery, into one that must be refused.
type attack struct {
	row, name string
	codes     string                            // any of these, for a backend that checks receipts
	before    func(g *rogue)                    // before the login: what the login is made for
	bend      func(g *rogue) error              // after it: what the gateway makes of it
	deliver   func(g *rogue, m message)         // and of the delivery
	text      func(head, body string) [2]string // or of the receipt's bare text
	token     func(g *rogue) map[string]any     // or the login itself: claims of an ID token
	witness   bool                              // must also be refused by a backend without a library
	only      string                            // evidence kind that it needs; "" = any
}

// scenarios are those of a profile, in the order of the report.
func scenarios(o Options) []scenario {
	all := []scenario{
		{"delivery", "an honest change is applied", honestChange},
		{"R02", "delivered twice, then by 64 racers", deliveredOften},
		{"R02", "64 racers deliver first", racedFirst},
		{"R03", "the same proof in a new receipt; with another change", newReceipt},
		{"delivery", "settle: unknown, then the stored answer", settled},
		{"delivery", "an unknown type is passed over", unknownType},
	}
	if o.Confirm != nil {
		all = append(all, scenario{"delivery", "Deny on the host's page makes no witness", denied})
	} else {
		all = append(all, scenario{"delivery", "an honest change on an RS256 ID token", honestRSA})
	}
	if o.Profile == Backend {
		all = append(all, scenario{"delivery", "a smaller log head than before is an alarm, no refusal", smallerLog})
	}
	for _, list := range [][]attack{changeAttacks(), evidenceAttacks(), claimAttacks(), doorAttacks(), tokenAttacks()} {
		for _, a := range list {
			if (a.only == "" || a.only == o.evidence()) && (a.witness || o.Profile == Backend) {
				all = append(all, a.scenario(o))
			}
		}
	}
	return all
}

func (a attack) scenario(o Options) scenario {
	codes := strings.Fields(a.codes)
	if o.Profile == Witness {
		codes = []string{string(verify.EvidenceWitness)}
		if a.row == "E08" {
			codes = append(codes, string(verify.ChangeSchema))
		}
	}
	return refusal(a.row, a.name, codes, a.make)
}

// make makes the delivery of one attack.
func (a attack) make(ctx context.Context, x *try) (message, error) {
	var before []func(*rogue)
	if a.before != nil {
		before = append(before, a.before)
	}
	g, err := x.honest(ctx, before...)
	if err != nil {
		return nil, err
	}
	if a.token != nil {
		if err := g.token(a.token(g)); err != nil {
			return nil, err
		}
	}
	if a.bend != nil {
		if err := a.bend(g); err != nil {
			return nil, err
		}
	}
	m, err := g.message()
	if err != nil {
		return nil, err
	}
	if a.text != nil {
		body, err := g.payload()
		if err != nil {
			return nil, err
		}
		parts := a.text(g.head(), body)
		if m["receipt"], err = g.raw(parts[0], parts[1]); err != nil {
			return nil, err
		}
	}
	if a.deliver != nil {
		a.deliver(g, m)
	}
	return m, nil
}

// changeAttacks swap what is executed.
func changeAttacks() []attack {
	with := func(c verify.Change, key, value string) verify.Change {
		c.Fields = maps.Clone(c.Fields)
		c.Fields[key] = value
		return c
	}
	return []attack{
		{row: "R01", name: "a receipt for value A, delivered with value B", codes: "receipt.change_mismatch", witness: true, deliver: func(g *rogue, m message) { m["change"] = g.another() }},
		{row: "R01", name: "delivered with another kind", codes: "receipt.change_mismatch change.schema", witness: true, deliver: func(g *rogue, m message) {
			c := g.change
			c.Kind = "account.delete"
			m["change"] = c
		}},
		{row: "R01", name: "delivered with another base", codes: "receipt.change_mismatch", witness: true, deliver: func(g *rogue, m message) {
			c := g.change
			c.Base = "0"
			m["change"] = c
		}},
		{row: "R01", name: "the kind in the claims is another", codes: "receipt.change_mismatch", bend: func(g *rogue) error {
			g.claims.Kind += ".other"
			return nil
		}},
		{row: "E08", name: "one more field in the delivery", codes: "receipt.change_mismatch change.schema", witness: true, deliver: func(g *rogue, m message) { m["change"] = with(g.change, "role", "owner") }},
		{row: "E08", name: "one more field, approved by the login", codes: "change.schema", only: verify.EvidenceIDToken, before: func(g *rogue) { g.change = with(g.change, "role", "owner") }},
		{row: "E08", name: "one more member beside the fields", codes: "receipt.change_mismatch change.schema", witness: true, deliver: func(g *rogue, m message) {
			m["change"] = map[string]any{"v": "1", "kind": g.change.Kind, "base": "*", "fields": g.change.Fields, "role": "owner"}
		}},
		{row: "E08", name: "a number as value", codes: "change.value change.schema receipt.change_mismatch", deliver: func(g *rogue, m message) {
			m["change"] = map[string]any{"v": "1", "kind": g.change.Kind, "base": "*", "fields": map[string]any{g.o.Field: 1}}
		}},
	}
}

// evidenceAttacks use a login for something else than what was logged in for.
func evidenceAttacks() []attack {
	borrowed := "receipt.commit evidence.nonce_mismatch evidence.witness"
	return []attack{
		{row: "R04", name: "an evil change with the evidence of an honest one", codes: borrowed, witness: true, bend: func(g *rogue) error {
			ev := g.claims.Ev
			g.change = g.another()
			err := g.seal()
			g.claims.Ev = ev
			return err
		}},
		{row: "R04", name: "an evil change under the honest commitment", codes: "receipt.commit", witness: true, bend: func(g *rogue) error {
			commit := g.claims.Commit
			g.change = g.another()
			err := g.seal()
			g.claims.Commit = commit
			return err
		}},
		{row: "R06", name: "no evidence", codes: "evidence.missing", witness: true, bend: func(g *rogue) error {
			g.claims.Ev = nil
			return nil
		}},
		{row: "R06", name: "evidence of kind trust_me", codes: "evidence.missing", witness: true, bend: func(g *rogue) error {
			g.claims.Ev = &verify.Evidence{Kind: "trust_me", AuthTime: g.claims.T0}
			return nil
		}},
		{row: "R06", name: "a witness that the gateway made up", codes: "evidence.witness evidence.missing", witness: true, bend: func(g *rogue) error {
			g.claims.SubIss = g.claims.Aud
			g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceOfWitness, AuthTime: g.claims.T0, Witness: verify.Witness([]byte("a key of the gateway's own"), g.claims.Commit, g.claims.Chg, g.claims.Sub, g.claims.T0)}
			return nil
		}},
		{row: "R08", name: "a receipt for another backend", codes: "receipt.aud", bend: func(g *rogue) error {
			g.claims.Aud = "https://another.backend.test"
			return nil
		}},
		{row: "R08", name: "the login was for another backend, the receipt is re-signed for this one", codes: borrowed, only: verify.EvidenceIDToken, before: func(g *rogue) { g.claims.Aud = "https://another.backend.test" }, bend: func(g *rogue) error {
			g.claims.Aud = g.o.Audience
			return nil
		}},
		{row: "R08", name: "and sealed again with its commitment", codes: borrowed, only: verify.EvidenceIDToken, before: func(g *rogue) { g.claims.Aud = "https://another.backend.test" }, bend: func(g *rogue) error {
			g.claims.Aud = g.o.Audience
			return g.seal()
		}},
		{row: "R08", name: "a commitment of another conversation, same login", codes: borrowed, witness: true, bend: func(g *rogue) error {
			g.claims.Conversation += "-other"
			return g.seal()
		}},
		{row: "R13", name: "the receipt claims another account than the one that logged in", codes: "evidence.subject_mismatch evidence.witness", witness: true, bend: func(g *rogue) error {
			g.claims.Sub = g.o.Other
			return nil
		}},
		{row: "R13", name: "the delivery names another account", codes: "evidence.subject_mismatch", witness: true, deliver: func(g *rogue, m message) { m["sub"] = g.o.Other }},
		{row: "R13", name: "a subject of another issuer", codes: "evidence.subject_mismatch evidence.iss evidence.missing", bend: func(g *rogue) error {
			g.claims.SubIss = "https://another.idp.test"
			return nil
		}},
		{row: "R16", name: "A1: the gateway's word for a login event", codes: "receipt.level", bend: func(g *rogue) error {
			g.claims.SubIss, g.claims.Level = g.claims.Aud, verify.A1
			g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceEvent, AuthTime: g.claims.T0}
			return nil
		}},
		{row: "R16", name: "A1 that claims A3", codes: "receipt.level", bend: func(g *rogue) error {
			g.claims.SubIss = g.claims.Aud
			g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceEvent, AuthTime: g.claims.T0}
			return nil
		}},
	}
}

// claimAttacks bend the receipt's claims; the gateway signs them anyway.
func claimAttacks() []attack {
	set := func(f func(c *verify.Claims, now int64)) func(g *rogue) error {
		return func(g *rogue) error {
			f(&g.claims, g.now().Unix())
			return nil
		}
	}
	return []attack{
		{row: "R10", name: "a day long", codes: "receipt.lifetime", bend: set(func(c *verify.Claims, _ int64) { c.Exp = c.Iat + 86400 })},
		{row: "R10", name: "121 s long", codes: "receipt.lifetime", bend: set(func(c *verify.Claims, _ int64) { c.Exp = c.Iat + 121 })},
		{row: "R10", name: "issued a minute ahead", codes: "receipt.lifetime", bend: set(func(c *verify.Claims, now int64) { c.Iat, c.Exp = now+60, now+170 })},
		{row: "R10", name: "it ends before it begins", codes: "receipt.lifetime receipt.expired", bend: set(func(c *verify.Claims, _ int64) { c.Exp = c.Iat - 1 })},
		{row: "R11", name: "delivered 121 s after iat", codes: "receipt.expired", bend: set(func(c *verify.Claims, now int64) { c.Iat, c.Exp = now-121, now-1 })},
		{row: "R11", name: "delivered at exp", codes: "receipt.expired", bend: set(func(c *verify.Claims, now int64) { c.Iat, c.Exp = now-120, now })},
		{row: "R11", name: "an old login minted again", codes: "receipt.expired", only: verify.EvidenceIDToken, before: func(g *rogue) {
			g.claims.T0 -= 785
			g.claims.ApprovedAt = g.claims.T0 + 5
		}},
		{row: "R11", name: "approved before the challenge was opened", codes: "receipt.expired", bend: set(func(c *verify.Claims, _ int64) { c.ApprovedAt = c.T0 - 1 })},
		{row: "R11", name: "approved a minute ahead", codes: "receipt.expired", bend: set(func(c *verify.Claims, now int64) { c.ApprovedAt = now + 60 })},
		{row: "R08", name: "another gateway as issuer", codes: "receipt.iss", bend: set(func(c *verify.Claims, _ int64) { c.Iss = "https://another.gateway.test" })},
		{row: "R16", name: "an announcement delivered as a change", codes: "receipt.iss", bend: set(func(c *verify.Claims, _ int64) { c.Use = "announce" })},
		{row: "R04", name: "another salt", codes: "receipt.commit", bend: set(func(c *verify.Claims, _ int64) { c.Salt = b64([]byte("another salt 16")) })},
		{row: "R04", name: "another widget key", codes: "receipt.commit", bend: func(g *rogue) (err error) {
			g.claims.Cnf.JWK, err = verify.NewJWK(&g.retired.PublicKey)
			return err
		}},
		{row: "R04", name: "the approval signed by another key", codes: "finish.sig", bend: func(g *rogue) error { return g.finish(g.retired, g.claims.Chg) }},
		{row: "R04", name: "the approval signed for another change", codes: "finish.sig", bend: func(g *rogue) error { return g.finish(g.widget, g.claims.Commit) }},
		{row: "R15", name: "signed by a key that is retired", codes: "receipt.sig", bend: func(g *rogue) error {
			g.key = g.retired
			return nil
		}},
	}
}
