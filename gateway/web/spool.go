package web

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// maxSpooled is how much of one mail the viewer reads, in bytes; maxSpoolList how many it lists.
const (
	maxSpooled   = 1 << 20
	maxSpoolList = 200
)

// spoolRoutes show the demo's mails, which stay on this machine. Anywhere else mails are other people's letters.
func (s *Server) spoolRoutes(a *fiber.App) {
	a.Get("/v1/spool", s.staff(gateway.VerbSettings, s.listSpool))
	a.Get("/v1/spool/:name", s.staff(gateway.VerbSettings, s.showSpooled))
}

// spooledView is one mail of the spool; Text is left out of lists.
type spooledView struct {
	Name    string            `json:"name"`
	At      int64             `json:"at"` // unix ms
	From    string            `json:"from"`
	To      string            `json:"to"`
	Subject string            `json:"subject"`
	Headers map[string]string `json:"headers,omitempty"`
	Text    string            `json:"text,omitempty"`
}

// spoolForm is what the spool names its files; nothing else in the folder is ever opened.
var spoolForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}\.eml$`)

// spool opens the folder. Errors: not_found when the viewer is off.
func (s *Server) spool() (*os.Root, error) {
	if s.opt.SpoolDir == "" {
		return nil, gateway.NotFound()
	}
	root, err := os.OpenRoot(s.opt.SpoolDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, gateway.Unavailable("spool", err)
	}
	return root, nil
}

func (s *Server) listSpool(*fiber.Ctx, gateway.Caller) (any, error) {
	out := []spooledView{}
	root, err := s.spool()
	if err != nil || root == nil { // no mail was written yet
		return fiber.Map{"mail": out}, err
	}
	defer func() { _ = root.Close() }()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, gateway.Unavailable("spool", err)
	}
	for _, e := range slices.Backward(entries) { // names hold ULIDs: newest last
		if !spoolForm.MatchString(e.Name()) || len(out) == maxSpoolList {
			continue
		}
		v, err := readSpooled(root, e.Name())
		if err != nil {
			continue // taken away meanwhile
		}
		v.Headers, v.Text = nil, ""
		out = append(out, v)
	}
	return fiber.Map{"mail": out}, nil
}

func (s *Server) showSpooled(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	root, err := s.spool()
	if err != nil {
		return nil, err
	}
	if root == nil || !spoolForm.MatchString(c.Params("name")) {
		return nil, gateway.NotFound()
	}
	defer func() { _ = root.Close() }()
	v, err := readSpooled(root, c.Params("name"))
	if err != nil {
		return nil, gateway.NotFound()
	}
	return fiber.Map{"mail": v}, nil
}

func readSpooled(root *os.Root, name string) (spooledView, error) {
	f, err := root.Open(name)
	if err != nil {
		return spooledView{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return spooledView{}, err
	}
	m, err := mail.ReadMessage(io.LimitReader(f, maxSpooled))
	if err != nil {
		return spooledView{}, err
	}
	v := spooledView{Name: name, At: info.ModTime().UnixMilli(), Headers: map[string]string{}}
	for key := range m.Header {
		v.Headers[key] = headerText(m.Header.Get(key))
	}
	v.From, v.To, v.Subject = v.Headers["From"], v.Headers["To"], v.Headers["Subject"]
	if at, err := m.Header.Date(); err == nil {
		v.At = at.UnixMilli()
	}
	v.Text = mailText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return v, nil
}

func headerText(s string) string {
	if out, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		s = out
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// maxLevels is how deep a mail of ours nests its parts.
const maxLevels = 3

// mailText gives the first plain text of a mail of ours: one part, or parts of parts.
func mailText(contentType, encoding string, r io.Reader) string {
	return textIn(contentType, encoding, r, maxLevels)
}

func textIn(contentType, encoding string, r io.Reader, levels int) string {
	kind, params, err := mime.ParseMediaType(contentType)
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return ""
			}
			inner := p.Header.Get("Content-Type")
			sub, _, err := mime.ParseMediaType(inner)
			if err != nil || sub == "text/plain" {
				return decoded(p.Header.Get("Content-Transfer-Encoding"), p)
			}
			if strings.HasPrefix(sub, "multipart/") && levels > 1 {
				return textIn(inner, "", p, levels-1)
			}
		}
	}
	return decoded(encoding, r)
}

func decoded(encoding string, r io.Reader) string {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	b, _ := io.ReadAll(io.LimitReader(r, maxSpooled)) // what could be read is worth showing
	return strings.ToValidUTF8(string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))), "\ufffd")
}
