package web

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// auditRoutes read the changes and the log. Nothing here writes.
func (s *Server) auditRoutes(a *fiber.App) {
	a.Get("/v1/changes", s.staff(gateway.VerbSeeChanges, s.listChanges))
	a.Get("/v1/audit", s.staff(gateway.VerbAudit, s.audit))
	a.Get("/v1/audit/log", s.staff(gateway.VerbAudit, s.auditLog))
	a.Get("/v1/audit/status", s.staff(gateway.VerbAudit, s.auditStatus))
	a.Get("/v1/audit/bundle", s.auditBundle)
}

// leafView is one line of the log with its number.
type leafView struct {
	N int64 `json:"n"`
	verify.Leaf
}

// momentView is one step of a change.
type momentView struct {
	At     int64         `json:"at"`    // unix ms
	State  verify.State  `json:"state"` // after the step; "read" = somebody looked at the account data that it opened
	Role   verify.Role   `json:"role"`
	Reason verify.Reason `json:"reason,omitempty"`
	Leaf   int64         `json:"leaf"`
}

// listedChange is a change without the values that were asked for: they are read in their conversation.
type listedChange struct {
	ID           string            `json:"id"`
	Conversation string            `json:"conversation"`
	Kind         string            `json:"kind"`
	Title        map[string]string `json:"title"`
	Host         string            `json:"host"`
	State        verify.State      `json:"state"`
	Reason       verify.Reason     `json:"reason,omitempty"`
	Level        verify.Level      `json:"level,omitempty"`
	Receipt      string            `json:"receipt,omitempty"`
	OfferedBy    string            `json:"offered_by,omitempty"`
	CreatedAt    int64             `json:"created_at"`
	ChangedAt    int64             `json:"changed_at"`
	Timeline     []momentView      `json:"timeline"`
}

// maxLookBack is how many lines of the log one answer may read.
const maxLookBack = 5000

// listChanges gives the changes that moved last, newest move first, by reading the log backwards from line
// ?before= (default: its end). next is where to go on, 0 at the beginning of the log.
func (s *Server) listChanges(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	limit, err := number(c, "limit", 50, 200)
	if err != nil {
		return nil, err
	}
	ledger, before, err := s.logEnd(c)
	if err != nil {
		return nil, err
	}
	out, seen := []*listedChange{}, map[string]*listedChange{}
	next, err := lookBack(c.UserContext(), ledger, before, func(l leafView) (enough bool) {
		if l.Change == "" {
			return false
		}
		if seen[l.Change] == nil {
			row, err := ledger.Change(c.UserContext(), l.Change)
			if err != nil {
				return false // a note about what was never stored
			}
			seen[l.Change] = s.listed(row)
			out = append(out, seen[l.Change])
		}
		seen[l.Change].add(l)
		return len(out) >= limit
	})
	return fiber.Map{"changes": out, "next": next}, err
}

// lookBack gives the lines before a place to take, newest first, until that is enough or maxLookBack lines were read.
// next is where to go on, 0 at the beginning of the log.
func lookBack(ctx context.Context, ledger verify.Ledger, before int64, take func(l leafView) (enough bool)) (next int64, err error) {
	for stop := max(0, before-maxLookBack); before > stop; {
		from := max(stop, before-200)
		leaves, err := readLeaves(ctx, ledger, from, int(before-from))
		if err != nil {
			return before, err
		}
		for i := len(leaves) - 1; i >= 0; i-- {
			if before = leaves[i].N; take(leaves[i]) {
				return before, nil
			}
		}
		if len(leaves) == 0 {
			before = from
		}
	}
	return before, nil
}

func (v *listedChange) add(l leafView) {
	at, _ := strconv.ParseInt(l.At, 10, 64)
	state := l.To
	if l.Look() {
		state = "read"
	}
	v.Timeline = append([]momentView{{At: at, State: state, Role: l.Role, Reason: l.Reason, Leaf: l.N}}, v.Timeline...)
}

