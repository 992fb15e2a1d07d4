package gateway

import (
	"context"
	"slices"
	"strings"
	"time"
)

// UndoMerge is how long a merge can be undone.
const UndoMerge = 24 * time.Hour

// MaxMerged is how many conversations one history shows beside its own.
const MaxMerged = 20

// ConversationMerged says that one conversation goes on in another. Both staff sides and mailboxes only.
type ConversationMerged struct {
	From       ID    `json:"from"`
	FromNumber int64 `json:"from_number,omitempty"`
	Into       ID    `json:"into"`
	IntoNumber int64 `json:"into_number,omitempty"`
}

// ConversationUnmerged says that it goes on by itself again.
type ConversationUnmerged struct{ ConversationMerged }

// MergeSide is what decides whether a conversation may be merged with another one.
type MergeSide struct {
	Conversation
	Host      string   // whose accounts its mailbox serves
	Accounts  []string // host and subject of those that a login, or the host's signature, named here
	Confirmed bool     // a mail that is proven to come from the ticket's address stands in it
	Into      ID       // where it goes on; "" = it was not merged
}

// Merge is what Store.Merge carries out.
type Merge struct {
	ID   ID
	From ID
	Into ID
	By   Actor
}

// noMerge is a refusal that two conversations do not belong together.
func noMerge(code, why string) *Error { return &Error{Is: code, Why: "merge." + why} }

// MayMerge refuses what must not become one history. A merge moves neither events nor proofs; what it does move is
// where the person's next words go and what the staff reads together. So both must be the same person's for sure: the
// same browser's, or of one address that wrote to both by proven mail while no browser reads either. A typed address
// joins nothing (product.md P112).
//
// Errors: invalid, forbidden (merge.host, merge.person), subject_mismatch, conflict (merge.again).
func MayMerge(from, into MergeSide) error {
	accounts := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(from.Accounts), into.Accounts...))))
	switch {
	case from.ID == into.ID:
		return Invalid("into")
	case from.Host != into.Host:
		return noMerge("forbidden", "host")
	case from.Into != "" || into.Into != "":
		return noMerge("conflict", "again")
	case from.Status == Queued:
		return InvalidState(string(from.Status))
	case into.Number == 0 || into.Status.Ended():
		return noMerge("invalid", "into")
	case len(accounts) > 1:
		return noMerge("subject_mismatch", "subject")
	case !samePerson(from, into):
		return noMerge("forbidden", "person")
	case from.Claimed.Email != "" && into.Claimed.Email == "":
		return noMerge("invalid", "address") // the answers would go nowhere
	}
	return nil
}

func samePerson(a, b MergeSide) bool {
	if a.Claimed.Email != "" && b.Claimed.Email != "" && !strings.EqualFold(a.Claimed.Email, b.Claimed.Email) {
		return false
	}
	if a.Visitor != "" || b.Visitor != "" {
		return a.Visitor == b.Visitor
	}
	return a.Claimed.Email != "" && b.Claimed.Email != "" && a.Confirmed && b.Confirmed
}

// Merge makes the second conversation the history in which the first one goes on: later mail to it lands there. The
// first one ends, with its live changes, in the same transaction. Of two merges that race one wins.
// Errors: those of MayMerge, not_found, not_assignee.
func (s *Service) Merge(ctx context.Context, c Caller, from, into ID) error {
	for _, id := range []ID{from, into} {
		cv, err := s.handled(ctx, c, id)
		if err == nil {
			err = s.departAll(ctx, cv, "")
		}
		if err != nil {
			return err
		}
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	m := Merge{From: from, Into: into, By: c.Actor}
	if m.ID, err = NewID(PrefixMerge, now, s.Rand); err != nil {
		return err
	}
	events, err := s.Store.Merge(ctx, m, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// Unmerge lets a merged conversation go on by itself again, with the state that it had. What came to the other one
// meanwhile stays there. Errors: not_found, conflict (it is not merged), gone (UndoMerge is over).
func (s *Service) Unmerge(ctx context.Context, c Caller, merged ID) error {
	if _, err := s.handled(ctx, c, merged); err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Unmerge(ctx, merged, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// handled reads a conversation that the caller may act on as its assignee would. Errors: not_found, not_assignee,
// forbidden (type.role: he could not take it).
func (s *Service) handled(ctx context.Context, c Caller, id ID) (Conversation, error) {
	if err := c.may(VerbReply); err != nil {
		return Conversation{}, err
	}
	cv, err := s.access(ctx, c, id)
	switch {
	case err != nil:
	case cv.Assignee != "" && cv.Assignee != c.Actor.ID && c.Actor.Role != RoleSupervisor:
		err = NotAssignee(cv.Assignee, "")
	case cv.Assignee == "" && !c.Actor.Role.AtLeast(cv.MinRole):
		err = BelowRole(cv.MinRole)
	}
	return cv, err
}
