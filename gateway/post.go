package gateway

import (
	"context"
	"time"
)

// posting is one message on its way through guard and store.
type posting struct {
	ctx context.Context
	c   Caller
	in  Send
	to  Poster
	v   Verdict
	try int
}

// Post stores a message without waiting for it: to is told after the commit, and among the events of its topic in the
// right place. Messages of one conversation and caller are stored in the order in which they were posted, except for
// an agent's: whoever posts waits for his last one there. Otherwise it does what SendMessage says.
func (s *Service) Post(ctx context.Context, c Caller, in Send, to Poster) {
	s.post(&posting{ctx: ctx, c: c, in: in, to: to, try: 1})
}

func (s *Service) post(p *posting) {
	sent, queued, err := s.submit(p)
	if !queued {
		p.to.Posted(sent, err)
	}
}

// submit judges a message and queues it, or holds it.
func (s *Service) submit(p *posting) (sent Sent, queued bool, err error) {
	if err := p.in.check(); err != nil {
		return Sent{}, false, err
	}
	if p.c.Staff() {
		if err := p.c.may(VerbReply); err != nil {
			return Sent{}, false, err
		}
	} else if len(p.in.Cc) > 0 {
		return Sent{}, false, Invalid("cc")
	} else if p.in.Continue {
		return Sent{}, false, Invalid("continue")
	}
	cv, err := s.talk(p.ctx, p.c, p.in)
	if err != nil {
		return Sent{}, false, err
	}
	if p.c.Staff() {
		if err := s.departAll(p.ctx, cv, p.in.ClientID); err != nil {
			return Sent{}, false, err
		}
	}
	a, v, err := s.messageAppend(p.ctx, p.c, cv, p.in)
	if err != nil {
		return Sent{}, false, err
	}
	if v.Action == LeakHold || v.Action == LeakBlock {
		if p.in.Epoch != nil {
			return Sent{}, false, RightsConflict() // nothing compares them there
		}
		sent, err := s.hold(p.ctx, p.c, a, v)
		return sent, false, err
	}
	p.v, a.Back = v, p
	err = s.Store.Submit(p.ctx, a, s)
	return Sent{}, err == nil, err
}

// Committed implements Committed: it tells everybody what a batch has stored, all of it at once.
func (s *Service) Committed(batch []Stored) {
	out := make([]Emitted, 0, len(batch))
	for _, st := range batch {
		p := st.Append.Back.(*posting)
		if st.Err != nil {
			s.refused(p, st)
			continue
		}
		if st.Held != nil {
			p.to.Posted(heldAgain(st.Append, *st.Held))
			continue
		}
		if err := repeated(st.Append, st.Event); err != nil {
			p.to.Posted(Sent{}, err)
			continue
		}
		out = s.accepted(out, p, st)
	}
	s.emit(out)
	for i := range batch {
		if st := &batch[i]; st.Err == nil && !st.Again && st.Held == nil {
			st.Row.Seq = st.Event.Seq
			s.touch(context.Background(), st.Mailbox, st.Append.Conversation, &st.Row)
		}
		for _, e := range batch[i].More {
			if ID(e.Topic).Is(PrefixMailbox) {
				s.touchOf(context.Background(), e)
			}
		}
	}
}

// accepted notes a stored message and gives what is to be emitted of it.
func (s *Service) accepted(out []Emitted, p *posting, st Stored) []Emitted {
	if p.c.Staff() {
		s.Rights.keep(st.Row)
	}
	if st.Append.Judged && !st.Again {
		s.remember(st.Append, st.Event)
	}
	for _, e := range st.More {
		out = append(out, Emitted{Hint: hintOf(e)})
	}
	sent := Sent{Event: st.Event}
	if p.v.Action == LeakRedact {
		sent.Text = p.v.Text
	}
	return append(out, Emitted{Hint: hintOf(st.Event), By: p.to, Sent: sent})
}

// refused judges a message anew because another agent's came between, or tells who posted it.
func (s *Service) refused(p *posting, st Stored) {
	switch {
	case SaidMore(st.Err):
		s.Tails.forget(st.Append.Conversation)
		if p.try < sendTries {
			p.try++
			go s.post(p)
			return
		}
	case RightsMoved(st.Err):
		s.Rights.moved(st.Append.Conversation)
	}
	p.to.Posted(Sent{}, st.Err)
}

// posted waits for the end of a posting.
type posted chan postedEnd

type postedEnd struct {
	sent Sent
	err  error
}

// Posted implements Poster.
func (p posted) Posted(sent Sent, err error) { p <- postedEnd{sent, err} }

// SendMessage stores a message and gives its event after the commit; the same ClientID again gives the same
// event, with another content it is a conflict. An agent's first reply claims a queued conversation. In a ticket an agent's message is also a mail.
// What an agent writes goes through the leak guard first: held, it is stored on the staff's side and no mail is made.
// Errors: invalid, too_large, not_found, not_assignee, at_capacity, conversation_closed.
func (s *Service) SendMessage(ctx context.Context, c Caller, in Send) (Sent, error) {
	to := make(posted, 1)
	s.Post(ctx, c, in, to)
	end := <-to
	return end.sent, end.err
}

// moment stamps a message.
func (s *Service) moment(ctx context.Context) (time.Time, error) { return s.Store.Moment(ctx) }
