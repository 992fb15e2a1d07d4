package main

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// texts gives each row of a query as one text.
func texts(t *testing.T, rows *sql.Rows) (all []string) {
	t.Helper()
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	for err == nil && rows.Next() {
		values, to := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			to[i] = &values[i]
		}
		if err = rows.Scan(to...); err != nil {
			break
		}
		var b strings.Builder
		for _, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			_, _ = fmt.Fprintf(&b, "%v ", v) // into memory
		}
		all = append(all, b.String())
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return all
}
