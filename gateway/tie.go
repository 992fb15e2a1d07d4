package gateway

import (
	"context"
	"time"
)

// TieKind says how another conversation belongs to this one.
type TieKind string

// The ties between conversations.
const (
	TieInto   TieKind = "into"   // this one goes on there
	TieFrom   TieKind = "from"   // that one goes on here
	TieOf     TieKind = "of"     // this one was split off that one
	TieOff    TieKind = "off"    // that one was split off this one
	TieAlike  TieKind = "alike"  // that one is open, and of the same browser or typed address
	TieOnward TieKind = "onward" // that one was begun by this one's link
	TieBefore TieKind = "before" // this one was begun by that one's link
)

// Tie is one other conversation that belongs to this one, or may.
type Tie struct {
	Kind  TieKind
	Other Conversation
	At    time.Time // of the merge or split
	Seq   uint64    // of a split: the first message that went along
	Why   string    // of TieAlike: the reason why the two cannot be merged; "" = they can
}

// Undoable says until when a merge can be undone, zero = not (any more).
func (t Tie) Undoable(now time.Time) time.Time {
	until := t.At.Add(UndoMerge)
	if t.Kind != TieInto && t.Kind != TieFrom || now.After(until) {
		return time.Time{}
	}
	return until
}

// TieStore ties conversations to each other. Rows are locked by id, in order.
type TieStore interface {
	// Merge lets a conversation go on in another one, as MayMerge decides within the transaction: it ends what is open
	// of it and revokes its live changes. Errors: those of MayMerge, not_found.
	Merge(ctx context.Context, m Merge, now time.Time) ([]Event, error)
	// Unmerge ends the pointer and gives the merged one its status back. Errors: conflict, gone, not_found.
	Unmerge(ctx context.Context, merged ID, by Actor, now time.Time) ([]Event, error)
	// Split opens a ticket with copies of a ticket's messages from a visitor's one on; the source keeps its own. The
	// same message splits once. Errors: not_found, invalid, conflict, conversation_closed, too_large.
	Split(ctx context.Context, sp Split, now time.Time) (Conversation, []Event, error)
	// Ties lists merges and splits of a conversation, and what was begun by a link, oldest first, at most 100.
	Ties(ctx context.Context, cv ID) ([]Tie, error)
	// Alike lists open tickets of the same mailbox and the same browser or typed address, newest first, at most 5.
	Alike(ctx context.Context, cv Conversation) ([]Conversation, error)
	// MergeSide reads what MayMerge decides by. Errors: not_found.
	MergeSide(ctx context.Context, cv ID) (MergeSide, error)
}

// Ties lists what belongs to a conversation, and tickets that may be the same, as far as the caller may see them.
// Errors: forbidden, not_found.
func (s *Service) Ties(ctx context.Context, c Caller, id ID) ([]Tie, error) {
	cv, err := s.staffs(ctx, c, id)
	if err != nil {
		return nil, err
	}
	all, err := s.Store.Ties(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Tie
	for _, t := range all {
		if ok, err := s.inMailbox(ctx, c, t.Other.Mailbox); err != nil {
			return nil, err
		} else if ok || t.Kind == TieFrom {
			out = append(out, t)
		}
	}
	if cv.Number == 0 || cv.Status.Ended() {
		return out, nil
	}
	alike, err := s.alike(ctx, cv)
	return append(out, alike...), err
}

// staffs reads a conversation for one of the staff.
func (s *Service) staffs(ctx context.Context, c Caller, id ID) (Conversation, error) {
	if err := c.may(VerbRead); err != nil {
		return Conversation{}, err
	}
	return s.access(ctx, c, id)
}

func (s *Service) alike(ctx context.Context, cv Conversation) ([]Tie, error) {
	list, err := s.Store.Alike(ctx, cv)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	into, err := s.Store.MergeSide(ctx, cv.ID)
	if err != nil {
		return nil, err
	}
	var out []Tie
	for _, other := range list {
		from, err := s.Store.MergeSide(ctx, other.ID)
		if err != nil {
			return nil, err
		}
		t := Tie{Kind: TieAlike, Other: other}
		if err := MayMerge(from, into); err != nil {
			t.Why = reasonOf(err)
		}
		out = append(out, t)
	}
	return out, nil
}

func reasonOf(err error) string {
	if e, ok := err.(*Error); ok && e.Why != "" {
		return e.Why
	}
	return CodeOf(err)
}

// Merged lists the conversations that go on in this one, also by way of others, at most MaxMerged.
// Errors: forbidden, not_found.
func (s *Service) Merged(ctx context.Context, c Caller, id ID) ([]Conversation, error) {
	if _, err := s.staffs(ctx, c, id); err != nil {
		return nil, err
	}
	var out []Conversation
	for next := []ID{id}; len(next) > 0 && len(out) < MaxMerged; next = next[1:] {
		ties, err := s.Store.Ties(ctx, next[0])
		if err != nil {
			return nil, err
		}
		for _, t := range ties {
			if t.Kind == TieFrom && len(out) < MaxMerged {
				out, next = append(out, t.Other), append(next, t.Other.ID)
			}
		}
	}
	return out, nil
}
