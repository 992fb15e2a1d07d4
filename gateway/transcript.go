package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Limits of links to conversations. Source: proof-gate.md §3.15 (4).
const (
	TranscriptLife  = 7 * 24 * time.Hour
	TranscriptEvery = 24 * time.Hour // one link a conversation in this time
	MaxVisits       = 50             // browsers that one link lets try
	maxTranscript   = 1000           // newest messages that are shown
)

// Transcript is a link to one conversation. It opens nothing by itself: the text is shown after a login of Subject.
type Transcript struct {
	ID           ID // tl_…
	Conversation ID
	TokenHash    string // of what stands in the link's fragment
	Host         string // host entry whose account Subject is
	Subject      string // the only account whose login opens it; "" = no login does
	By           Actor
	MadeAt       time.Time
	Until        time.Time // zero = somebody who was asked to log in said "Not me"
	Told         bool      // set when it is made: the host is asked to tell the account's owner
}

// Visit is one browser that opened a link. The gate's changes of that browser belong to it.
type Visit struct {
	ID           ID // tv_…
	Transcript   ID
	Conversation ID
	Visitor      ID
	Browser      string
	Host         string
	Subject      string
	At           time.Time
	Until        time.Time
}

// TranscriptStore holds the links to conversations and who opened them.
type TranscriptStore interface {
	// MakeTranscript stores a link with the account that was proven in its conversation, or else the one that the host
	// signed for its browser; for a proven one it leaves the job that tells the owner.
	// Errors: not_found, forbidden (the conversation is frozen), too_many (there was one within TranscriptEvery).
	MakeTranscript(ctx context.Context, t Transcript, now time.Time) (Transcript, error)
	// Transcript reads a link, whether or not its time is over. Errors: not_found.
	Transcript(ctx context.Context, id ID) (Transcript, error)
	// TranscriptByToken finds a living link by the hash of its token. Errors: not_found.
	TranscriptByToken(ctx context.Context, hash string, now time.Time) (Transcript, error)
	// VisitTranscript stores a visit, or gives the visitor's earlier one. Errors: too_many (MaxVisits).
	VisitTranscript(ctx context.Context, v Visit, now time.Time) (Visit, error)
	// Visit reads one. Errors: not_found.
	Visit(ctx context.Context, id ID) (Visit, error)
	// OwnConversations lists the newest conversations of an account: those whose link its login would open. Frozen ones
	// are nobody's.
	OwnConversations(ctx context.Context, host, subject string, limit int) ([]Conversation, error)
	// OwnConversation reads one of them. Errors: not_found for every other.
	OwnConversation(ctx context.Context, host, subject string, id ID) (Conversation, error)
}

// Link is what somebody gets who asked for a transcript.
type Link struct {
	URL   string // the token is in its fragment
	Until time.Time
	Told  bool // the host tells the account's owner too
}

// LinkTranscript makes the link to a conversation, for its visitor or an agent of its mailbox. There is no way to send
// a text anywhere: to, if somebody names one, is refused.
//
// Errors: forbidden transcript.destination; not_found; forbidden; too_many.
func (s *Service) LinkTranscript(ctx context.Context, c Caller, cv ID, to string) (Link, error) {
	if err := s.guardRead(ctx, c, cv); err != nil {
		return Link{}, err
	}
	if to != "" {
		return Link{}, s.Guard.RefuseDestination(ctx, c.actor(), string(cv))
	}
	if c.Staff() {
		if err := c.may(VerbReply); err != nil {
			return Link{}, err
		}
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Link{}, err
	}
	id, err := NewID(PrefixLink, now, s.Rand)
	if err != nil {
		return Link{}, err
	}
	token, err := s.Guard.LinkToken(ctx, string(id))
	if err != nil {
		return Link{}, err
	}
	t, err := s.Store.MakeTranscript(ctx, Transcript{ID: id, Conversation: cv, TokenHash: linkHash(token), By: c.Actor}, now)
	if err != nil {
		return Link{}, err
	}
	s.wake()
	return Link{URL: s.linkAddress(token), Until: t.Until, Told: t.Told}, nil
}

func (s *Service) linkAddress(token string) string {
	return strings.TrimRight(s.Guard.Issuer, "/") + "/transcript#" + token
}

func linkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// LookTranscript is all that the bearer of a link learns without a login: the mailbox. It changes nothing.
// Errors: not_found for every token that is not a living link's.
func (s *Service) LookTranscript(ctx context.Context, token string) (Mailbox, error) {
	t, err := s.byLink(ctx, token)
	if err != nil {
		return Mailbox{}, err
	}
	cv, err := s.Store.Conversation(ctx, t.Conversation)
	if err != nil {
		return Mailbox{}, err
	}
	return s.Store.Mailbox(ctx, cv.Mailbox)
}

func (s *Service) byLink(ctx context.Context, token string) (Transcript, error) {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Transcript{}, err
	}
	return s.Store.TranscriptByToken(ctx, linkHash(token), now)
}

