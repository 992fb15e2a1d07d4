package sqlstore

import (
	"github.com/postern-chat/postern/gateway"
)

const (
	qContinue  = `INSERT INTO continuations (conversation, ticket, at) VALUES ($1,$2,$3)`
	qContinued = `SELECT COUNT(*) FROM continuations WHERE ticket = $1`
)

// continued ties a conversation that was just stored to the ticket whose link led to it, or to where that goes on now,
// and tells both staff sides. The ticket itself does not move.
func (x *tx) continued(c gateway.Conversation, ticket gateway.ID) error {
	last, err := x.lastOf(ticket)
	if err != nil {
		return err
	}
	from, err := scanConversation(x.row(qConversation, string(last)))
	if gateway.CodeOf(err) == "not_found" {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	var n int
	if err := x.row(qContinued, string(from.ID)).Scan(&n); err != nil || n >= gateway.MaxContinued {
		return err
	}
	if _, err := x.exec(qContinue, string(c.ID), string(from.ID), ms(x.now)); err != nil {
		return err
	}
	return x.tellBoth(c, from, visitorOf(c), gateway.ConversationContinued{
		From: from.ID, FromNumber: from.Number, Into: c.ID, IntoNumber: c.Number,
	})
}
