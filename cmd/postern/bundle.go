package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// archiveKeys keeps the keys that this gateway signs with, so that its signatures can be checked for good.
func (a *App) archiveKeys(ctx context.Context) error {
	log, err := a.logKey.Archive()
	if err != nil {
		return err
	}
	return errors.Join(a.store.ledger.Archive(ctx, log), a.archiveReceiptKeys(ctx))
}

// archiveReceiptKeys keeps the keys that are published, with each checkpoint too: a signer in a process of its own
// changes them, a day before it uses a new one. While it does not answer there is nothing to keep, nor any receipt.
func (a *App) archiveReceiptKeys(ctx context.Context) error {
	keys := a.keys()
	if len(keys) == 0 {
		return nil
	}
	receipts, err := verify.ArchiveGateway(a.Service.Guard.Issuer, keys)
	if err != nil {
		return err
	}
	return a.store.ledger.Archive(ctx, receipts)
}

// joined puts a gateway together that does not serve, for a command.
func joined(ctx context.Context, c Config, log *slog.Logger) (*App, error) {
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, err
	}
	a := &App{URL: public, log: log, outside: here()}
	if err := a.join(ctx, c); err != nil {
		return nil, errors.Join(err, a.closeLeaves())
	}
	return a, nil
}

// runExport writes a bundle that can be checked without network and database.
func runExport(ctx context.Context, c call) int {
	file := c.args[0]
	part, args, err := partOf(c.args[1:])
	if err != nil {
		return usage(c.err, err, nil)
	}
	cfg, rest, err := Load(args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	if err := export(ctx, cfg, logger(c.err, cfg.LogLevel), file, part); err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	fmt.Fprintf(c.out, "wrote %s\n", file)
	return exitOK
}

// partOf reads the flags that say what a bundle is about.
func partOf(args []string) (p verify.BundlePart, rest []string, err error) {
	given, rest, err := own(args, "from", "to", "conversation")
	if err != nil {
		return p, nil, err
	}
	for name, to := range map[string]*time.Time{"from": &p.From, "to": &p.To} {
		for _, text := range given[name] {
			if *to, err = when(text); err != nil {
				return p, nil, fmt.Errorf("--%s: %w", name, err)
			}
		}
	}
	p.Conversations = given["conversation"]
	return p, rest, nil
}

// when reads a day (its beginning in UTC) or a moment.
func when(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, errors.New("must be like 2026-11-27 or 2026-11-27T14:05:00Z")
	}
	return t, nil
}

// export writes the file beside its place and then puts it there: half a bundle is none.
func export(ctx context.Context, c Config, log *slog.Logger, file string, part verify.BundlePart) (err error) {
	if err := exists(c); err != nil {
		return err
	}
	a, err := joined(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.closeLeaves()) }()
	f, err := os.OpenFile(file+".part", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // it holds who changed what
	if err != nil {
		return err
	}
	err = errors.Join(a.bundle(ctx, f, part), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(file+".part"))
	}
	return os.Rename(file+".part", file)
}

// bundle writes a bundle of this gateway's log.
func (a *App) bundle(ctx context.Context, w io.Writer, part verify.BundlePart) error {
	if err := a.archiveKeys(ctx); err != nil {
		return err
	}
	return a.store.ledger.Moment(ctx, func(src verify.BundleSource) error {
		return verify.WriteBundle(ctx, w, src, a.logKey, part)
	})
}

// runCheckBundle is 'postern audit verify BUNDLE.tar': no network, no database.
func runCheckBundle(ctx context.Context, c call) int {
	given, rest, err := own(c.args[1:], "checkpoint", "host-key")
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	o := verify.BundleCheck{HostKeys: map[string][]byte{}, Workers: runtime.NumCPU()}
	for _, name := range given["checkpoint"] {
		b, err := readSmall(name, verify.MaxCheckpoint)
		if err != nil {
			return usage(c.err, err, nil)
		}
		o.Checkpoints = append(o.Checkpoints, b)
	}
	for _, text := range given["host-key"] {
		audience, name, whole := strings.Cut(text, "=")
		if !whole {
			audience, name = "", text
		}
		if o.HostKeys[audience], err = readSmall(name, 4<<10); err != nil {
			return usage(c.err, err, nil)
		}
	}
	f, err := os.Open(c.args[0])
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	defer func() { _ = f.Close() }() // only read
	debug.SetGCPercent(400)          // what lives is small: collecting it all the time costs a fifth
	r, err := verify.CheckBundle(ctx, f, o)
	return c.bundleReport(r, err)
}

func readSmall(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is too large", name)
	}
	return b, err
}

func (c call) bundleReport(r verify.BundleReport, err error) int {
	for _, k := range r.Signers {
		fmt.Fprintf(c.out, "log key %s\n", k)
	}
	fmt.Fprintf(c.out, "%s: %d lines, root %x\n", r.Origin, r.Size, r.Root)
	fmt.Fprintf(c.out, "%d changes, %d receipts, %d ID tokens, %d witnesses checked\n", r.Changes, r.Receipts, r.IDTokens, r.Witnesses)
	for _, also := range []struct {
		n    int
		what string
	}{
		{r.Unopened, "witnesses not checked: --host-key gives the host's key"},
		{r.Erased, "changes erased"},
		{r.Hidden, "lines of others, by their hash only"},
		{r.Compared, "outside checkpoints agree"},
	} {
		if also.n > 0 {
			fmt.Fprintf(c.out, "%d %s\n", also.n, also.what)
		}
	}
	if err != nil {
		for _, f := range r.Bad {
			fmt.Fprintf(c.out, "line %d %s: %s\n", f.Leaf, f.Change, f.What)
		}
		fmt.Fprintln(c.out, "BAD:", err)
		return exitFailed
	}
	return c.findings(r.Bad, r.Unnamed)
}

// erase erases the changes that want likes and says how many. One that is with its backend stays, with an error.
func erase(ctx context.Context, c Config, log *slog.Logger, want func(verify.Row) bool) (n int, err error) {
	if err := exists(c); err != nil {
		return 0, err
	}
	a, err := joined(ctx, c, log)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.closeLeaves()) }()
	var ids []string
	err = a.store.ledger.Moment(ctx, func(src verify.BundleSource) error {
		for after := ""; ; {
			rows, err := src.Changes(ctx, after, 256)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, r := range rows {
				if after = r.ID; want(r) && r.Erased == 0 {
					ids = append(ids, r.ID)
				}
			}
		}
	})
	for _, id := range ids {
		if e := a.Service.Guard.Erase(ctx, verify.Actor{Role: verify.System, ID: "audit erase"}, id); e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", id, e))
			continue
		}
		n++
	}
	return n, err
}
