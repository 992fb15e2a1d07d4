package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

const apiKeyUse = `usage: postern apikey add NAME --mailbox SLUG [--scopes change.draft] [flags of serve]
       postern apikey list [flags of serve]
       postern apikey end ID [flags of serve]`

// runAPIKey is 'postern apikey': it makes a key and prints it once, lists the keys, or ends one. A key may draft
// plain and read kinds in one mailbox; offering them is an agent's business.
func runAPIKey(ctx context.Context, c call) int {
	want := map[string]int{"add": 2, "end": 2, "list": 1}
	if len(c.args) == 0 || want[c.args[0]] == 0 || len(c.args) < want[c.args[0]] || want[c.args[0]] == 2 && strings.HasPrefix(c.args[1], "-") {
		fmt.Fprintln(c.err, apiKeyUse)
		return exitUsage
	}
	own := flag.NewFlagSet("postern apikey", flag.ContinueOnError)
	mailbox := own.String("mailbox", "", "")
	scopes := own.String("scopes", gateway.ScopeDraft, "")
	rest := takeFlags(own, c.args[want[c.args[0]]:])
	cfg, left, err := Load(rest, c.env, c.err)
	if err != nil || len(left) > 0 {
		return usage(c.err, err, left)
	}
	st, err := openStorage(ctx, cfg, time.Now)
	if err == nil {
		var said string
		switch c.args[0] {
		case "add":
			said, err = addKey(ctx, st.gateway, c.args[1], *mailbox, strings.FieldsFunc(*scopes, func(r rune) bool { return r == ',' || r == ' ' }), time.Now())
		case "end":
			said, err = "ended\n", st.gateway.EndAPIKey(ctx, gateway.ID(c.args[1]), time.Now())
		default:
			said, err = listKeys(ctx, st.gateway)
		}
		if err = errors.Join(err, st.gateway.Close()); err == nil {
			fmt.Fprint(c.out, said)
			return exitOK
		}
	}
	fmt.Fprintln(c.err, "postern:", err)
	return exitFailed
}

func addKey(ctx context.Context, st gateway.Store, name, slug string, scopes []string, now time.Time) (string, error) {
	for _, s := range scopes {
		if !slices.Contains(gateway.Scopes(), s) {
			return "", fmt.Errorf("there is no scope %q; scopes are %v", s, gateway.Scopes())
		}
	}
	if err := gateway.CheckText("name", name, gateway.MaxName); err != nil || len(scopes) == 0 {
		return "", errors.Join(errors.New("a key needs a name and a scope"), err)
	}
	mb, err := st.MailboxBySlug(ctx, slug)
	if err != nil {
		return "", fmt.Errorf("--mailbox %q: %w", slug, err)
	}
	passwords := token.Passwords{Rand: rand.Reader}
	t, err := passwords.Token()
	if err != nil {
		return "", err
	}
	k := gateway.APIKey{Name: name, Mailbox: mb.ID, Scopes: scopes, CreatedAt: now}
	if k.ID, err = gateway.NewID(gateway.PrefixKey, now, rand.Reader); err != nil {
		return "", err
	}
	t = "postern_" + t
	if err := st.SaveAPIKey(ctx, k, passwords.TokenHash("key\n"+t)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, shown here and never again:\n%s\n", k.ID, t), nil
}

func listKeys(ctx context.Context, st gateway.Store) (string, error) {
	keys, err := st.APIKeys(ctx)
	var b strings.Builder
	for _, k := range keys {
		state := "lives"
		if !k.EndedAt.IsZero() {
			state = "ended " + k.EndedAt.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "%s  %s  %s  %s  %s\n", k.ID, k.Mailbox, strings.Join(k.Scopes, ","), state, k.Name)
	}
	return b.String(), err
}
