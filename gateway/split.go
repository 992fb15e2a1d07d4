package gateway

import "context"

// MaxSplit is how many messages may go along into a new ticket.
const MaxSplit = 200

// ConversationSplit says that a ticket was split off another. Both staff sides and the mailbox only.
type ConversationSplit struct {
	From       ID     `json:"from"`
	FromNumber int64  `json:"from_number"`
	Into       ID     `json:"into"`
	IntoNumber int64  `json:"into_number"`
	Seq        uint64 `json:"from_seq"` // of the first message that went along, in From
}

// Split is what Store.Split carries out.
type Split struct {
	ID      ID // of the new ticket
	Source  ID
	Seq     uint64 // number of the first message that goes along
	Subject string
	By      Actor
	Clock   *ClockStart
}

// Split opens a new ticket of the same person with the messages from one of his on. Nothing moves: the source keeps
// what it has, and mail to it still lands there. Subject "" = the message's first words.
// Errors: not_found, not_assignee, invalid, conflict (split there before, or merged), conversation_closed, too_large.
func (s *Service) Split(ctx context.Context, c Caller, source ID, seq uint64, subject string) (Conversation, error) {
	cv, err := s.handled(ctx, c, source)
	if err != nil {
		return Conversation{}, err
	}
	if err := s.departAll(ctx, cv, ""); err != nil {
		return Conversation{}, err
	}
	if subject != "" {
		if err := CheckText("subject", subject, 1000); err != nil {
			return Conversation{}, err
		}
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return Conversation{}, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Conversation{}, err
	}
	sp := Split{Source: source, Seq: seq, Subject: Subject(subject), By: c.Actor, Clock: mb.ClocksFrom(cv.Priority, Account{}, now)}
	if sp.ID, err = NewID(PrefixConversation, now, s.Rand); err != nil {
		return Conversation{}, err
	}
	made, events, err := s.Store.Split(ctx, sp, now)
	if err != nil {
		return Conversation{}, err
	}
	s.publish(ctx, events...)
	s.wake()
	return made, nil
}

// Tail gives the messages of a ticket that go along when it is split at seq, and the first one's words.
// Errors: invalid (no message of the visitor, or his first), too_large.
func Tail(messages []SplitMessage, seq uint64) ([]SplitMessage, error) {
	earlier := false
	for i, m := range messages {
		if m.Event.Seq == seq && m.Event.Actor.Role == RoleVisitor && earlier {
			if len(messages)-i > MaxSplit {
				return nil, TooLarge("messages", MaxSplit)
			}
			return messages[i:], nil
		}
		earlier = earlier || m.Event.Actor.Role == RoleVisitor
	}
	return nil, Invalid("seq")
}

// SplitMessage is a message of a ticket that is split.
type SplitMessage struct {
	Event   Event
	Message Message
}
