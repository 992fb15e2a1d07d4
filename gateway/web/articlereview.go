package web

import (
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb"
)

// maxReview is how far ahead an article's review may be.
const maxReview = 10 * 366 * 24 * time.Hour

// reviewArticle sets when an article must be looked at again, 0 = after the default time, and takes an editor's word
// that he has looked at it now.
func (s *Server) reviewArticle(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		By   int64 `json:"by"` // unix ms
		Done bool  `json:"done"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	now := s.svc.Now()
	r := kb.Review{Done: in.Done, Who: string(who.Actor.ID)}
	if in.By != 0 {
		if r.By = time.UnixMilli(in.By); in.By < 0 || r.By.After(now.Add(maxReview)) {
			return nil, gateway.Invalid("by")
		}
	}
	a, err := s.svc.Articles.Review(c.UserContext(), c.Params("id"), r, now)
	return s.articleMoved(c.UserContext(), a, err)
}
