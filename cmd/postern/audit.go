package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

const auditUsage = `usage: postern audit verify [flags of serve]
       postern audit verify BUNDLE.tar [--checkpoint FILE]… [--host-key [AUDIENCE=]FILE]…
       postern audit export BUNDLE.tar [--from TIME] [--to TIME] [--conversation ID]… [flags of serve]
       postern audit erase --conversation ID | --subject [HOST:]SUBJECT [flags of serve]`

// runAudit is 'postern audit': the log of changes, checked, given out, and rid of personal values.
func runAudit(ctx context.Context, c call) int {
	verb := ""
	if len(c.args) > 0 {
		verb = c.args[0]
		c.args = c.args[1:]
	}
	switch {
	case verb == "verify" && len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-"):
		return runCheckBundle(ctx, c)
	case verb == "verify":
		return runAuditVerify(ctx, c)
	case verb == "export" && len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-"):
		return runExport(ctx, c)
	case verb == "erase":
		return runErase(ctx, c)
	}
	fmt.Fprintln(c.err, auditUsage)
	return exitUsage
}

// runAuditVerify reads the log in the database and names the first thing that is wrong. It only reads, also while
// gateways run. Exit code 1 = something is wrong, or the log could not be read.
func runAuditVerify(ctx context.Context, c call) int {
	cfg, rest, err := Load(c.args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	report, err := auditOf(ctx, cfg)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	fmt.Fprintf(c.out, "%d lines, root %x\n%d changes\n", report.Size, report.Root, report.Changes)
	return c.findings(report.Bad, 0)
}

// findings prints what is wrong and gives the exit code.
func (c call) findings(bad []verify.Finding, more int) int {
	for _, f := range bad {
		fmt.Fprintf(c.out, "line %d %s: %s\n", f.Leaf, f.Change, f.What)
	}
	if len(bad) > 0 {
		fmt.Fprintf(c.out, "BAD: %d findings\n", len(bad)+more)
		return exitFailed
	}
	fmt.Fprintln(c.out, "ok: every line is what was hashed, and every change is what its lines say")
	return exitOK
}

func auditOf(ctx context.Context, c Config) (r verify.Report, err error) {
	if err := exists(c); err != nil {
		return r, err
	}
	st, err := openStorage(ctx, c, time.Now)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	return verify.Audit(ctx, st.ledger)
}

// exists makes sure that a command which reads makes no empty database.
func exists(c Config) error {
	if file := filepath.Join(c.Data, "postern.db"); c.DatabaseURL == "" {
		if _, err := os.Stat(file); err != nil {
			return fmt.Errorf("there is nothing to verify: %w", err)
		}
	}
	return nil
}

// own takes the flags of these names out of args; what is left are flags of serve.
func own(args []string, names ...string) (given map[string][]string, rest []string, err error) {
	given = map[string][]string{}
	for i := 0; i < len(args); i++ {
		name, value, whole := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !strings.HasPrefix(args[i], "-") || !slices.Contains(names, name) {
			rest = append(rest, args[i])
			continue
		}
		if !whole {
			if i++; i == len(args) {
				return nil, nil, fmt.Errorf("--%s needs a value", name)
			}
			value = args[i]
		}
		given[name] = append(given[name], value)
	}
	return given, rest, nil
}

// runErase deletes the personal values of a conversation's or an account's changes. The log stays whole.
func runErase(ctx context.Context, c call) int {
	given, args, err := own(c.args, "conversation", "subject")
	if err != nil || len(given["conversation"])+len(given["subject"]) == 0 {
		return usage(c.err, errors.Join(errors.New("say --conversation or --subject"), err), nil)
	}
	cfg, rest, err := Load(args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	n, err := erase(ctx, cfg, logger(c.err, cfg.LogLevel), func(r verify.Row) bool {
		host, subject := r.Host, r.Subject()
		return slices.Contains(given["conversation"], r.Conversation) ||
			subject != "" && (slices.Contains(given["subject"], subject) || slices.Contains(given["subject"], host+":"+subject))
	})
	fmt.Fprintf(c.out, "%d changes erased\n", n)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return exitOK
}
