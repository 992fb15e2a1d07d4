package mail

import (
	"bytes"
	"encoding/base64"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/postern-chat/postern/gateway"
)

// fill writes the mail's body: plain words; beside them the same as HTML, where there is a tree; behind both the
// files. The boundaries are fixed by our key, so that the same mail has the same bytes and nobody can write one.
func (c Composer) fill(msg *gomail.Msg, w gateway.Writing) error {
	text := c.text(w)
	if len(w.Message.Nodes) == 0 && len(w.Files) == 0 {
		msg.SetBodyString(gomail.TypeTextPlain, text)
		return nil
	}
	kind, body, err := c.alternative(w, text)
	if err == nil && len(w.Files) > 0 {
		kind, body, err = c.mixed(w, kind, body)
	}
	if err != nil {
		return gateway.Internal("write mail", err)
	}
	msg.SetBodyString(gomail.ContentType(kind), body, gomail.WithPartEncoding(gomail.NoEncoding))
	return nil
}

func (c Composer) boundary(w gateway.Writing, level string) string {
	return "postern." + level + "." + sign(c.Tokens.Key, 'm', string(w.Message.ID), level)
}

// alternative gives the words as text and as HTML.
func (c Composer) alternative(w gateway.Writing, text string) (kind, body string, err error) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.SetBoundary(c.boundary(w, "alternative")); err != nil {
		return "", "", err
	}
	parts := [][2]string{{"text/plain", text}}
	if len(w.Message.Nodes) > 0 {
		parts = append(parts, [2]string{"text/html", c.html(w)})
	}
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h.Set("Content-Type", p[0]+"; charset=UTF-8")
		h.Set("Content-Transfer-Encoding", "quoted-printable")
		part, err := m.CreatePart(h)
		if err != nil {
			return "", "", err
		}
		q := quotedprintable.NewWriter(part)
		if _, err := q.Write([]byte(p[1])); err != nil {
			return "", "", err
		}
		if err := q.Close(); err != nil {
			return "", "", err
		}
	}
	err = m.Close()
	return multipartKind("alternative", m), b.String(), err
}

// mixed puts the files behind the words.
func (c Composer) mixed(w gateway.Writing, inner, words string) (kind, body string, err error) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.SetBoundary(c.boundary(w, "mixed")); err != nil {
		return "", "", err
	}
	part, err := m.CreatePart(textproto.MIMEHeader{"Content-Type": {inner}})
	if err != nil {
		return "", "", err
	}
	if _, err := part.Write([]byte(words)); err != nil {
		return "", "", err
	}
	for _, f := range w.Files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Type", f.Type)
		h.Set("Content-Transfer-Encoding", "base64")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.SafeName()}))
		part, err := m.CreatePart(h)
		if err != nil {
			return "", "", err
		}
		if _, err := part.Write([]byte(lines(base64.StdEncoding.EncodeToString(f.Data)))); err != nil {
			return "", "", err
		}
	}
	err = m.Close()
	return multipartKind("mixed", m), b.String(), err
}

func multipartKind(sub string, m *multipart.Writer) string {
	return "multipart/" + sub + `; boundary="` + m.Boundary() + `"`
}

// lines cuts base64 as RFC 2045 §6.8 asks.
func lines(s string) string {
	var b strings.Builder
	b.Grow(len(s) + len(s)/38)
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	b.WriteString(s)
	return b.String()
}
