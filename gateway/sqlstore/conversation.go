package sqlstore

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// StartConversation implements gateway.ConversationStore. A command that was carried out before gives its
// conversation and no events.
func (s *Store) StartConversation(ctx context.Context, in gateway.Start, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	id := in.ID
	events, err := s.change(ctx, "start a conversation", now, func(x *tx) error {
		stored, err := x.start(in)
		if err == nil && !stored {
			err = x.row(qByCommand, string(in.Visitor), in.CommandID).Scan(&id)
		}
		return err
	})
	if err != nil {
		return gateway.Conversation{}, nil, err
	}
	c, err := s.Conversation(ctx, id)
	return c, events, err
}

const qByCommand = `SELECT id FROM conversations WHERE visitor = $1 AND command_id = $2`

// start stores a new conversation with its first events; stored false means that it was there already.
func (x *tx) start(in gateway.Start) (stored bool, err error) {
	c := gateway.Conversation{
		ID: in.ID, Mailbox: in.Mailbox, Visitor: in.Visitor, Channel: gateway.ByChat, Status: gateway.Queued, Round: 1,
		StartedAt: x.now, QueuedAt: x.now, MissedAt: x.now.Add(in.Missed), LastMessageAt: x.now,
		Page: in.Page, Browser: in.Browser, Locale: in.Locale, Claimed: in.Claimed, Priority: in.Priority,
		Type: in.Type, MinRole: in.MinRole, ServedBy: in.Sticky,
	}
	if c.Priority == 0 {
		c.Priority = gateway.Medium
	}
	if in.First != nil {
		spoke(&c, gateway.RoleVisitor, in.First.Text, x.now)
	}
	if in.Ticket {
		c.Channel, c.Status, c.Subject, c.Round = gateway.ByEmail, gateway.Open, in.Subject, 0
		c.QueuedAt, c.MissedAt = time.Time{}, time.Time{}
		if in.CommandID != "" { // a repetition takes no number
			var id gateway.ID
			if err := x.row(qByCommand, string(in.Visitor), in.CommandID).Scan(&id); err == nil {
				return false, nil
			}
		}
		if c.Number, err = x.ticket(); err != nil {
			return false, err
		}
	}
	if stored, err = x.insert(c, in.CommandID); err != nil || !stored {
		return false, err
	}
	if err := x.beginning(c, in); err != nil {
		return false, err
	}
	if err := x.claimed(c); err != nil {
		return false, err
	}
	if err := x.promised(c.ID, in.Clock); err != nil {
		return false, err
	}
	if err := x.enqueueAll(in.Jobs); err != nil {
		return false, err
	}
	if in.Ticket {
		err = x.ticketOpened(c, visitorOf(c), "form")
	} else {
		err = x.queued(c, visitorOf(c), false)
	}
	if err == nil && in.From != "" {
		err = x.continued(c, in.From)
	}
	return true, err
}

// claimed leaves the word for the host that an e-mail was typed in a widget. Who writes a mail claims nothing by it.
func (x *tx) claimed(c gateway.Conversation) error {
	if c.Claimed.Email == "" || c.Visitor == "" {
		return nil
	}
	id := "claimed:" + string(c.ID) + ":" + strconv.FormatInt(ms(x.now), 10)
	return x.enqueue(gateway.Job{ID: id, Kind: gateway.JobClaimed, Due: x.now, Payload: conversationJob(c.ID)})
}

func visitorOf(c gateway.Conversation) gateway.Actor {
	return gateway.Actor{Role: gateway.RoleVisitor, ID: c.Visitor}
}

// beginning emits what a new history says before it waits for anybody.
func (x *tx) beginning(c gateway.Conversation, in gateway.Start) error {
	by := visitorOf(c)
	started := gateway.ConversationStarted{
		Mailbox: c.Mailbox, Page: c.Page, Browser: c.Browser, Locale: c.Locale, Claimed: c.Claimed,
	}
	for _, p := range append([]gateway.Payload{started}, in.Context...) {
		if err := x.emit(string(c.ID), by, p); err != nil {
			return err
		}
	}
	if in.First == nil {
		return nil
	}
	_, err := x.emitWith(string(c.ID), by, gateway.MessageCreated{Message: *in.First}, in.First.ClientID)
	return err
}

