package gateway

import (
	"context"
	"slices"
	"time"

	"github.com/postern-chat/postern/verify"
)

// ScopeDraft lets a key draft plain and read kinds in conversations of its mailbox. There is no scope that moves a
// change any further: proof-gate.md §3.14, row G13.
const ScopeDraft = "change.draft"

// Scopes lists what a key may be given.
func Scopes() []string { return []string{ScopeDraft} }

// APIKey is a program of the host that may act in one mailbox. The key itself is shown once and kept as a hash.
type APIKey struct {
	ID        ID // ak_…
	Name      string
	Mailbox   ID
	Scopes    []string
	CreatedAt time.Time
	EndedAt   time.Time // zero = it lives
}

// DraftByKey drafts a change for an API key. Who offers it is an agent.
// Errors: forbidden (the key lacks the scope), not_found (no conversation of its mailbox), those of verify.Guard.Draft.
func (s *Service) DraftByKey(ctx context.Context, key APIKey, cv ID, raw []byte) (verify.Row, error) {
	if !key.EndedAt.IsZero() || !slices.Contains(key.Scopes, ScopeDraft) {
		return verify.Row{}, Forbidden()
	}
	if s.Guard == nil {
		return verify.Row{}, verify.Refuse(verify.PolicyUnavailable)
	}
	if !cv.Is(PrefixConversation) {
		return verify.Row{}, NotFound()
	}
	c, err := s.Store.Conversation(ctx, cv)
	if err != nil {
		return verify.Row{}, err
	}
	if c.Mailbox != key.Mailbox {
		return verify.Row{}, NotFound()
	}
	row, err := s.Guard.Draft(ctx, verify.Actor{Role: verify.API, ID: string(key.ID)}, string(cv), raw)
	return s.moved(ctx, row, err)
}
