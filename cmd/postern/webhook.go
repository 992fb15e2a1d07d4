package main

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/notify"
	"github.com/postern-chat/postern/verify"
)

// WebhookConfig is one endpoint outside that is told of events. Source: product.md P127.
type WebhookConfig struct {
	Name        string   `toml:"name"`         // lower case letters, digits and -
	URL         string   `toml:"url"`          // https, or http on a loopback host
	SecretsFile string   `toml:"secrets_file"` // one whsec_ a line, newest first, at most two: each signs
	Events      []string `toml:"events"`       // empty = all that may leave
	Mailboxes   []string `toml:"mailboxes"`    // slugs; empty = all
	Allow       []string `toml:"allow"`        // loopback or private prefixes its URL may resolve to
}

// hook is the endpoint as the gateway knows it.
func (w WebhookConfig) hook() gateway.Hook {
	h := gateway.Hook{Name: w.Name, Mailboxes: w.Mailboxes}
	for _, e := range w.Events {
		h.Events = append(h.Events, gateway.Kind(e))
	}
	return h
}

// hooksByKind says which endpoints the store makes jobs for.
func (c Config) hooksByKind() map[gateway.Kind][]string {
	var all []gateway.Hook
	for _, w := range c.Webhooks {
		all = append(all, w.hook())
	}
	return gateway.HooksByKind(all)
}

// webhooks makes what posts to them; nil = there are none.
func (c Config) webhooks(now func() time.Time) (gateway.Hooks, error) {
	var list []notify.Endpoint
	for _, w := range c.Webhooks {
		secrets, err := w.secrets()
		if err != nil {
			return nil, err
		}
		allow, err := prefixes(w.Allow)
		if err != nil {
			return nil, err
		}
		list = append(list, notify.Endpoint{Hook: w.hook(), URL: w.URL, Secrets: secrets, Allow: allow})
	}
	if len(list) == 0 {
		return nil, nil
	}
	return notify.New(list, now)
}

func (w WebhookConfig) secrets() ([]verify.Secret, error) {
	text, err := os.ReadFile(w.SecretsFile)
	if err != nil {
		return nil, err
	}
	return verify.ParseSecrets(string(text))
}

func (c Config) webhookMistakes() (bad Mistakes) {
	seen := map[string]bool{}
	for _, w := range c.Webhooks {
		where := "webhook " + w.Name + ": "
		if w.Name == "" || len(w.Name) > 40 || strings.Trim(w.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad = append(bad, where+"the name must be lower case letters, digits and -, at most 40")
		}
		if seen[w.Name] {
			bad = append(bad, where+"there are two of this name")
		}
		seen[w.Name] = true
		if u, err := url.Parse(w.URL); err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
			bad = append(bad, where+"url: must be https, or http on a loopback host")
		}
		if secrets, err := w.secrets(); err != nil || len(secrets) == 0 {
			bad = append(bad, where+"secrets_file: must be a readable file with one or two lines, each whsec_ and the base64 of 24 to 64 bytes")
		}
		for _, e := range w.Events {
			if !slices.Contains(gateway.HookKinds(), gateway.Kind(e)) {
				bad = append(bad, where+"events: "+e+" is no event that may leave")
			}
		}
		bad.add(where+"allow", checkPrefixes(w.Allow))
	}
	return bad
}
