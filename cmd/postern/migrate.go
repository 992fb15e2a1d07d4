package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/postern-chat/postern/gateway/sqlstore"
)

// runMigrate is 'postern migrate': it brings the database's schema to this program's version, as a start does too.
// With --status it only says what it would do: exit code 0 = nothing, 1 = something.
func runMigrate(ctx context.Context, c call) int {
	args, status := without(c.args, "--status")
	cfg, rest, err := Load(args, c.env, c.err)
	if err != nil || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	code, err := migrate(ctx, cfg, status, c)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return code
}

func migrate(ctx context.Context, cfg Config, status bool, c call) (code int, err error) {
	have, want, err := schema(ctx, cfg)
	switch {
	case err != nil:
		return exitFailed, err
	case have > want:
		return exitFailed, fmt.Errorf("the schema is at %d, this program knows %d: use the newer program", have, want)
	case have == want:
		fmt.Fprintf(c.out, "the schema is at %d, the newest: nothing to do\n", have)
		return exitOK, nil
	case status:
		fmt.Fprintf(c.out, "the schema is at %d, this program brings it to %d; back up first, then 'postern migrate'\n", have, want)
		return exitFailed, nil
	}
	st, err := openStorage(ctx, cfg, time.Now)
	if err != nil {
		return exitFailed, err
	}
	if err := st.gateway.Close(); err != nil {
		return exitFailed, err
	}
	fmt.Fprintf(c.out, "the schema went from %d to %d\n", have, want)
	return exitOK, nil
}

// schema looks without making a database.
func schema(ctx context.Context, c Config) (have, want int64, err error) {
	if c.DatabaseURL == "" {
		if _, err := os.Stat(c.database().DataSource); errors.Is(err, fs.ErrNotExist) {
			want, err := sqlstore.Newest()
			return 0, want, err
		}
	}
	return sqlstore.Schema(ctx, c.database())
}
