package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/postern-chat/postern/gateway/mail"
)

// maxMailFile bounds what 'mail visible' reads, in bytes: more than any mail that is taken in, so that one too large
// is shown as such.
const maxMailFile = 4 * mail.MaxMail

// runMail is 'postern mail visible FILE': what a mail says, as one JSON object. It needs no database. It exits 0
// for every file that can be read, however broken the mail, else 2. Source: mail-and-routing.md 1.8.
func runMail(_ context.Context, c call) int {
	if len(c.args) != 2 || c.args[0] != "visible" {
		fmt.Fprintln(c.err, "usage: postern mail visible FILE")
		return exitUsage
	}
	f, err := os.Open(c.args[1])
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitUsage
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxMailFile))
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitUsage
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	if err := e.Encode(mail.Look(raw)); err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return exitOK
}
