package web

import (
	"context"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// checkedLog is what the newest whole check on this node has found.
type checkedLog struct {
	Leaves int64 `json:"leaves"` // lines 0 … leaves−1 were checked
	At     int64 `json:"at"`     // unix ms
	Wrong  int   `json:"wrong"`
}

// auditStatus says how far the log was checked, and where its newest signed checkpoint stands.
func (s *Server) auditStatus(c *fiber.Ctx, who gateway.Caller) (any, error) {
	_, size, err := s.logEnd(c)
	if err != nil {
		return nil, err
	}
	out := fiber.Map{"leaves": size, "export": s.opt.Bundle != nil && gateway.Allowed(who.Actor.Role, gateway.VerbExport)}
	if k := s.checked.Load(); k != nil {
		out["checked"] = k
	}
	found, err := s.svc.Reconciled(c.UserContext())
	if err != nil {
		return nil, err
	}
	out["differs"] = found.Bad
	return out, nil
}

// leafFilter is what an auditor looks for. Empty fields let everything through.
type leafFilter struct {
	actor, conversation, reason, kind string
	from, to                          int64 // unix ms, 0 = open
}

func readLeafFilter(c *fiber.Ctx) (f leafFilter, err error) {
	for name, to := range map[string]*string{"actor": &f.actor, "conversation": &f.conversation, "reason": &f.reason, "kind": &f.kind} {
		if *to = strings.TrimSpace(c.Query(name)); len(*to) > 200 {
			return f, gateway.Invalid(name)
		}
	}
	for name, to := range map[string]*int64{"from": &f.from, "to": &f.to} {
		n, err := queryNumber(c, name)
		if err != nil || n > 1<<52 {
			return f, gateway.Invalid(name)
		}
		*to = int64(n)
	}
	return f, nil
}

// takes reports whether a line is one of those looked for; kind is asked only then, for it costs a read.
func (f leafFilter) takes(l leafView, kind func(change string) string) bool {
	at, _ := strconv.ParseInt(l.At, 10, 64)
	switch {
	case f.actor != "" && l.Actor != f.actor && string(l.Role) != f.actor:
	case f.conversation != "" && l.Conversation != f.conversation && l.Change != f.conversation:
	case f.reason != "" && string(l.Reason) != f.reason:
	case f.from != 0 && at < f.from || f.to != 0 && at >= f.to:
	case f.kind != "" && (l.Change == "" || kind(l.Change) != f.kind):
	default:
		return true
	}
	return false
}

// auditLog gives lines of the log, newest first, before line ?before=, that the filter takes. One answer looks at
// maxLookBack lines at most; next is where to go on, 0 at the beginning.
func (s *Server) auditLog(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	limit, err := number(c, "limit", 100, 500)
	if err != nil {
		return nil, err
	}
	f, err := readLeafFilter(c)
	if err != nil {
		return nil, err
	}
	ledger, before, err := s.logEnd(c)
	if err != nil {
		return nil, err
	}
	kind := kinds(c.UserContext(), ledger)
	out := []leafView{}
	next, err := lookBack(c.UserContext(), ledger, before, func(l leafView) (enough bool) {
		if f.takes(l, kind) {
			out = append(out, l)
		}
		return len(out) >= limit
	})
	return fiber.Map{"leaves": out, "next": next}, err
}

// kinds reads the kind of a change, once.
func kinds(ctx context.Context, l verify.Ledger) func(change string) string {
	known := map[string]string{}
	return func(change string) string {
		k, ok := known[change]
		if !ok {
			row, err := l.Change(ctx, change)
			if err == nil {
				k = row.Change.Kind
			}
			known[change] = k
		}
		return k
	}
}

// auditBundle gives the log as a file: whoever has it checks it without us. It is written before it is sent, so that
// a failure is an answer and not half a file; a bundle of many days is better made by the command.
func (s *Server) auditBundle(c *fiber.Ctx) error {
	a, err := s.session(c)
	if err != nil {
		return err
	}
	if !gateway.Allowed(a.Role, gateway.VerbExport) {
		return gateway.Forbidden()
	}
	if s.opt.Bundle == nil {
		return gateway.NotFound()
	}
	f, err := readLeafFilter(c)
	if err != nil {
		return err
	}
	var part verify.BundlePart
	if f.conversation != "" {
		part.Conversations = []string{f.conversation}
	}
	if f.from != 0 {
		part.From = time.UnixMilli(f.from)
	}
	if f.to != 0 {
		part.To = time.UnixMilli(f.to)
	}
	if !s.limits.challenge("bundle "+string(a.ID)) || !s.bundling.TryLock() {
		return gateway.TooMany(10_000)
	}
	defer s.bundling.Unlock()
	file, size, err := s.spoolBundle(c.UserContext(), part)
	if err != nil {
		return err
	}
	s.log.Info("the log was exported", "by", string(a.ID), "bytes", size)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, "application/x-tar")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="postern-log-`+s.svc.Now().UTC().Format("2006-01-02-150405")+`.tar"`)
	return c.SendStream(file, int(size)) // closes it
}

// spoolBundle writes a bundle into a file that has no name any more.
func (s *Server) spoolBundle(ctx context.Context, part verify.BundlePart) (f *os.File, size int64, err error) {
	if f, err = os.CreateTemp("", "postern-bundle-*"); err != nil {
		return nil, 0, gateway.Internal("write a bundle", err)
	}
	err = os.Remove(f.Name())
	if err == nil {
		err = s.opt.Bundle(ctx, f, part)
	}
	if err == nil {
		if size, err = f.Seek(0, io.SeekCurrent); err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
	}
	if err != nil {
		_ = f.Close() // the first error counts
		return nil, 0, gateway.Internal("write a bundle", err)
	}
	return f, size, nil
}
