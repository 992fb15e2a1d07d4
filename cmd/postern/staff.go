package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

// linkLife is how long the link that sets a password works.
const linkLife = 72 * time.Hour

// runAgent is 'postern agent add EMAIL': it makes a member of the staff, or finds the one with this address, and
// prints a link that sets the password, once. It is how the first admin comes to be.
func runAgent(ctx context.Context, c call) int {
	const use = "usage: postern agent add EMAIL [--role admin] [--name NAME] [flags of serve]"
	if len(c.args) < 2 || c.args[0] != "add" || strings.HasPrefix(c.args[1], "-") {
		fmt.Fprintln(c.err, use)
		return exitUsage
	}
	email := strings.ToLower(c.args[1])
	own := flag.NewFlagSet("postern agent", flag.ContinueOnError)
	role := own.String("role", string(gateway.RoleAgent), "")
	name := own.String("name", "", "")
	rest := takeFlags(own, c.args[2:])
	cfg, left, err := Load(rest, c.env, c.err)
	if err != nil || len(left) > 0 {
		return usage(c.err, err, left)
	}
	if *name == "" {
		*name, _, _ = strings.Cut(email, "@")
	}
	link, err := addAgent(ctx, cfg, gateway.Agent{Email: email, Name: *name, Role: gateway.Role(*role)}, time.Now())
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	fmt.Fprintf(c.out, "%s sets a password here, once, within %d hours:\n%s\n", email, int(linkLife.Hours()), link)
	return exitOK
}

// takeFlags reads the flags of own out of args and gives back the others.
func takeFlags(own *flag.FlagSet, args []string) (rest []string) {
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !strings.HasPrefix(args[i], "-") || own.Lookup(name) == nil {
			rest = append(rest, args[i])
			continue
		}
		if !has && i+1 < len(args) {
			i++
			value = args[i]
		}
		_ = own.Set(name, value) // a string takes every value
	}
	return rest
}

func addAgent(ctx context.Context, c Config, a gateway.Agent, now time.Time) (link string, err error) {
	if !gateway.PlausibleEmail(a.Email) {
		return "", fmt.Errorf("%q is no e-mail address", a.Email)
	}
	known := false
	for _, r := range gateway.StaffRoles() {
		known = known || r == a.Role
	}
	if !known {
		return "", fmt.Errorf("there is no role %q; roles are %v", a.Role, gateway.StaffRoles())
	}
	st, err := openStorage(ctx, c, time.Now)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	old, err := st.gateway.AgentByEmail(ctx, a.Email)
	switch {
	case err == nil && old.Role != a.Role:
		return "", fmt.Errorf("%s is already there as %s; roles are changed in the admin pages", a.Email, old.Role)
	case err == nil:
		a = old
	case gateway.CodeOf(err) != "not_found":
		return "", err
	default:
		if a.ID, err = gateway.NewID(gateway.PrefixAgent, now, rand.Reader); err != nil {
			return "", err
		}
		a.Capacity = gateway.DefaultCapacity
		if a, _, err = st.gateway.SaveAgent(ctx, a, gateway.System(), now); err != nil {
			return "", err
		}
	}
	passwords := token.Passwords{Rand: rand.Reader}
	t, err := passwords.Token()
	if err != nil {
		return "", err
	}
	hash := passwords.TokenHash("link\n" + t)
	if err := st.gateway.SaveLink(ctx, hash, a.ID, now.Add(linkLife), now); err != nil {
		return "", err
	}
	return strings.TrimRight(c.PublicURL, "/") + "/console#password=" + t, nil
}
