package gateway

import (
	"context"
	"time"

	"github.com/postern-chat/postern/kb"
)

const (
	countHelpEvery = 24 * time.Hour
	helpfulDays    = 90 // of self-help that say what helps on a page (self-help.md §4)
)

// countHelp takes ratings into the ranking and what solved most into the suggestions of its page, and leaves the next
// count behind. The nodes' sweeps find what it changed.
func (s *Service) countHelp(ctx context.Context) error {
	now, err := s.leaveNext(ctx, JobCountHelp, countHelpEvery)
	if err != nil {
		return err
	}
	return s.Articles.CountHelp(ctx, now.AddDate(0, 0, -helpfulDays), now)
}

// Suggest gives what a page's visitor sees before he types: its pins, then what solved most there, then what solved most.
func (s *Service) Suggest(ctx context.Context, mailbox ID, page, locale string) ([]kb.Result, error) {
	pins, err := s.Articles.Pins(ctx)
	if err != nil {
		return nil, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	out := s.Index.Pinned(pins, page, string(mailbox), locale, now)
	here := []string{}
	if page != "" && len(out) < maxSuggested {
		// Some may have been pinned or taken down since.
		if here, err = s.Articles.Helpful(ctx, string(mailbox), page, 5*maxSuggested); err != nil {
			return nil, err
		}
	}
	return s.Index.Completed(out, here, string(mailbox), maxSuggested), nil
}

// maxSuggested is how many articles are suggested.
const maxSuggested = 3
