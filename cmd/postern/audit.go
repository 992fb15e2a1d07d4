package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postern-chat/postern/verify"
)

// runAudit is 'postern audit verify': it reads the log of changes and names the first thing that is wrong.
// It only reads, also while gateways run. Exit code 1 = something is wrong, or the log could not be read.
func runAudit(ctx context.Context, c call) int {
	if len(c.args) == 0 || c.args[0] != "verify" {
		fmt.Fprintln(c.err, "usage: postern audit verify [flags of serve]")
		return exitUsage
	}
	cfg, rest, err := Load(c.args[1:], c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	report, err := auditOf(ctx, cfg)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	fmt.Fprintf(c.out, "%d lines, root %x\n%d changes\n", report.Size, report.Root, report.Changes)
	for _, f := range report.Bad {
		fmt.Fprintf(c.out, "line %d %s: %s\n", f.Leaf, f.Change, f.What)
	}
	if len(report.Bad) > 0 {
		fmt.Fprintf(c.out, "BAD: %d findings\n", len(report.Bad))
		return exitFailed
	}
	fmt.Fprintln(c.out, "ok: every line is what was hashed, and every change is what its lines say")
	return exitOK
}

func auditOf(ctx context.Context, c Config) (r verify.Report, err error) {
	if file := filepath.Join(c.Data, "postern.db"); c.DatabaseURL == "" {
		if _, err := os.Stat(file); err != nil {
			return r, fmt.Errorf("there is nothing to verify: %w", err)
		}
	}
	st, err := openStorage(ctx, c, time.Now)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	log, ok := st.ledger.(verify.Log)
	if !ok {
		return r, errors.New("this store keeps no log")
	}
	return verify.Audit(ctx, log)
}
