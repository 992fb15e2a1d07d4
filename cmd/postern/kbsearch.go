package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/kb/markdown"
)

const searchUsage = "usage: postern kb search WORDS… [--explain] [--mailbox SLUG] [--locale L] [flags of serve]"

// runSearch is 'postern kb search WORDS': what a visitor would be shown, and with --explain why. It only reads.
func runSearch(ctx context.Context, c call) int {
	own := flag.NewFlagSet("postern kb search", flag.ContinueOnError)
	mailbox, locale := own.String("mailbox", "", ""), own.String("locale", "", "")
	explain := false
	var words, rest []string
	for i, a := range c.args {
		if strings.HasPrefix(a, "-") {
			rest = c.args[i:]
			break
		}
		words = append(words, a)
	}
	var others []string
	for _, a := range takeFlags(own, rest) {
		if strings.TrimLeft(a, "-") == "explain" && strings.HasPrefix(a, "-") {
			explain = true
			continue
		}
		others = append(others, a)
	}
	if len(words) == 0 {
		fmt.Fprintln(c.err, searchUsage)
		return exitUsage
	}
	cfg, left, err := Load(others, c.env, c.err)
	if err != nil || len(left) > 0 {
		return usage(c.err, err, left)
	}
	q := kb.Query{Text: strings.Join(words, " "), Locale: *locale}
	why, err := explained(ctx, cfg, *mailbox, q)
	if err != nil {
		fmt.Fprintln(c.err, "postern kb search:", err)
		return exitFailed
	}
	return printed(c, writeExplained(c.out, why, explain))
}

// explained opens the database, reads the articles and ranks them.
func explained(ctx context.Context, c Config, mailbox string, q kb.Query) (why kb.Explained, err error) {
	st, err := openStorage(ctx, c, time.Now)
	if err != nil {
		return why, err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	if mailbox != "" {
		mb, err := st.gateway.MailboxBySlug(ctx, mailbox)
		if err != nil {
			return why, fmt.Errorf("--mailbox %q: %w", mailbox, err)
		}
		q.Mailbox = string(mb.ID)
	}
	var index kb.Index
	if err := index.Sync(ctx, st.articles, markdown.Plain); err != nil {
		return why, err
	}
	return index.Explain(q), nil
}

// writeExplained prints what a visitor sees; explain adds the parts of each score, and what lies under the threshold.
func writeExplained(w io.Writer, e kb.Explained, explain bool) error {
	var b strings.Builder
	if !e.Fits {
		b.WriteString("nothing fits\n")
	}
	if explain {
		fmt.Fprintf(&b, "coverage %.3f (shown from %.2f, answered from %.2f)\n", e.Coverage, e.Lower, e.Upper)
		for _, x := range e.Words {
			explainWord(&b, x)
		}
	}
	for i, r := range e.Results {
		if !e.Fits && !explain {
			break
		}
		fmt.Fprintf(&b, "%d. %s  %s\n", i+1, r.Article, r.Title)
		if explain {
			explainHit(&b, r)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func explainWord(b *strings.Builder, w kb.WordRead) {
	var as []string
	for _, r := range w.As {
		as = append(as, fmt.Sprintf("%s (%s, %.2f)", r.Word, r.Kind, r.Weight))
	}
	if as == nil {
		as = []string{"in no article"}
	}
	fmt.Fprintf(b, "  %s, weight %.2f: %s\n", w.Word, w.Weight, strings.Join(as, ", "))
}

func explainHit(b *strings.Builder, r kb.ExplainedHit) {
	fmt.Fprintf(b, "   score %.4f\n", r.Score)
	for _, p := range r.Parts {
		fmt.Fprintf(b, "   %+.4f  %s: %.4f × %.2f\n", p.Adds, p.Name, p.Value, p.Weight)
	}
	for _, h := range r.Words {
		fmt.Fprintf(b, "   %s: title %d, phrasings %d, summary and tags %d, text %d\n", h.As, h.Title, h.Asked, h.Hints, h.Body)
	}
	switch {
	case r.Learned:
		fmt.Fprintf(b, "   matched because visitors asked %q\n", r.Phrasing)
	case r.Phrasing != "":
		fmt.Fprintf(b, "   nearest phrasing %q\n", r.Phrasing)
	}
}
