package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
	kbexport "github.com/postern-chat/postern/kb/export"
)

const importUsage = "usage: postern kb import DIR|FILE [--from markdown|helpscout|zendesk|chatwoot] [--mailbox SLUG] [--locale L] [--publish] [--dry-run] [flags of serve]"

// importing is one run of 'postern kb import'.
type importing struct {
	path     string
	from     kbexport.Form
	slug     string
	locale   string
	publish  bool
	dry      bool
	mailbox  gateway.ID
	articles kb.Store
	out      io.Writer
	counts   map[string]int
}

// runImport is 'postern kb import PATH': it takes over what other programs have, reports every row, and takes the good
// ones even if others are not. A second run changes only what differs. It ends with 1 when a row was refused.
func runImport(ctx context.Context, c call) int {
	im, cfg, err := parseImport(c)
	if err != nil {
		fmt.Fprintf(c.err, "postern kb import: %v\n%s\n", err, importUsage)
		return exitUsage
	}
	if err := im.run(ctx, cfg); err != nil {
		fmt.Fprintln(c.err, "postern kb import:", err)
		return exitFailed
	}
	if im.counts[refused] > 0 {
		return exitFailed
	}
	return exitOK
}

func parseImport(c call) (*importing, Config, error) {
	im := &importing{out: c.out, counts: map[string]int{}}
	own := flag.NewFlagSet("postern kb import", flag.ContinueOnError)
	from := own.String("from", "", "")
	own.StringVar(&im.slug, "mailbox", "", "")
	own.StringVar(&im.locale, "locale", "en", "")
	var rest []string
	for _, a := range takeFlags(own, c.args) {
		switch name := strings.TrimLeft(a, "-"); {
		case name == "publish" && a != name:
			im.publish = true
		case name == "dry-run" && a != name:
			im.dry = true
		case a == name && im.path == "" && len(rest) == 0:
			im.path = a
		default:
			rest = append(rest, a)
		}
	}
	im.from = kbexport.Form(*from)
	if im.path == "" {
		return im, Config{}, errors.New("a folder or a file, please")
	}
	if im.from != kbexport.Guess && !slices.Contains(kbexport.Forms(), im.from) {
		return im, Config{}, fmt.Errorf("--from %q is none of %v", im.from, kbexport.Forms())
	}
	cfg, left, err := Load(rest, c.env, c.err)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("what is %q?", left[0])
	}
	return im, cfg, err
}

func (im *importing) run(ctx context.Context, c Config) (err error) {
	rows, scope, end, err := im.open()
	if err != nil {
		return err
	}
	defer end()
	st, err := openStorage(ctx, c, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	im.articles = st.articles
	if im.slug != "" {
		mb, err := st.gateway.MailboxBySlug(ctx, im.slug)
		if err != nil {
			return fmt.Errorf("--mailbox %q: %w", im.slug, err)
		}
		im.mailbox = mb.ID
	}
	for row := range rows {
		if err := im.row(ctx, row, scope, time.Now()); err != nil {
			return err
		}
	}
	return im.sum()
}

// open gives the rows of the path and what its keys belong to. The folder is opened as a root: nothing outside it is
// read, whatever links are in it.
func (im *importing) open() (rows iter.Seq[kbexport.Row], scope string, end func() error, err error) {
	path, err := filepath.Abs(im.path)
	if err != nil {
		return nil, "", nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", nil, err
	}
	dir, name := path, "."
	if !info.IsDir() {
		dir, name = filepath.Split(path)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, "", nil, err
	}
	return kbexport.Read(root.FS(), name, im.from, im.locale), filepath.Base(dir), root.Close, nil
}

// What a row can come to beside kb's outcomes.
const (
	refused = "refused"
	skipped = "skipped"
)

// row takes over one row and reports it.
func (im *importing) row(ctx context.Context, row kbexport.Row, scope string, now time.Time) error {
	switch {
	case row.Refused != "":
		return im.say(refused, row, row.Refused)
	case row.Skipped != "":
		return im.say(skipped, row, row.Skipped)
	}
	in, err := im.arrival(row, scope, now)
	if err != nil {
		return err
	}
	a, out, err := im.articles.TakeOver(ctx, in, now)
	if err != nil {
		return fmt.Errorf("%s: %w", row.Where, err)
	}
	if row.Draft && im.publish {
		row.Notes = append(row.Notes, "stays a draft, as it was there")
	}
	return im.say(string(out), row, a.ID)
}

// arrival gives a row its id, its mailbox, and the name under which the next import finds it.
func (im *importing) arrival(row kbexport.Row, scope string, now time.Time) (kb.Arrival, error) {
	id, err := gateway.NewID(gateway.PrefixArticle, now, rand.Reader)
	if err != nil {
		return kb.Arrival{}, err
	}
	a := row.Article
	a.ID, a.Mailboxes, a.Version.Note = string(id), []string{}, "import"
	if im.mailbox != "" {
		a.Mailboxes = []string{string(im.mailbox)}
	}
	if row.Form != kbexport.Markdown {
		scope = "" // their ids hold in every file
	}
	origin := strings.Join([]string{string(row.Form), string(im.mailbox), scope, row.Key}, "\n")
	return kb.Arrival{Article: a, Origin: origin, Publish: im.publish && !row.Draft, Dry: im.dry}, nil
}

// say prints a row: what became of it, where it stood, its title, and why.
func (im *importing) say(out string, row kbexport.Row, why string) error {
	im.counts[out]++
	line := fmt.Sprintf("%-13s %s", out, printable(row.Where))
	if row.Good() {
		line += "  " + fmt.Sprintf("%q", row.Article.Version.Title)
	}
	for _, more := range append([]string{why}, row.Notes...) {
		line += "; " + printable(more)
	}
	_, err := fmt.Fprintln(im.out, line)
	return err
}

// printable keeps names of files from writing to a terminal anything but words.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e {
			return '?'
		}
		return r
	}, s)
}

// sum prints how many rows came to what.
func (im *importing) sum() error {
	var parts []string
	for _, k := range []string{string(kb.Added), string(kb.Updated), string(kb.Shown), string(kb.Same), string(kb.Edited), string(kb.Gone), skipped, refused} {
		if n := im.counts[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k))
		}
	}
	if parts == nil {
		parts = []string{"nothing found"}
	}
	end := ""
	if im.dry {
		end = " (dry run: nothing was changed)"
	}
	_, err := fmt.Fprintln(im.out, strings.Join(parts, ", ")+end)
	return err
}
