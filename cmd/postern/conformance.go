package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/conformance"
)

// scriptTime is how long a host's script may take.
const scriptTime = time.Minute

// conformanceFlags are what 'postern conformance' is asked with.
type conformanceFlags struct {
	conformance.Options
	listen, gateway, confirm, state, secretFile, report string
}

func (f *conformanceFlags) parse(args []string, w io.Writer) error {
	s := flag.NewFlagSet("conformance", flag.ContinueOnError)
	s.SetOutput(w)
	for _, x := range []struct {
		to                *string
		name, preset, doc string
	}{
		{&f.Profile, "profile", conformance.Backend, "backend: it checks receipts. witness: it trusts its own witness alone."},
		{&f.URL, "url", "", "Where the backend takes deliveries: https://staging…/postern."},
		{&f.Audience, "audience", "", "The backend's audience."},
		{&f.Subject, "subject", "", "The test user's subject, who logs in."},
		{&f.Other, "other", "", "The subject of a second test account."},
		{&f.Kind, "kind", "email.change", "A kind whose minimum at the backend is A3."},
		{&f.Field, "field", "email", "Its one field."},
		{&f.Value, "value", "v{n}@conformance.test", "A proper value of it; {n} becomes a fresh number."},
		{&f.confirm, "confirm", "", "Command run with HANDLE and approve or deny: it logs the test user in at the host's page and presses. Empty: staging takes ID tokens of GATEWAY/idp."},
		{&f.state, "state", "", "Command that prints the test accounts; compared byte for byte."},
		{&f.listen, "listen", "127.0.0.1:8079", "Address and port where this tool is the gateway."},
		{&f.gateway, "gateway", "", "How staging reaches it, and the issuer that staging trusts for the run; empty = http://LISTEN."},
		{&f.Return, "return", "", "Page that the host's confirm page sends the browser back to."},
		{&f.secretFile, "secret-file", "", "The source's secrets file (whsec_ lines). Empty: deliveries are not signed, login events not checked."},
		{&f.report, "report", "", "File for the report as JSON."},
	} {
		s.StringVar(x.to, x.name, x.preset, x.doc)
	}
	if err := s.Parse(args); err != nil {
		return err
	}
	if s.NArg() > 0 {
		return fmt.Errorf("unexpected %q", s.Args())
	}
	f.gateway = cmp.Or(f.gateway, "http://"+f.listen)
	return f.join()
}

// join makes the options out of the words.
func (f *conformanceFlags) join() error {
	if f.confirm != "" {
		f.Confirm = func(ctx context.Context, handle, choice string) error {
			_, err := f.script(ctx, f.confirm, handle, choice)
			return err
		}
	}
	if f.state != "" {
		f.State = func(ctx context.Context) ([]byte, error) { return f.script(ctx, f.state) }
	}
	if f.secretFile != "" {
		text, err := os.ReadFile(f.secretFile)
		if err != nil {
			return fmt.Errorf("secret-file: %w", err)
		}
		secrets, err := verify.ParseSecrets(string(text))
		if err != nil {
			return fmt.Errorf("secret-file: %w", err)
		}
		f.Secret = secrets[0]
	}
	return errors.Join(f.Mistakes()...)
}

// script runs one of the host's commands, without a shell. What it writes to stderr is shown if it fails.
func (f *conformanceFlags) script(ctx context.Context, command string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scriptTime)
	defer cancel()
	c := exec.CommandContext(ctx, command, args...)
	c.Env = append(os.Environ(), "POSTERN_GATEWAY="+f.gateway)
	var out, problem bytes.Buffer
	c.Stdout, c.Stderr = &out, &problem
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(problem.String()))
	}
	return out.Bytes(), nil
}

// runConformance is 'postern conformance'. Exit code 1 = at least one row failed.
func runConformance(ctx context.Context, c call) int {
	var f conformanceFlags
	if err := f.parse(c.args, c.err); errors.Is(err, flag.ErrHelp) {
		return exitOK
	} else if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitUsage
	}
	r, err := f.attack(ctx, c.err)
	if err == nil {
		fmt.Fprint(c.out, r.Text())
		err = f.file(r)
	}
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	if !r.OK() {
		return exitFailed
	}
	return exitOK
}

// attack serves the tool and runs the scenarios.
func (f *conformanceFlags) attack(ctx context.Context, w io.Writer) (r conformance.Report, err error) {
	tool, err := conformance.NewTool(strings.TrimSuffix(f.gateway, "/"), rand.Reader, time.Now)
	if err != nil {
		return r, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.listen)
	if err != nil {
		return r, err
	}
	server := &http.Server{Handler: tool.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second}
	go func() { _ = server.Serve(l) }() // it ends with Close; a listener that fails shows in every scenario
	defer func() { err = errors.Join(err, server.Close()) }()
	fmt.Fprintf(w, "For this run staging must trust the gateway %s (keys %s/.well-known/postern.json) and the provider %s/idp, client %s, strong %q.\n",
		f.gateway, f.gateway, f.gateway, conformance.Client, conformance.Strong)
	return tool.Run(ctx, f.Options)
}

func (f *conformanceFlags) file(r conformance.Report) error {
	if f.report == "" {
		return nil
	}
	text, err := r.JSON()
	if err != nil {
		return err
	}
	return os.WriteFile(f.report, append(text, '\n'), 0o600)
}
