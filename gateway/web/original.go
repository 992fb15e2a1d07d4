package web

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// maxInline is how many bytes of pictures one page shows.
const maxInline = 8 << 20

// originalPolicy lets a stranger's mail be looked at: no scripts, no requests, no origin of ours, in no frame.
const originalPolicy = "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"

// originalPage says nothing in words of ours: names of headers are the mail's own.
var originalPage = template.Must(template.New("original").Parse(`<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<pre dir="auto">{{range .Header}}{{.Name}}: {{.Value}}
{{end}}</pre><hr>
{{if .HTML}}{{.HTML}}{{else}}<pre dir="auto">{{.Text}}</pre>{{end}}`))

// originalRoutes show mails in their own form.
func (s *Server) originalRoutes(a *fiber.App) {
	a.Get("/v1/mails/:message", s.staff(gateway.VerbRead, s.original))
}

func (s *Server) original(c *fiber.Ctx, who gateway.Caller) (any, error) {
	o, err := s.svc.Original(c.UserContext(), who, gateway.ID(c.Params("message")))
	if err != nil {
		return nil, err
	}
	page := struct {
		Title  string
		Header []gateway.HeaderField
		Text   string
		HTML   template.HTML
	}{Header: o.Header, Text: o.Text, HTML: template.HTML(s.withPictures(c, who, o))} //nolint:gosec // sanitised when it was stored
	for _, h := range o.Header {
		if h.Name == "Subject" {
			page.Title = h.Value
		}
	}
	var out bytes.Buffer
	if err := originalPage.Execute(&out, page); err != nil {
		return nil, gateway.Internal("draw a mail", err)
	}
	c.Set(fiber.HeaderContentSecurityPolicy, originalPolicy)
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Type("html", "utf-8")
	_, err = c.Write(out.Bytes())
	return alreadyAnswered, err
}

// withPictures puts the mail's own pictures into its HTML: a page without an origin gets no file by itself.
func (s *Server) withPictures(c *fiber.Ctx, who gateway.Caller, o gateway.Original) string {
	html, room := o.HTML, int64(maxInline)
	for _, id := range o.Inline {
		f, err := s.svc.ReadFile(c.UserContext(), who, id)
		if err != nil || f.Size > room || !strings.HasPrefix(f.Type, "image/") {
			continue
		}
		room -= f.Size
		var data []byte
		for n := range int((f.Size + gateway.PartSize - 1) / gateway.PartSize) {
			part, err := s.svc.Store.Part(c.UserContext(), id, n)
			if err != nil {
				return html
			}
			data = append(data, part...)
		}
		html = strings.ReplaceAll(html, `"cid:`+string(id)+`"`, `"data:`+f.Type+";base64,"+base64.StdEncoding.EncodeToString(data)+`"`)
	}
	return html
}