// queued emits that a row waits now, and leaves the job of its deadline.
func (x *tx) queued(c gateway.Conversation, by gateway.Actor, back bool) error {
	p := gateway.ConversationQueued{
		Mailbox: c.Mailbox, Round: c.Round, QueuedAt: ms(c.QueuedAt), MissedAt: ms(c.MissedAt), Back: back,
	}
	if err := x.tell(c, by, p); err != nil {
		return err
	}
	id := "missed:" + string(c.ID) + ":" + strconv.Itoa(c.Round)
	return x.enqueue(gateway.Job{ID: id, Kind: gateway.JobMissed, Due: c.MissedAt, Payload: conversationJob(c.ID)})
}

func (x *tx) ticketOpened(c gateway.Conversation, by gateway.Actor, why string) error {
	return x.tell(c, by, gateway.TicketOpened{Number: c.Number, Subject: c.Subject, Why: why, To: masked(c.Claimed.Email)})
}

// masked shows enough of an address to recognise it: its first letter and the domain.
func masked(email string) string {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" {
		return ""
	}
	return string([]rune(local)[:1]) + "•••@" + domain
}

// Conversation implements gateway.ConversationStore.
func (s *Store) Conversation(ctx context.Context, id gateway.ID) (gateway.Conversation, error) {
	return one(ctx, s, scanConversation, qConversation, string(id))
}

// Conversations implements gateway.ConversationStore.
func (s *Store) Conversations(ctx context.Context, f gateway.ConversationFilter) ([]gateway.Conversation, error) {
	query, args := filterQuery(f)
	return all(ctx, s, scanConversation, query, args...)
}

// filter builds the WHERE of a list.
type filter struct {
	where []string
	args  []any
}

// add takes a condition with ? where its values go.
func (f *filter) add(cond string, args ...any) {
	for _, a := range args {
		f.args = append(f.args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(f.args)), 1)
	}
	f.where = append(f.where, cond)
}

func (f *filter) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	f.add(column+" IN (?"+strings.Repeat(",?", len(values)-1)+")", args...)
}

func filterQuery(f gateway.ConversationFilter) (string, []any) {
	var w filter
	w.in("id", texts(f.IDs))
	w.add("deleted_at = 0")
	w.in("mailbox", texts(f.Mailboxes))
	w.in("status", texts(f.Statuses))
	for column, v := range map[string]string{"visitor": string(f.Visitor), "assignee": string(f.Assignee), "channel": string(f.Channel)} {
		if v != "" {
			w.add(column+" = ?", v)
		}
	}
	switch f.Outcome {
	case "":
	case gateway.Missed: // the first phase's end; the ticket goes on
		w.add("missed_why <> ''")
	default:
		w.add("outcome = ?", string(f.Outcome))
	}
	if f.Unassigned {
		w.add("assignee = ''")
	}
	if f.Late {
		w.add(lateNow)
	}
	if f.Risk {
		w.add(riskNow)
	}
	if f.OurTurn {
		w.add("last_author = 'visitor'")
	}
	if f.Type != "" {
		w.add("type = ?", f.Type)
	}
	if f.Snoozed {
		w.add("snoozed_until > 0")
	}
	if f.Awake {
		w.add("snoozed_until = 0")
	}
	if f.Text != "" {
		like := "%" + likeEscape(f.Text) + "%"
		w.add(`(lower(subject) LIKE lower(?) ESCAPE '\' OR lower(first_words) LIKE lower(?) ESCAPE '\' OR CAST(number AS TEXT) = ?)`,
			like, like, strings.TrimPrefix(f.Text, "#"))
	}
	if !f.Before.IsZero() {
		w.add("last_message_at < ?", ms(f.Before))
	}
	limit := f.Limit
	if limit <= 0 || limit > 200 {
		limit = 200
	}
	where := ""
	if len(w.where) > 0 {
		where = "WHERE " + strings.Join(w.where, " AND ")
	}
	order := " ORDER BY last_message_at DESC, id DESC LIMIT "
	if f.OurTurn {
		order = " ORDER BY last_message_at, id LIMIT "
	}
	return qConversations + where + order + strconv.Itoa(limit), w.args
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

// likeEscape keeps a searched text's own % and _ from meaning anything.
func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// CloseConversation implements gateway.ConversationStore.
func (s *Store) CloseConversation(ctx context.Context, id gateway.ID, by gateway.Actor, o gateway.Outcome, reason string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "close a conversation", now, func(x *tx) error {
		c, err := x.lock(id)
		if err != nil {
			return err
		}
		if c.Status.Ended() {
			return gateway.ConversationClosed()
		}
		return x.end(&c, by, o, reason)
	})
}