func (s *Server) listed(row verify.Row) *listedChange {
	v := &listedChange{
		ID: row.ID, Conversation: row.Conversation, Kind: row.Change.Kind, Host: row.Host, State: row.State, Reason: row.Reason,
		OfferedBy: row.OfferedBy.ID, CreatedAt: row.CreatedAt, ChangedAt: row.ChangedAt, Timeline: []momentView{},
	}
	if p, err := s.svc.Policy(); err == nil {
		k, _ := p.KindAt(row.Change.Kind, row.Host)
		v.Title = k.Title
	}
	if row.Proof != nil {
		v.Level = row.Proof.Level
	}
	if row.Receipt != nil {
		v.Receipt = row.Receipt.ID
	}
	return v
}

// logEnd gives the ledger and the line before which to read.
func (s *Server) logEnd(c *fiber.Ctx) (verify.Ledger, int64, error) {
	if s.svc.Guard == nil || s.svc.Guard.Ledger == nil {
		return nil, 0, verify.Refuse(verify.GuardUnavailable)
	}
	head, err := s.svc.Guard.Ledger.Head(c.UserContext())
	if err != nil {
		return nil, 0, err
	}
	before, err := queryNumber(c, "before")
	if err != nil {
		return nil, 0, err
	}
	if before == 0 || before > uint64(head.Size) {
		return s.svc.Guard.Ledger, head.Size, nil
	}
	return s.svc.Guard.Ledger, int64(before), nil
}

func readLeaves(ctx context.Context, l verify.Ledger, from int64, limit int) ([]leafView, error) {
	raw, err := l.Leaves(ctx, from, limit)
	if err != nil {
		return nil, err
	}
	out := make([]leafView, len(raw))
	for i, b := range raw {
		out[i].N = from + int64(i)
		if err := json.Unmarshal(b, &out[i].Leaf); err != nil {
			return nil, gateway.Internal("read the log", err)
		}
	}
	return out, nil
}

// audit recomputes the whole log and holds each change against it (verify.Audit), and counts the applied
// changes that have no proof or no receipt: it must be none.
func (s *Server) audit(c *fiber.Ctx, who gateway.Caller) (any, error) {
	if !s.limits.challenge("audit " + string(who.Actor.ID)) {
		return nil, gateway.TooMany(10_000)
	}
	ledger, _, err := s.logEnd(c)
	if err != nil {
		return nil, err
	}
	report, err := verify.Audit(c.UserContext(), ledger)
	if err != nil {
		return nil, err
	}
	applied, bare, err := countApplied(c.UserContext(), ledger)
	if err != nil {
		return nil, err
	}
	s.checked.Store(&checkedLog{Leaves: report.Size, At: ms(s.svc.Now()), Wrong: len(report.Bad) + bare})
	bad := []fiber.Map{}
	for _, f := range report.Bad[:min(20, len(report.Bad))] {
		bad = append(bad, fiber.Map{"leaf": f.Leaf, "change": f.Change, "what": f.What})
	}
	return fiber.Map{
		"ok": len(report.Bad) == 0 && bare == 0, "leaves": report.Size, "changes": report.Changes, "applied": applied,
		"without_proof": bare, "bad": bad, "at": ms(s.svc.Now()),
	}, nil
}

func countApplied(ctx context.Context, l verify.Ledger) (applied, bare int, err error) {
	for after := ""; ; {
		rows, err := l.States(ctx, after, 512)
		if err != nil || len(rows) == 0 {
			return applied, bare, err
		}
		for _, r := range rows {
			after = r.ID
			if r.State != verify.Applied {
				continue
			}
			applied++
			row, err := l.Change(ctx, r.ID)
			if err != nil {
				return applied, bare, err
			}
			if row.Proof == nil || row.Receipt == nil {
				bare++
			}
		}
	}
}
