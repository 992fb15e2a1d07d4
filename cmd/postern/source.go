package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/adapter"
	"github.com/postern-chat/postern/verify/ssf"
	"github.com/postern-chat/postern/verify/webhook"
)

// form is one adapter: which keys of the file it needs and which more it may have, and how its source is made.
type form struct {
	needs, may string // separated by blanks; a|b = exactly one of them, a,b = at least one
	make       func(s SourceConfig, host HostConfig, public string) (verify.Source, error)
}

// hookKeys: with both, public_keys says what is believed, and secrets_file only signs deliveries.
const hookKeys = "secrets_file,public_keys"

// forms joins the adapters of login events. ADD A SOURCE HERE.
func forms() map[string]form {
	return map[string]form{
		verify.AdapterOIDC: {needs: "issuer client_id client_key_file|client_secret_file", may: "strong clock_skew allow secrets_file"}, // made by providers
		"webhook": {needs: hookKeys, make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			k, err := s.hookKeys()
			return &webhook.Source{Name: s.Name, Host: s.Host, Issuer: h.Audience, Keys: k}, err
		}},
		"ssf": {needs: "issuer jwks_url", may: "audience token_file poll_url allow secrets_file", make: SourceConfig.transmitter},
		"keycloak": {needs: hookKeys + " client_id", make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			k, err := s.hookKeys()
			return &adapter.Keycloak{Origin: s.origin(h), Keys: k, Client: s.ClientID}, err
		}},
		"cognito": {needs: hookKeys, make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			k, err := s.hookKeys()
			return &adapter.Cognito{Origin: s.origin(h), Keys: k}, err
		}},
		"supabase": {needs: hookKeys, make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			k, err := s.hookKeys()
			return &adapter.Supabase{Origin: s.origin(h), Keys: k}, err
		}},
		"auth0": {needs: "token_file", may: "secrets_file", make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			tokens, err := s.tokens()
			return &adapter.Auth0{Origin: s.origin(h), Tokens: tokens}, err
		}},
		"okta": {needs: "token_file", may: "secrets_file", make: func(s SourceConfig, h HostConfig, _ string) (verify.Source, error) {
			tokens, err := s.tokens()
			return &adapter.Okta{Origin: s.origin(h), Tokens: tokens}, err
		}},
	}
}

func (s SourceConfig) origin(h HostConfig) adapter.Origin {
	return adapter.Origin{Name: s.Name, Host: s.Host, Issuer: h.Audience}
}

// transmitter makes the source of an SSF transmitter.
func (s SourceConfig) transmitter(_ HostConfig, public string) (verify.Source, error) {
	allow, err := prefixes(s.Allow)
	if err != nil {
		return nil, err
	}
	keys, err := ssf.NewPublished(s.JWKSURL, allow, nil)
	if err != nil {
		return nil, err
	}
	out := &ssf.Source{Name: s.Name, Host: s.Host, Issuer: s.Issuer, Audience: cmp.Or(s.Audience, public), Keys: keys}
	if s.PollURL == "" { // else the token is what we show
		out.Tokens, err = s.tokens()
	}
	return out, err
}

// poller makes what asks a transmitter that does not push; nil for any other source.
func (s SourceConfig) poller() (*ssf.Poller, error) {
	if s.PollURL == "" {
		return nil, nil
	}
	allow, err := prefixes(s.Allow)
	if err != nil {
		return nil, err
	}
	tokens, err := s.tokens()
	if err != nil {
		return nil, err
	}
	return ssf.NewPoller(s.PollURL, append(tokens, "")[0], allow, nil)
}

// polls are what a running gateway does to fetch events, one for each source that does not push.
func (c Config) polls(a *App) ([]func(context.Context), error) {
	var out []func(context.Context)
	for _, s := range c.Sources {
		p, err := s.poller()
		if err != nil {
			return nil, fmt.Errorf("source %s: %w", s.Name, err)
		}
		if p == nil {
			continue
		}
		take := func(ctx context.Context, d verify.Delivery) verify.Reply { return a.server.Take(ctx, s.Name, d) }
		out = append(out, func(ctx context.Context) {
			p.Run(ctx, take, a.outside.pause, func(err error) { a.log.Warn("poll for events", "source", s.Name, "err", err) })
		})
	}
	return out, nil
}

// hookKeys are what the source signs with: one form, public keys if there are any.
func (s SourceConfig) hookKeys() (verify.HookKeys, error) {
	if len(s.PublicKeys) == 0 {
		raw, err := s.Secrets()
		k := verify.HookKeys{}
		for _, b := range raw {
			k.Secrets = append(k.Secrets, b)
		}
		return k, err
	}
	var public []ed25519.PublicKey
	for i, text := range s.PublicKeys {
		k, err := verify.ParseHookKey(text)
		if err != nil {
			return verify.HookKeys{}, fmt.Errorf("key %d: must be whpk_ and the base64 of 32 bytes", i+1)
		}
		public = append(public, k)
	}
	if len(public) > 2 {
		return verify.HookKeys{}, errors.New("holds more than two keys")
	}
	return verify.HookKeys{Public: public}, nil
}