// end closes a locked row that has not ended.
func (x *tx) end(c *gateway.Conversation, by gateway.Actor, o gateway.Outcome, reason string) error {
	if _, err := x.lockAgents(seat(*c)); err != nil {
		return err
	}
	if err := x.leave(c, by, "withdrawn"); err != nil {
		return err
	}
	if err := x.woken(c, by, "closed"); err != nil {
		return err
	}
	c.Status, c.Outcome, c.Reason, c.ClosedAt = gateway.Closed, o, reason, x.now
	if err := x.save(c); err != nil {
		return err
	}
	if err := x.dropHeld(c.ID); err != nil {
		return err
	}
	if err := x.revoke(c.ID, by); err != nil {
		return err
	}
	return x.tell(*c, by, gateway.ConversationEnded{Outcome: o, Reason: reason})
}

// OpenTicket implements gateway.ConversationStore.
func (s *Store) OpenTicket(ctx context.Context, id gateway.ID, by gateway.Actor, subject, why string, now time.Time) (gateway.Conversation, []gateway.Event, error) {
	events, err := s.change(ctx, "open a ticket", now, func(x *tx) error {
		c, err := x.lock(id)
		switch {
		case err != nil:
			return err
		case c.Number > 0:
			return gateway.Conflict()
		case c.Status.Ended():
			return gateway.ConversationClosed()
		}
		if err := x.becomeTicket(&c, by, subject); err != nil {
			return err
		}
		return x.ticketOpened(c, by, why)
	})
	if err != nil {
		return gateway.Conversation{}, nil, err
	}
	c, err := s.Conversation(ctx, id)
	return c, events, err
}

// becomeTicket gives a locked chat its number and ends its live changes. The assignee stays.
func (x *tx) becomeTicket(c *gateway.Conversation, by gateway.Actor, subject string) error {
	if _, err := x.lockAgents(seat(*c)); err != nil {
		return err
	}
	if err := x.leave(c, by, "withdrawn"); err != nil {
		return err
	}
	var err error
	if c.Number, err = x.ticket(); err != nil {
		return err
	}
	c.Channel, c.Subject, c.Status = gateway.ByEmail, subject, turn(*c)
	if err := x.save(c); err != nil {
		return err
	}
	return x.revoke(c.ID, by)
}

// Rate implements gateway.ConversationStore.
func (s *Store) Rate(ctx context.Context, id gateway.ID, r gateway.Rating, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "rate", now, func(x *tx) error {
		c, err := x.lock(id)
		switch {
		case err != nil:
			return err
		case !c.Status.Ended():
			return gateway.InvalidState(string(c.Status))
		case now.Sub(c.ClosedAt) > gateway.RateWithin:
			return gateway.Gone()
		}
		news := r.Low() && !c.Rating.Low()
		c.Rating = r
		if err := x.save(&c); err != nil {
			return err
		}
		p := gateway.ConversationRated{Stars: r.Stars, Text: r.Text}
		if err := x.tell(c, visitorOf(c), p); err != nil || !news {
			return err
		}
		return x.alert(c.ID, visitorOf(c), p, "rated", string(c.ID), r.Tell)
	})
}

// alert tells each of these agents of an event about a conversation, in his topic and by a letter that says what; about
// names the occasion: of one each hears once by mail.
func (x *tx) alert(cv gateway.ID, by gateway.Actor, p gateway.Payload, what, about string, to []gateway.ID) error {
	for _, id := range sorted(to...) {
		if err := x.emitAbout(string(id), cv, by, p); err != nil {
			return err
		}
		j, err := gateway.LetterJob(what, about, id, x.now)
		if err == nil {
			err = x.enqueue(j)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SetEmail implements gateway.ConversationStore. Staff reads the typed name in the staff topic.
func (s *Store) SetEmail(ctx context.Context, id gateway.ID, email string, now time.Time) ([]gateway.Event, error) {
	return s.change(ctx, "store a typed address", now, func(x *tx) error {
		c, err := x.lock(id)
		switch {
		case err != nil:
			return err
		case c.Number > 0:
			return gateway.Conflict()
		case c.Status.Ended():
			return gateway.ConversationClosed()
		}
		c.Claimed.Email = email
		if err := x.save(&c); err != nil {
			return err
		}
		if err := x.claimed(c); err != nil {
			return err
		}
		return x.emit(id.Staff(), visitorOf(c), gateway.IdentityClaimed{How: "typed", Name: c.Claimed.Name, Email: email})
	})
}
