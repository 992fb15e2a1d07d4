package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// logRoutes serve the log of changes to everybody in the form of C2SP tlog-tiles. No line names a person.
func (s *Server) logRoutes(a *fiber.App) {
	a.Get("/log/checkpoint", s.logRead(s.logCheckpoint))
	a.Get("/log/tile/*", s.logRead(s.logTile))
}

// logRead lets an address read so much of the log; reading a tile costs the database up to 256 rows.
func (s *Server) logRead(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if s.svc.Guard == nil || s.svc.Guard.Ledger == nil {
			return verify.Refuse(verify.GuardUnavailable)
		}
		if !s.limits.logRead(s.addr(c)) {
			return gateway.TooMany(1000)
		}
		return h(c)
	}
}

func (s *Server) logCheckpoint(c *fiber.Ctx) error {
	var b []byte
	if s.opt.Checkpoint != nil {
		b = s.opt.Checkpoint()
	}
	if b == nil {
		return gateway.NotFound() // the first one is being made
	}
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
	return c.Send(b)
}

// logTile serves a tile of hashes or a bundle of entries. A whole one never changes.
func (s *Server) logTile(c *fiber.Ctx) error {
	level, n, width, ok := verify.ParseTile("tile/" + c.Params("*"))
	if !ok {
		return gateway.NotFound()
	}
	ledger, ctx := s.svc.Guard.Ledger, c.UserContext()
	head, err := ledger.Head(ctx)
	if err != nil {
		return err
	}
	number, _ := strconv.Atoi(level) // 0 for entries
	if !verify.TileFits(number, n, width, head.Size) {
		return gateway.NotFound()
	}
	var b []byte
	if level == "entries" {
		leaves, err := ledger.Leaves(ctx, n*verify.TileWidth, width)
		if err != nil {
			return err
		}
		if b, err = verify.PackEntries(leaves); err != nil {
			return gateway.Internal("read the log", err)
		}
	} else {
		hashes, err := ledger.Hashes(ctx, verify.TileIndex(number, n, width))
		if err != nil {
			return err
		}
		b = verify.PackHashes(hashes)
	}
	c.Set(fiber.HeaderCacheControl, "max-age=31536000, immutable")
	c.Set(fiber.HeaderContentType, "application/octet-stream")
	return c.Send(b)
}
