package main

import (
	"errors"
	"os"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/postern-chat/postern/verify"
)

// policyFile is the shape of policy.toml; kindRow maps one to one to verify.Kind, fieldRow to verify.Field.
type policyFile struct {
	Kinds []kindRow `toml:"kind"`
}

type kindRow struct {
	Name        string            `toml:"name"`
	Host        string            `toml:"host"`
	Tier        string            `toml:"tier"`
	Title       map[string]string `toml:"title"`
	Fields      []fieldRow        `toml:"field"`
	SelfService string            `toml:"self_service"`
	Assisted    bool              `toml:"assisted"`
	Level       string            `toml:"level"`
	Off         bool              `toml:"off"`
	Cooling     int64             `toml:"cooling"` // hours
}

type fieldRow struct {
	Name    string            `toml:"name"`
	As      string            `toml:"as"`
	Values  []string          `toml:"values"`
	Pattern string            `toml:"pattern"`
	Max     int               `toml:"max"`
	Label   map[string]string `toml:"label"`
}

// Policy joins the hosts and sources of the deploy file with the kinds of the policy file.
//
// off is not empty when changes are off, and says why: no policy file, or one that cannot be read or parsed;
// conversations work all the same. Errors: Mistakes, for a file that can be read but is wrong: it stops the
// start. Source: proof-gate.md §3.14.
func (c Config) Policy() (p verify.Policy, off string, err error) {
	p = verify.Policy{Hosts: c.verifyHosts(), Sources: c.verifySources()}
	if c.PolicyFile == "" {
		return p, "policy_file is not set", nil
	}
	text, err := os.ReadFile(c.PolicyFile)
	if err != nil {
		return p, err.Error(), nil
	}
	var file policyFile
	meta, err := toml.Decode(string(text), &file)
	if parse := (toml.ParseError{}); errors.As(err, &parse) {
		return p, c.PolicyFile + ": " + parse.Error(), nil
	}
	var bad Mistakes
	bad.add(c.PolicyFile, err)
	for _, k := range meta.Undecoded() {
		bad = append(bad, c.PolicyFile+": unknown key "+k.String())
	}
	for _, row := range file.Kinds {
		p.Kinds = append(p.Kinds, row.kind())
	}
	if bad = append(bad, p.Mistakes()...); len(bad) > 0 {
		return verify.Policy{}, "", bad
	}
	return p, "", nil
}

// kind is the row, completed from the gate's own catalogue where it only names a starter.
func (r kindRow) kind() verify.Kind {
	k := verify.Kind{
		Name: r.Name, Host: r.Host, Tier: verify.Tier(r.Tier), Title: r.Title, SelfService: r.SelfService,
		Assisted: r.Assisted, Level: verify.Level(r.Level), Off: r.Off, Cooling: r.Cooling,
	}
	for _, f := range r.Fields {
		k.Fields = append(k.Fields, verify.Field(f))
	}
	starters := verify.Catalogue()
	i := slices.IndexFunc(starters, func(s verify.Kind) bool { return s.Name == r.Name })
	if i >= 0 && r.Tier == "" && r.Title == nil && r.Fields == nil {
		k.Tier, k.Title, k.Fields = starters[i].Tier, starters[i].Title, starters[i].Fields
	}
	return k
}

func (c Config) verifyHosts() []verify.Host {
	var all []verify.Host
	for _, h := range c.Hosts {
		all = append(all, verify.Host{
			Name: h.Name, Audience: h.Audience, Site: h.Site, VerifyURL: h.VerifyURL, Delivery: h.DeliveryURL,
			Recovery: h.RecoveryURL, Allow: h.Allow, Code: h.Code,
		})
	}
	return all
}

func (c Config) verifySources() []verify.SourceEntry {
	var all []verify.SourceEntry
	for _, s := range c.Sources {
		all = append(all, verify.SourceEntry{
			Name: s.Name, Adapter: s.Adapter, Host: s.Host, Issuer: s.Issuer, Client: s.ClientID, Strong: s.Strong, Skew: int64(s.ClockSkew),
		})
	}
	return all
}
