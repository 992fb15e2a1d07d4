package gateway

import (
	"context"
	"encoding/json"
	"net/url"
)

// Sent is what became of a message: stored, or kept back by the leak guard.
type Sent struct {
	Event Event
	Held  *Held  // not nil: nobody but the staff has it
	Text  string // what was stored where it differs from what was written: masked by the guard
}

// sendTries is how often a message is judged anew because another agent's message came between.
const sendTries = 5

// answer adds to an agent's message what only the staff's have: the name, a guide, the guard's verdict, the mail.
func (s *Service) answer(ctx context.Context, c Caller, cv Conversation, in Send, m *Message, a *Append) (v Verdict, err error) {
	m.Name, m.Holding, m.Continue, a.MustAgent = c.Name, in.Holding, in.Continue, c.Actor.ID
	if in.Continue {
		if err := s.mayContinue(cv); err != nil {
			return Verdict{}, err
		}
	}
	if m.Guide, err = s.guideFor(ctx, cv.Mailbox, in.Guide); err != nil {
		return Verdict{}, err
	}
	a.Judged = true
	if v, a.Said, err = s.judge(ctx, cv, *m, in.Epoch); err != nil {
		return Verdict{}, err
	}
	unproven, err := s.unprovenFiles(ctx, cv, *m)
	if err != nil {
		return Verdict{}, err
	}
	if unproven {
		v.add(LeakFile, LeakHold)
	}
	switch v.Action {
	case LeakHold, LeakBlock:
		return v, nil
	case LeakRedact:
		m.Text, m.Nodes = v.Text, s.Markdown(v.Text)
	}
	cc, err := s.copied(ctx, cv, in.Cc)
	if err != nil {
		return Verdict{}, err
	}
	a.Mail, err = s.compose(ctx, cv, c.Name, *m, cc, a.At)
	return v, err
}

// judge asks the leak guard about an agent's message. said is the number of the newest agent message that it was
// judged with: the append refuses if another came between.
//
// What the guard may excuse is read only when it found something, or when a link stands in the text: a harmless
// message costs no read but the first of its conversation.
func (s *Service) judge(ctx context.Context, cv Conversation, m Message, epoch *int64) (v Verdict, said uint64, err error) {
	tail, err := s.tail(ctx, cv.ID)
	if err != nil {
		return Verdict{}, 0, err
	}
	out := Outgoing{Text: m.Text, Before: tail.texts}
	for _, f := range m.Files {
		if !f.Library { // what is public is no leak
			out.Names = append(out.Names, f.Name)
		}
	}
	quiet := false
	if out.Loaded, quiet, err = s.side(ctx, cv, epoch); err != nil {
		return Verdict{}, 0, err
	}
	if v = s.Leaks.Check(out); v.Action == LeakAllow && !s.Leaks.HasLink(m.Text) {
		return v, tail.said, nil
	}
	if epoch != nil { // what excuses is never remembered
		if cv, err = s.Store.Conversation(ctx, cv.ID); err != nil {
			return Verdict{}, 0, err
		}
	}
	if err := s.excuses(ctx, cv, &out); err != nil {
		return Verdict{}, 0, err
	}
	if out.Known, err = s.proven(ctx, cv); err != nil {
		return Verdict{}, 0, err
	}
	v = s.Leaks.Check(out)
	v.Quiet = quiet
	return v, tail.said, nil
}

// tail gives the last agent messages of a conversation, remembered or read.
func (s *Service) tail(ctx context.Context, cv ID) (leakTailOf, error) {
	if t, ok := s.Tails.get(cv); ok {
		return t, nil
	}
	events, err := s.Store.Said(ctx, string(cv), LeakWindow)
	if err != nil {
		return leakTailOf{}, err
	}
	var t leakTailOf
	for _, e := range events {
		var m Message
		if err := json.Unmarshal(e.Payload, &m); err != nil {
			return leakTailOf{}, Internal("read a message", err)
		}
		t = t.add(visibleText(m), e.Seq)
	}
	s.Tails.put(cv, t)
	return t, nil
}

// visibleText is what a visitor reads of a message.
func visibleText(m Message) string {
	text := m.Text
	for _, f := range m.Files {
		text += " " + f.Name
	}
	return text
}

// remember adds a stored message to the tail that it was judged with.
func (s *Service) remember(a Append, e Event) {
	if t, ok := s.Tails.get(a.Conversation); ok && t.said == a.Said && e.Seq > a.Said {
		s.Tails.put(a.Conversation, t.add(visibleText(a.Payload.(MessageCreated).Message), e.Seq))
	}
}

// excuses reads what may be said in a conversation: the visitor's own words, the mailbox's and the site's.
func (s *Service) excuses(ctx context.Context, cv Conversation, out *Outgoing) error {
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return err
	}
	out.Public = []string{mb.Name, mb.Address, mb.Greeting, mb.Signature}
	out.Sites = s.sites(mb)
	out.Typed = []string{cv.Claimed.Name, cv.Claimed.Email}
	for _, v := range cv.Claimed.Fields {
		out.Typed = append(out.Typed, v)
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil {
		return err
	}
	for _, e := range events {
		var m Message
		if e.Kind == (MessageCreated{}).Kind() && e.Actor.Role == RoleVisitor && json.Unmarshal(e.Payload, &m) == nil && !m.Unproven {
			out.Typed = append(out.Typed, m.Text)
		}
	}
	if s.Index != nil {
		out.Articles = func(piece string) []string { return s.Index.Containing(piece, 3) }
	}
	return nil
}

// sites gives the hosts that a link may lead to without a look: the site's, and ours.
func (s *Service) sites(mb Mailbox) []string {
	addresses := append([]string(nil), mb.Origins...)
	if s.Guard != nil {
		addresses = append(addresses, s.Guard.Issuer)
	}
	if s.Policy != nil {
		p, _ := s.Policy() // with an error the hosts are given all the same
		if h, ok := p.Host(mb.Host); ok {
			addresses = append(addresses, h.Site, h.Recovery, h.VerifyURL)
		}
	}
	var out []string
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil && u.Hostname() != "" {
			out = append(out, u.Hostname())
		}
	}
	return out
}

// Harmless reports whether the leak guard finds nothing in words that reach visitors beside messages: a reason, a name.
func (s *Service) Harmless(text string) bool {
	return s.Leaks.Check(Outgoing{Text: text}).Action == LeakAllow
}
