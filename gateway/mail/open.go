package mail

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// What a mail is, the first that fits. Source: mail-and-routing.md 1.8.
const (
	KindBounce = "bounce" // a delivery report of any sort, or an abuse report
	KindAuto   = "auto"   // a program answered
	KindReply  = "reply"
	KindNew    = "new"
)

// maxDecoded bounds what the parts of a mail hold together, in bytes.
const maxDecoded = 100 << 20

// Seen is what a mail says, as 'postern mail visible' prints it. All of it is somebody's claim.
type Seen struct {
	Kind     string   `json:"kind"`
	Text     string   `json:"text"` // the visible reply: UTF-8, LF, trimmed
	From     string   `json:"from"` // "" unless exactly one From names exactly one address
	Bounce   *Bounce  `json:"bounce"`
	Warnings []string `json:"warnings"`
}

// Look reads a mail, however broken, and judges nobody.
func Look(raw []byte) Seen {
	l := read(raw)
	s := Seen{Kind: l.kind, Text: l.visible, From: l.from, Bounce: l.bounce, Warnings: l.warnings}
	if s.Warnings == nil {
		s.Warnings = []string{}
	}
	return s
}

// warn notes something about the mail, once.
func (l *letter) warn(what string) {
	if !slices.Contains(l.warnings, what) {
		l.warnings = append(l.warnings, what)
	}
}

// open reads the parts of the mail into l: text, files, reports. What is beyond the limits stays closed.
func (l *letter) open(raw []byte) {
	env := l.parseSafely(raw)
	var root *enmime.Part
	if env != nil {
		root = env.Root
		l.plain, l.html = env.Text, env.HTML
		l.files = files(root)
	}
	l.bounceOf(root)
	l.kind = l.kindOf()
	subject := l.subject
	var whole bool
	l.visible, whole = Visible(subject, flowed(root, l.plain), l.html)
	if whole {
		l.warn("forwarded")
	}
	if !usable(l.plain) && usable(l.html) {
		l.warn("html_only")
	}
	if strings.ContainsRune(l.visible, '\ufffd') {
		l.warn("bad_charset")
	}
	l.visible = clean(l.visible)
}

func (l *letter) bounceOf(root *enmime.Part) {
	var complaint bool
	if l.bounce, complaint = report(l, root); complaint {
		l.warn("complaint")
	}
}

// parseSafely is parse for mails that were made to break a parser: what it does not survive is shown as it stands there.
func (l *letter) parseSafely(raw []byte) (env *enmime.Envelope) {
	defer func() {
		if recover() != nil {
			l.warn("malformed")
			env = l.rescue()
		}
	}()
	return l.parse(raw)
}

// parse takes the mail apart within the limits; nil = it stays closed.
func (l *letter) parse(raw []byte) *enmime.Envelope {
	if len(raw) > MaxMail {
		l.warn("too_large")
		return nil
	}
	if !shallow(raw) {
		l.warn("too_deep")
		return nil
	}
	parser := enmime.NewParser(enmime.SkipMalformedParts(true), enmime.DisableTextConversion(true), enmime.MultipartWOBoundaryAsSinglePart(true))
	env, err := parser.ReadEnvelope(bytes.NewReader(raw))
	if err != nil {
		l.warn("malformed")
		return l.rescue()
	}
	if n, depth := measure(env.Root); n > maxParts || depth > maxDepth {
		l.warn("too_deep")
		return nil
	}
	size := 0
	for p := range parts(env.Root) {
		if size += len(p.Content); size > maxDecoded {
			l.warn("too_large")
			return nil
		}
	}
	for _, e := range env.Errors {
		switch e.Name {
		case enmime.ErrorCharsetConversion:
			l.warn("bad_charset")
		case enmime.ErrorCharsetDeclaration, enmime.ErrorMissingContentType, enmime.ErrorPlainTextFromHTML:
		default:
			l.warn("malformed")
		}
	}
	return env
}

// rescue shows the body of a mail that no parser takes as it stands there.
func (l *letter) rescue() *enmime.Envelope {
	return &enmime.Envelope{Text: strings.ToValidUTF8(string(l.body), "\ufffd")}
}

// parts walks a tree of parts, which measure has bounded.
func parts(p *enmime.Part) iter.Seq[*enmime.Part] {
	return func(yield func(*enmime.Part) bool) { walk(p, yield) }
}

func walk(p *enmime.Part, yield func(*enmime.Part) bool) bool {
	for ; p != nil; p = p.NextSibling {
		if !yield(p) || !walk(p.FirstChild, yield) {
			return false
		}
	}
	return true
}

// flowed joins the lines that format=flowed broke (RFC 3676); quoted and signature lines stay as they are.
func flowed(root *enmime.Part, text string) string {
	is := false
	for p := range parts(root) {
		if p.ContentType == "text/plain" {
			_, params := mediaType(p.Header.Get("Content-Type"))
			is = strings.EqualFold(params["format"], "flowed")
			break
		}
	}
	if !is {
		return text
	}
	ls := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	var out []string
	for i, s := range ls {
		if i > 0 && joinable(ls[i-1]) && s != "-- " && !strings.HasPrefix(s, ">") && s != "" {
			out[len(out)-1] += strings.TrimPrefix(s, " ")
			continue
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func joinable(before string) bool {
	return strings.HasSuffix(before, " ") && before != "-- " && !strings.HasPrefix(before, ">")
}

// kindOf says what the mail is, by its header.
func (l *letter) kindOf() string {
	switch {
	case l.bounce != nil:
		return KindBounce
	case automatic(l):
		return KindAuto
	case len(l.references) > 0 || slices.ContainsFunc(l.recipients, isToken):
		return KindReply
	}
	return KindNew
}

func isToken(address string) bool {
	_, _, _, ok := Read(address)
	return ok
}

// automatic reports whether a program answered.
func automatic(l *letter) bool {
	for _, v := range l.head["Auto-Submitted"] {
		if word, _, _ := strings.Cut(strings.ToLower(v), ";"); strings.TrimSpace(word) != "no" && strings.TrimSpace(word) != "" {
			return true
		}
	}
	for _, name := range []string{"X-Autoreply", "X-Autorespond"} {
		if v := strings.ToLower(l.head.Get(name)); v != "" && v != "no" {
			return true
		}
	}
	return strings.EqualFold(l.head.Get("Precedence"), "auto_reply") || emptyPath(l) && vacation.MatchString(l.subject)
}

// answerable reports whether a mail may be answered without a person: no program and no list sent it. Source:
// mail-and-routing.md 1.6, RFC 3834 §2.
func answerable(l *letter) bool {
	if l.kind == KindAuto || l.kind == KindBounce || emptyPath(l) {
		return false
	}
	for name := range l.head {
		if strings.HasPrefix(name, "List-") {
			return false
		}
	}
	switch strings.ToLower(strings.TrimSpace(l.head.Get("Precedence"))) {
	case "bulk", "list", "junk", "auto_reply":
		return false
	}
	local, _, _ := strings.Cut(strings.ToLower(l.from), "@")
	return local != "mailer-daemon" && local != "postmaster" && !strings.HasPrefix(local, "noreply") && !strings.HasPrefix(local, "no-reply")
}