// tokens reads the Authorization values that the source may show. Errors name the line, never its text.
func (s SourceConfig) tokens() ([]string, error) {
	if s.TokenFile == "" {
		return nil, nil
	}
	b, err := os.ReadFile(s.TokenFile)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i, line := range lines {
		if lines[i] = strings.TrimSpace(line); len(lines[i]) < 24 {
			return nil, fmt.Errorf("line %d: must have at least 24 characters", i+1)
		}
	}
	if len(lines) > 2 {
		return nil, errors.New("holds more than two values")
	}
	return lines, nil
}

// believed is what makes deliveries of the source authentic, by key of the file. Whatever is wrong with it is said
// elsewhere.
func (s SourceConfig) believed() map[string][]string {
	out := map[string][]string{"public_keys": s.PublicKeys}
	keys, _ := s.Secrets()
	for _, k := range keys {
		out["secrets_file"] = append(out["secrets_file"], string(k))
	}
	out["token_file"], _ = s.tokens()
	return out
}

// given are the keys of the file that the entry has, besides name, adapter and host.
func (s SourceConfig) given() []string {
	var out []string
	for key, is := range map[string]bool{
		"secrets_file": s.SecretsFile != "", "public_keys": len(s.PublicKeys) > 0, "token_file": s.TokenFile != "", "issuer": s.Issuer != "",
		"client_id": s.ClientID != "", "client_key_file": s.ClientKeyFile != "", "client_secret_file": s.ClientSecretFile != "",
		"strong": len(s.Strong) > 0, "clock_skew": s.ClockSkew != 0, "allow": len(s.Allow) > 0, "audience": s.Audience != "", "jwks_url": s.JWKSURL != "",
		"poll_url": s.PollURL != "",
	} {
		if is {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// mistakes checks what the adapter needs, and that nothing of another one is given.
func (s SourceConfig) mistakes() (bad Mistakes) {
	at := "source " + s.Name + ": "
	f, ok := forms()[s.Adapter]
	if !ok {
		var names []string
		for name := range forms() {
			names = append(names, name)
		}
		slices.Sort(names)
		bad = append(bad, at+"adapter must be one of "+strings.Join(names, ", "))
	} else {
		bad = append(bad, f.mistakes(at, s.given())...)
	}
	for key, err := range map[string]error{
		"secrets_file": s.checkSecrets(), "public_keys": s.checkPublicKeys(), "token_file": second(s.tokens()), "allow": checkPrefixes(s.Allow),
		"issuer": checkAddress(s.Issuer, s.Adapter == "ssf"), "jwks_url": checkAddress(s.JWKSURL, false), "poll_url": checkAddress(s.PollURL, false),
	} {
		bad.add(at+key, err)
	}
	_, _, err := s.credentials()
	bad.add(strings.TrimSuffix(at, ": "), err)
	return bad
}

// mistakes compares the given keys with those that the form needs and may have.
func (f form) mistakes(at string, given []string) (bad Mistakes) {
	known := strings.Fields(f.may)
	for _, need := range strings.Fields(f.needs) {
		choice := strings.FieldsFunc(need, func(r rune) bool { return r == '|' || r == ',' })
		known = append(known, choice...)
		n := 0
		for _, key := range choice {
			if slices.Contains(given, key) {
				n++
			}
		}
		switch {
		case n == 1 || n > 1 && !strings.Contains(need, "|"):
		case len(choice) > 1:
			bad = append(bad, at+"one of "+strings.Join(choice, " and ")+" is needed")
		default:
			bad = append(bad, at+need+" is needed")
		}
	}
	for _, key := range given {
		if !slices.Contains(known, key) {
			bad = append(bad, at+key+" is not for this adapter")
		}
	}
	return bad
}

func (s SourceConfig) checkSecrets() error {
	if s.SecretsFile == "" {
		return nil
	}
	return second(s.Secrets())
}

func (s SourceConfig) checkPublicKeys() error {
	if len(s.PublicKeys) == 0 {
		return nil
	}
	return second(s.hookKeys())
}

func second[T any](_ T, err error) error { return err }

// checkAddress wants https, or http on a loopback host; name = the value is only compared, any URI will do.
func checkAddress(s string, name bool) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return nil
	case err != nil || u.Scheme == "" || name && u.Fragment != "":
		return errors.New("must be an absolute URL")
	case name:
		return nil
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		return errors.New("must be https, or http on a loopback host, without query or fragment")
	}
	return nil
}

// deliverySecret is what signs deliveries to a host: the newest secret of its first webhook source that has any, else
// of its first source that has any.
func (c Config) deliverySecret(host string) (verify.Secret, error) {
	var found *SourceConfig
	for _, s := range c.Sources {
		if s.Host == host && s.SecretsFile != "" && (found == nil || found.Adapter != "webhook" && s.Adapter == "webhook") {
			found = &s
		}
	}
	if found == nil {
		return nil, nil
	}
	keys, err := found.Secrets()
	if err != nil {
		return nil, err
	}
	return keys[0], nil
}
