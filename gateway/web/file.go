package web

import (
	"bufio"
	"mime"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// fileRoutes carry uploads in parts of at most 1 MiB, and downloads.
func (s *Server) fileRoutes(a *fiber.App) {
	a.Post("/v1/files", s.either(s.createFile))
	a.Put("/v1/files/:id/:part", s.either(s.putPart))
	a.Get("/v1/files/:id", s.either(s.download))
	a.Get("/v1/library", s.staff(gateway.VerbRead, s.listLibrary))
	a.Post("/v1/library", s.staff(gateway.VerbSettings, s.createLibraryFile))
	a.Put("/v1/library/:id", s.staff(gateway.VerbSettings, s.addToLibrary))
	a.Delete("/v1/library/:id", s.staff(gateway.VerbSettings, s.removeFromLibrary))
}

// maxFile is the size of the largest upload, in bytes.
func (s *Server) maxFile() int64 {
	if n := s.opt.Limits.FileBytes; n > 0 {
		return min(n, gateway.MaxFilesBytes)
	}
	return gateway.MaxFilesBytes
}

func fileView(f gateway.File) fiber.Map {
	return fiber.Map{"file": fileFields(f)}
}

func fileFields(f gateway.File) fiber.Map {
	m := fiber.Map{
		"id": f.ID, "name": f.SafeName(), "type": f.Type, "size": f.Size, "stored": f.Stored, "part_size": gateway.PartSize,
	}
	if f.Scrubbed > 0 {
		m["scrubbed"] = f.Scrubbed
	}
	return m
}

func (s *Server) createFile(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Conversation gateway.ID `json:"conversation"`
		Name         string     `json:"name"`
		Size         int64      `json:"size"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if !s.limits.upload(string(who.Actor.ID)) || !s.limits.upload(s.addr(c)) {
		return nil, gateway.TooMany(1000)
	}
	if in.Size > s.maxFile() {
		return nil, gateway.TooLarge("size", int(s.maxFile()))
	}
	if s.sockets.memory.Full() {
		return nil, gateway.Unavailable("memory", nil)
	}
	f, err := s.svc.CreateFile(c.UserContext(), who, in.Conversation, in.Name, in.Size)
	if err != nil {
		return nil, err
	}
	return fileView(f), nil
}

func (s *Server) putPart(c *fiber.Ctx, who gateway.Caller) (any, error) {
	n, err := strconv.Atoi(c.Params("part"))
	if err != nil {
		return nil, gateway.Invalid("part")
	}
	if !s.limits.upload(string(who.Actor.ID)) {
		return nil, gateway.TooMany(1000)
	}
	data := append([]byte(nil), c.Context().Request.Body()...)
	f, err := s.svc.PutPart(c.UserContext(), who, gateway.ID(c.Params("id")), n, data)
	if err != nil {
		return nil, err
	}
	return fileView(f), nil
}

// download streams a file part by part. Only raster images are shown in place; all else is saved, and
// nothing in it may run.
func (s *Server) download(c *fiber.Ctx, who gateway.Caller) (any, error) {
	f, err := s.svc.ReadFile(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	how := "attachment"
	if strings.HasPrefix(f.Type, "image/") {
		how = "inline"
	}
	c.Set(fiber.HeaderContentType, f.Type)
	c.Set(fiber.HeaderContentDisposition, mime.FormatMediaType(how, map[string]string{"filename": f.SafeName()}))
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	// Whoever may not see the conversation any more, or sits down at this browser after him, finds no copy.
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	parts := int((f.Size + gateway.PartSize - 1) / gateway.PartSize)
	ctx := c.UserContext()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		for n := range parts {
			data, err := s.svc.Store.Part(ctx, f.ID, n)
			if err == nil {
				_, err = w.Write(data)
			}
			if err != nil {
				s.log.Error("download", "file", f.ID, "err", err)
				return // the length does not fit: the browser says that it broke
			}
		}
	})
	return alreadyAnswered, nil
}
