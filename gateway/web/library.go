package web

import (
	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// listLibrary gives the files that may be sent to anybody.
func (s *Server) listLibrary(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	files, err := s.svc.Store.Library(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := make([]fiber.Map, 0, len(files))
	for _, f := range files {
		out = append(out, fileFields(f))
	}
	return fiber.Map{"files": out}, nil
}

func (s *Server) createLibraryFile(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Name string `json:"name"`
		Size int64  `json:"size"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if !s.limits.upload(string(who.Actor.ID)) {
		return nil, gateway.TooMany(1000)
	}
	if in.Size > s.maxFile() {
		return nil, gateway.TooLarge("size", int(s.maxFile()))
	}
	f, err := s.svc.CreateLibraryFile(c.UserContext(), who, in.Name, in.Size)
	if err != nil {
		return nil, err
	}
	return fileView(f), nil
}

func (s *Server) addToLibrary(c *fiber.Ctx, who gateway.Caller) (any, error) {
	f, err := s.svc.AddToLibrary(c.UserContext(), who, gateway.ID(c.Params("id")))
	if err != nil {
		return nil, err
	}
	return fileView(f), nil
}

func (s *Server) removeFromLibrary(c *fiber.Ctx, who gateway.Caller) (any, error) {
	return nil, s.svc.RemoveFromLibrary(c.UserContext(), who, gateway.ID(c.Params("id")))
}
