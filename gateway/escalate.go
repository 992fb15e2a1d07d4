package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Bounds of an escalation's words, bytes.
const (
	maxReason   = 1000
	maxReport   = 2000 // of one field
	maxTriedRow = 400
	maxAttempts = 20
)

// EscalationReport is what a conversation's new reader has to know: the template of the playbook (product.md P94). It
// holds words of the visitor and the staff, never account data.
type EscalationReport struct {
	Customer string   `json:"customer"` // as he calls himself: typed, unproven
	Issue    string   `json:"issue"`
	SpentMS  int64    `json:"spent_ms"` // open time in which it was our turn
	Tried    []string `json:"tried"`    // in order
	Status   string   `json:"status"`   // a Status, or words
	Urgency  Priority `json:"urgency"`
	Impact   string   `json:"impact"` // "" = nobody has said
}

// Hearer is somebody who is told.
type Hearer struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}

// Escalation is what an agent asks for by hand.
type Escalation struct {
	Conversation ID
	Level        int
	Reason       string
	Report       EscalationReport
}

func (e Escalation) check() error {
	if e.Level < 1 || e.Level > Levels {
		return Invalid("level")
	}
	if err := CheckText("reason", e.Reason, maxReason); err != nil {
		return err
	}
	return e.Report.check()
}

func (r EscalationReport) check() error {
	if r.SpentMS < 0 || r.SpentMS > int64(366*24*time.Hour/time.Millisecond) {
		return Invalid("spent_ms")
	}
	if r.Urgency < High || r.Urgency > Low {
		return Invalid("urgency")
	}
	if len(r.Tried) > maxAttempts {
		return TooLarge("tried", maxAttempts)
	}
	for _, line := range r.Tried {
		if err := CheckText("tried", line, maxTriedRow); err != nil {
			return err
		}
	}
	for _, f := range [...]struct{ name, text string }{
		{"customer", r.Customer}, {"issue", r.Issue}, {"status", r.Status}, {"impact", r.Impact},
	} {
		if f.text == "" {
			continue
		}
		if err := CheckText(f.name, f.text, maxReport); err != nil {
			return err
		}
	}
	return nil
}

// Escalate asks for a level's help by hand. Errors: forbidden, not_found, invalid, too_large, conversation_closed,
// conflict if that level was told before.
func (s *Service) Escalate(ctx context.Context, c Caller, e Escalation) error {
	cv, mb, err := s.escalated(ctx, c, e.Conversation)
	if err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	hearers, err := s.hearers(ctx, cv, mb, e.Level)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	p := ConversationEscalated{Level: e.Level, Reason: e.Reason, Told: hearers, Report: e.Report}
	t := Telling{Key: LevelMark(e.Level).Key(), Payload: p, To: idsOf(hearers)}
	if t.Jobs, err = reportJobs(cv, mb, c.Name, p, now); err != nil {
		return err
	}
	events, err := s.Store.Escalate(ctx, cv.ID, c.Actor, t, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}

func (s *Service) escalated(ctx context.Context, c Caller, id ID) (cv Conversation, mb Mailbox, err error) {
	if err := c.may(VerbEscalate); err != nil {
		return cv, mb, err
	}
	if cv, err = s.access(ctx, c, id); err != nil {
		return cv, mb, err
	}
	mb, err = s.Store.Mailbox(ctx, cv.Mailbox)
	return cv, mb, err
}

// LevelState is a level of a conversation as an agent sees it before he escalates.
type LevelState struct {
	Told bool     `json:"told"`
	Tell []Hearer `json:"tell"`
}

// EscalationDraft fills the report in from a conversation, and says which levels were told and who hears of each.
// Errors: forbidden, not_found.
func (s *Service) EscalationDraft(ctx context.Context, c Caller, id ID) (r EscalationReport, levels []LevelState, err error) {
	cv, mb, err := s.escalated(ctx, c, id)
	if err != nil {
		return r, nil, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return r, nil, err
	}
	told, err := s.Store.ClockMarks(ctx, cv.ID)
	if err != nil {
		return r, nil, err
	}
	for level := 1; level <= Levels; level++ {
		hearers, err := s.hearers(ctx, cv, mb, level)
		if err != nil {
			return r, nil, err
		}
		levels = append(levels, LevelState{told[LevelMark(level).Key()], hearers})
	}
	r, err = s.report(ctx, cv, mb, now)
	return r, levels, err
}

// hearers are who hears of a level: those whom the mailbox names and who may read the conversation, else supervisors,
// and of the last level admins. Level 0 = a clock that has run out: whoever has the conversation, and supervisors.
func (s *Service) hearers(ctx context.Context, cv Conversation, mb Mailbox, level int) ([]Hearer, error) {
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return nil, err
	}
	members, err := s.Store.Memberships(ctx, "", mb.ID)
	if err != nil {
		return nil, err
	}
	staff = slices.DeleteFunc(staff, func(a Agent) bool { return !a.DisabledAt.IsZero() })
	if level > 0 {
		named := mb.Promises().Levels[level-1].Tell
		if out := pick(staff, func(a Agent) bool { return slices.Contains(named, a.ID) && mayHear(a, members) }); len(out) > 0 {
			return out, nil
		}
	}
	return pick(staff, func(a Agent) bool {
		return a.Role == RoleSupervisor || level == Levels && a.Role == RoleAdmin || level == 0 && a.ID == cv.Assignee
	}), nil
}

