package web

import (
	"time"

	"github.com/postern-chat/postern/gateway"
)

// ms gives unix milliseconds, 0 for the zero time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// conversationView is a conversation as its visitor sees it: no reason, no queue of others, no staff id.
type conversationView struct {
	ID        gateway.ID          `json:"id"`
	Mailbox   gateway.ID          `json:"mailbox"`
	Channel   gateway.ChannelName `json:"channel"`
	Status    gateway.Status      `json:"status"`
	Outcome   gateway.Outcome     `json:"outcome,omitempty"`
	Number    int64               `json:"number,omitempty"`
	Subject   string              `json:"subject,omitempty"`
	Agent     *nameView           `json:"agent,omitempty"`
	Seq       uint64              `json:"seq"`
	StartedAt int64               `json:"started_at"`
	Place     *int                `json:"place,omitempty"`
	Rating    *ratingView         `json:"rating,omitempty"`
	Frozen    bool                `json:"frozen,omitempty"`
	First     string              `json:"first_words,omitempty"`
	LastAt    int64               `json:"last_message_at,omitempty"`
}

type nameView struct {
	Name string `json:"name"`
}

type ratingView struct {
	Stars int    `json:"stars"`
	Text  string `json:"text,omitempty"`
}

func visitorView(cv gateway.Conversation, agent string) conversationView {
	v := conversationView{
		ID: cv.ID, Mailbox: cv.Mailbox, Channel: cv.Channel, Status: cv.Status, Outcome: cv.Outcome,
		Number: cv.Number, Subject: cv.Subject, Seq: cv.Seq, StartedAt: ms(cv.StartedAt), Frozen: cv.Frozen,
		First: cv.FirstWords, LastAt: ms(cv.LastMessageAt),
	}
	if agent != "" {
		v.Agent = &nameView{agent}
	}
	if cv.Rating.Stars > 0 {
		v.Rating = &ratingView{cv.Rating.Stars, cv.Rating.Text}
	}
	return v
}

// rowView is a conversation as staff sees it.
type rowView struct {
	conversationView
	Assignee   gateway.ID      `json:"assignee,omitempty"`
	Offer      *offerView      `json:"offer,omitempty"`
	QueuedAt   int64           `json:"queued_at,omitempty"`
	MissedAt   int64           `json:"missed_at,omitempty"`
	ClaimedAt  int64           `json:"claimed_at,omitempty"`
	ClosedAt   int64           `json:"closed_at,omitempty"`
	LastAuthor gateway.Role    `json:"last_author,omitempty"`
	HoldingAt  int64           `json:"holding_at,omitempty"` // last holding reply
	Type       string          `json:"type,omitempty"`       // id of its ticket type
	MinRole    gateway.Role    `json:"min_role,omitempty"`   // lowest that may hold it
	Origin     gateway.Origin  `json:"origin,omitempty"`     // the web is not said
	Reason     string          `json:"reason,omitempty"`
	Page       string          `json:"page,omitempty"`
	Browser    string          `json:"browser,omitempty"`
	Locale     string          `json:"locale,omitempty"`
	Claimed    gateway.Claimed `json:"claimed"`
	Visitor    gateway.ID      `json:"visitor,omitempty"`
	StaffSeq   uint64          `json:"staff_seq,omitempty"`
	// 1 high, 3 low; medium is not said.
	Priority gateway.Priority `json:"priority,omitempty"`
	// Until when the ticket sleeps, unix ms.
	SnoozedUntil int64 `json:"snoozed_until,omitempty"`
	// The clock that runs out next; nil = not said, empty = none runs.
	Clock *clockView `json:"clock,omitempty"`
	// How the browser's person is known; only where one conversation is shown. No name: that is account data.
	Identity *identityView `json:"identity,omitempty"`
}

type identityView struct {
	How string `json:"how"` // typed, signed, proven; "" = not at all
}

type offerView struct {
	Agent gateway.ID `json:"agent"`
	Until int64      `json:"until"`
	Ring  int        `json:"ring"`
}

func staffView(cv gateway.Conversation) rowView {
	r := rowView{
		conversationView: visitorView(cv, ""),
		Assignee:         cv.Assignee, QueuedAt: ms(cv.QueuedAt), MissedAt: ms(cv.MissedAt), ClaimedAt: ms(cv.ClaimedAt),
		ClosedAt: ms(cv.ClosedAt), LastAuthor: cv.LastAuthor, Reason: cv.Reason, Page: cv.Page, Browser: cv.Browser,
		Locale: cv.Locale, Claimed: cv.Claimed, Visitor: cv.Visitor, StaffSeq: cv.StaffSeq, SnoozedUntil: ms(cv.SnoozedUntil),
	}
	r.HoldingAt, r.Type, r.MinRole = ms(cv.HoldingAt), cv.Type, cv.MinRole
	if from := cv.Origin(); from != gateway.FromWeb {
		r.Origin = from
	}
	if cv.Priority != gateway.Medium {
		r.Priority = cv.Priority
	}
	if cv.Offer.Agent != "" {
		r.Offer = &offerView{cv.Offer.Agent, ms(cv.Offer.Until), cv.Offer.Ring}
	}
	return r
}

// agentView is a colleague as staff sees him.
type agentView struct {
	ID        gateway.ID       `json:"id"`
	Name      string           `json:"name"`
	Role      gateway.Role     `json:"role"`
	Email     string           `json:"email,omitempty"`
	Capacity  int              `json:"capacity"`
	Active    int              `json:"active"`
	Chosen    bool             `json:"chosen"`
	PausedFor string           `json:"paused_for,omitempty"`
	Disabled  bool             `json:"disabled,omitempty"`
	Inactive  int64            `json:"inactive,omitempty"`   // unix ms, since
	AwayFrom  int64            `json:"away_from,omitempty"`  // unix ms
	AwayUntil int64            `json:"away_until,omitempty"` // unix ms
	Presence  gateway.Presence `json:"presence,omitempty"`
	Tags      []string         `json:"tags,omitempty"`      // ids or names of ticket types
	Languages []string         `json:"languages,omitempty"` // as en or pt-BR
	Version   int64            `json:"version"`
}

func viewAgent(a gateway.Agent) agentView {
	return agentView{
		ID: a.ID, Name: a.Name, Role: a.Role, Email: a.Email, Capacity: a.Capacity, Active: a.Active, Chosen: a.Chosen,
		PausedFor: a.PausedFor, Disabled: !a.DisabledAt.IsZero(),
		Inactive: ms(a.InactiveAt), AwayFrom: ms(a.AwayFrom), AwayUntil: ms(a.AwayUntil), Version: a.Version,
		Tags: a.Tags, Languages: a.Languages,
	}
}

// heldView is a message that the leak guard held. The text is there for its author and whoever may release it.
type heldView struct {
	ID     gateway.ID         `json:"id"`
	Author gateway.ID         `json:"author"`
	Kinds  []gateway.LeakKind `json:"kinds"`
	At     int64              `json:"at"`
	Text   string             `json:"text,omitempty"`
	Files  []gateway.FileRef  `json:"files,omitempty"`
}

func viewHeld(list []gateway.Held) []heldView {
	out := make([]heldView, 0, len(list))
	for _, h := range list {
		out = append(out, heldView{
			ID: h.Message.ID, Author: h.Author.ID, Kinds: h.Kinds, At: ms(h.At), Text: h.Message.Text, Files: h.Message.Files,
		})
	}
	return out
}