// OpenTranscript lets a browser that came with a link ask for the login. It must be a new one: its token and key are
// not those of the conversation.
//
// Errors: key.required; not_found (no such link, or no account's login opens it); those of verify.Guard.AskTranscript.
func (s *Service) OpenTranscript(ctx context.Context, c Caller, token, browser string) (Visit, verify.Row, error) {
	if s.Guard == nil {
		return Visit{}, verify.Row{}, verify.Refuse(verify.PolicyUnavailable)
	}
	t, err := s.byLink(ctx, token)
	if err != nil {
		return Visit{}, verify.Row{}, err
	}
	cv, err := s.Store.Conversation(ctx, t.Conversation)
	if err != nil {
		return Visit{}, verify.Row{}, err
	}
	if c.Staff() || c.Visitor.Key == "" || c.Visitor.ID == cv.Visitor {
		return Visit{}, verify.Row{}, KeyRequired()
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return Visit{}, verify.Row{}, err
	}
	id, err := NewID(PrefixVisit, now, s.Rand)
	if err != nil {
		return Visit{}, verify.Row{}, err
	}
	v, err := s.Store.VisitTranscript(ctx, Visit{ID: id, Transcript: t.ID, Visitor: c.Visitor.ID, Browser: browser}, now)
	if err != nil {
		return Visit{}, verify.Row{}, err
	}
	row, err := s.Guard.AskTranscript(ctx, c.actor(), string(v.ID))
	return v, row, err
}

// Told is a conversation as its owner reads it again: what both sides said, without anything of the staff's side.
type Told struct {
	Mailbox string
	Started time.Time
	Until   time.Time // then it is shown no more
	Lines   []Line
}

// Line is one message of it.
type Line struct {
	At     time.Time
	Author Role
	Name   string // the agent's; "" = the visitor, or nobody
	Text   string
}

// ReadTranscript gives the text after the login, to the browser that asked, for ten minutes.
// Errors: context.locked for everybody and everything else.
func (s *Service) ReadTranscript(ctx context.Context, c Caller, change string) (Told, error) {
	if s.Guard == nil || c.Staff() {
		return Told{}, ContextLocked()
	}
	row, until, err := s.Guard.Transcript(ctx, c.actor(), change)
	if err != nil {
		return Told{}, err
	}
	v, err := s.Store.Visit(ctx, ID(row.Conversation))
	if err != nil {
		return Told{}, err
	}
	cv, err := s.Store.Conversation(ctx, v.Conversation)
	if err != nil {
		return Told{}, err
	}
	return s.toldOf(ctx, cv, until)
}

func (s *Service) toldOf(ctx context.Context, cv Conversation, until time.Time) (Told, error) {
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return Told{}, err
	}
	lines, err := s.linesOf(ctx, cv.ID)
	return Told{Mailbox: mb.Name, Started: cv.StartedAt, Until: until, Lines: lines}, err
}

// linesOf reads the visitor's own side of a conversation, oldest first: notes and reasons are in another topic.
func (s *Service) linesOf(ctx context.Context, cv ID) ([]Line, error) {
	events, err := s.Store.EventsBefore(ctx, string(cv), 0, maxTranscript)
	if err != nil {
		return nil, err
	}
	names := map[ID]string{}
	lines := []Line{}
	for _, e := range events {
		var m MessageCreated
		if e.Kind != m.Kind() || json.Unmarshal(e.Payload, &m) != nil {
			continue
		}
		l := Line{At: e.At, Author: e.Actor.Role, Text: m.Text}
		if l.Name, err = s.nameOf(ctx, names, e.Actor.ID); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func (s *Service) nameOf(ctx context.Context, known map[ID]string, id ID) (string, error) {
	if name, ok := known[id]; ok || !id.Is(PrefixAgent) {
		return name, nil
	}
	a, err := s.Store.Agent(ctx, id)
	if CodeOf(err) == "not_found" {
		err = nil
	}
	known[id] = a.Name
	return a.Name, err
}

// visitOf lets nobody name a visit that is not his own browser's.
func (s *Service) visitOf(ctx context.Context, c Caller, id ID) error {
	v, err := s.Store.Visit(ctx, id)
	if err == nil && (c.Staff() || c.Visitor.ID == "" || v.Visitor != c.Visitor.ID) {
		err = NotFound()
	}
	return err
}

// tellTranscript asks the host to tell the owner that there is a link; the gateway knows no address that is his.
func (s *Service) tellTranscript(ctx context.Context, j Job) error {
	var p struct {
		Transcript ID `json:"transcript"`
	}
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Transcript == "" {
		return Invalid("payload")
	}
	if s.Guard == nil {
		return nil
	}
	t, err := s.Store.Transcript(ctx, p.Transcript)
	if err != nil {
		return err
	}
	token, err := s.Guard.LinkToken(ctx, string(t.ID))
	if err == nil {
		err = s.Guard.Link(ctx, t.Host, t.Subject, string(t.ID), s.linkAddress(token))
	}
	if verify.ReasonOf(err) == verify.PolicyUnavailable {
		return nil // changes are off, and with them every login that would open it
	}
	return err
}