// mayHear reports whether an agent may read the conversations of a mailbox with these members.
func mayHear(a Agent, members []Membership) bool {
	return a.Role == RoleSupervisor || a.Role == RoleAdmin ||
		Allowed(a.Role, VerbRead) && slices.ContainsFunc(members, func(m Membership) bool { return m.Agent == a.ID })
}

func pick(staff []Agent, take func(Agent) bool) []Hearer {
	out := []Hearer{}
	for _, a := range staff {
		if take(a) {
			out = append(out, Hearer{a.ID, a.Name})
		}
	}
	return out
}

func idsOf(list []Hearer) (ids []ID) {
	for _, h := range list {
		ids = append(ids, h.ID)
	}
	return ids
}

// report fills the template in.
func (s *Service) report(ctx context.Context, cv Conversation, mb Mailbox, now time.Time) (EscalationReport, error) {
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil {
		return EscalationReport{}, err
	}
	r := EscalationReport{
		Customer: cut(strings.TrimSpace(cv.Claimed.Name), 200), Issue: cv.FirstWords, Tried: attempts(events),
		Status: string(cv.Status), Urgency: orMedium(cv.Priority),
		SpentMS: Spent(mb.Calendar(), saidIn(events), now).Milliseconds(),
	}
	if r.Customer == "" {
		r.Customer = cut(cv.Claimed.Email, 200)
	}
	if cv.Subject != "" {
		r.Issue = cv.Subject
	}
	return r, nil
}

func saidIn(events []Event) (said []Said) {
	for _, e := range events {
		var p MessageCreated
		if e.Kind == p.Kind() && json.Unmarshal(e.Payload, &p) == nil {
			said = AppendSaid(said, e.At, e.Actor.Role, p.Unproven, p.Holding)
		}
	}
	return said
}

// EscalationLetter is the job that tells a hearer by mail that a level of a conversation was reached. The mail names
// neither the conversation nor anything that was said in it.
func EscalationLetter(cv ID, key string, to ID, now time.Time) (Job, error) {
	return LetterJob("escalated", string(cv)+":"+key, to, now)
}

// LetterJob is the job that writes to one of the staff, once for each about; what names the text.
func LetterJob(what, about string, to ID, now time.Time) (Job, error) {
	payload, err := json.Marshal(letterJob{Agent: to, What: what})
	if err != nil {
		return Job{}, Internal("encode a letter", err)
	}
	return Job{ID: "letter:" + what + ":" + about + ":" + string(to), Kind: JobLetter, Due: now, Payload: payload}, nil
}

// attempts are what was tried: articles that were read and what the staff answered, in order.
func attempts(events []Event) []string {
	out := []string{}
	add := func(line string) {
		if line = cut(strings.Join(strings.Fields(line), " "), 120); line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	for _, e := range events {
		switch e.Kind {
		case ArticleOpened{}.Kind():
			var p ArticleOpened
			if json.Unmarshal(e.Payload, &p) == nil {
				add(p.Title)
			}
		case MessageCreated{}.Kind():
			var p MessageCreated
			if e.Actor.Role == RoleVisitor || json.Unmarshal(e.Payload, &p) != nil {
				continue
			}
			if p.Guide != nil {
				add(p.Guide.Title["en"])
			}
			add(p.Text)
		}
	}
	return out[max(0, len(out)-maxAttempts):]
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
