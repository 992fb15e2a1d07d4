package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/kb"
)

const (
	maxGaps     = 100 // that a report shows
	maxOfGap    = 5   // conversations of one gap
	maxChatted  = 40  // messages of a conversation that an article is drafted from
	maxComments = 3   // newest words of those whom an article did not help
)

// HelpReport is what the help lacks.
type HelpReport struct {
	Gaps     []HelpGap
	Findings []HelpFinding
}

// HelpGap is a question without a good answer. Chats are conversations in which an agent resolved it, newest first.
type HelpGap struct {
	kb.Gap
	Title string // of Gap.Article
	Chats []string
}

// HelpFinding is an article that needs an editor. Texts are what the visitors wrote whom it did not help, newest first,
// without personal data.
type HelpFinding struct {
	kb.Finding
	Texts []string
}

// HelpReport reports the last days of one mailbox or, with "", of all. A question that the help answers well by now is no
// gap any more. Errors: forbidden.
func (s *Service) HelpReport(ctx context.Context, c Caller, days int, mailbox ID) (out HelpReport, err error) {
	if err := c.may(VerbArticles); err != nil {
		return out, err
	}
	p, err := s.period(ctx, days, mailbox)
	if err != nil {
		return out, err
	}
	for _, g := range kb.Gaps(p.steps) {
		if len(out.Gaps) == maxGaps {
			break
		}
		if f := s.Index.Search(kb.Query{Text: g.Text, Mailbox: g.Mailbox}); f.Fits() && f.Coverage >= kb.Upper {
			continue
		}
		a, _ := s.Index.Any(g.Article)
		out.Gaps = append(out.Gaps, HelpGap{Gap: g, Title: a.Version.Title, Chats: p.resolved(g)})
	}
	return out, s.findings(ctx, p, &out)
}

// resolved gives the conversations that visitors of a gap began within a day after they had asked, and that ended resolved.
func (p period) resolved(g kb.Gap) []string {
	asked := map[string][]time.Time{}
	texts := append([]string{g.Text}, g.Wordings...)
	for _, step := range p.steps {
		if step.Kind == kb.StepSearch && slices.Contains(texts, step.Query) {
			asked[step.Visitor] = append(asked[step.Visitor], step.At)
		}
	}
	out := []string{}
	for i := len(p.chats) - 1; i >= 0 && len(out) < maxOfGap; i-- {
		chat := p.chats[i]
		near := func(at time.Time) bool { return !chat.At.Before(at) && chat.At.Sub(at) < kb.ChatWithin }
		if chat.Resolved && slices.ContainsFunc(asked[chat.Visitor], near) {
			out = append(out, chat.ID)
		}
	}
	return out
}

func (s *Service) findings(ctx context.Context, p period, out *HelpReport) error {
	all := s.Index.All()
	for _, f := range kb.Findings(kb.Deflect(p.steps, p.chats, p.now), all, p.now) {
		line := HelpFinding{Finding: f, Texts: []string{}}
		if f.Why == kb.LowRated {
			rated, err := s.Articles.Ratings(ctx, f.Article, 50)
			if err != nil {
				return err
			}
			for _, r := range rated {
				if text := s.impersonal(r.Text, nil); !r.Solved && text != "" && len(line.Texts) < maxComments {
					line.Texts = append(line.Texts, text)
				}
			}
		}
		out.Findings = append(out.Findings, line)
	}
	return nil
}

// impersonal takes personal data out of a text, line by line; a line in which the leak guard still finds something goes.
func (s *Service) impersonal(text string, names []string) string {
	var out []string
	for line := range strings.Lines(cutText(text, MaxMessage)) {
		line = strings.TrimLeft(stripped(line, names), ".,;:!?)… ") // what stood before them may be gone
		if line != "" && s.Leaks.Check(Outgoing{Text: line}).Action == LeakAllow {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// ChatArticle is an article as a resolved conversation suggests it, for a person to edit. Nothing of it is stored.
type ChatArticle struct {
	Title     string     `json:"title"`
	Phrasings []string   `json:"phrasings"`
	Body      string     `json:"body"`
	Locale    string     `json:"locale"`
	Mailbox   string     `json:"mailbox"`
	Messages  []ChatLine `json:"messages"` // what it was made of
}

// ChatLine is a message of a conversation without personal data.
type ChatLine struct {
	Agent bool   `json:"agent"`
	Text  string `json:"text"`
}

// ArticleFromChat drafts an article from a conversation that ended resolved: the visitor's question and what agents
// answered, without personal data, without notes and account facts. An editor who is not in the mailbox may do so, since
// what identifies somebody is left out. Errors: forbidden, not_found, also while it is not resolved.
func (s *Service) ArticleFromChat(ctx context.Context, c Caller, id ID) (out ChatArticle, err error) {
	if err := c.may(VerbArticles); err != nil {
		return out, err
	}
	if !id.Is(PrefixConversation) {
		return out, NotFound()
	}
	cv, err := s.Store.Conversation(ctx, id)
	if err != nil {
		return out, err
	}
	if !cv.Status.Ended() || cv.Outcome != Resolved {
		return out, NotFound()
	}
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil {
		return out, err
	}
	names := []string{cv.Claimed.Name, cv.Claimed.Email}
	for _, v := range cv.Claimed.Fields {
		names = append(names, v)
	}
	out = ChatArticle{Phrasings: []string{}, Messages: []ChatLine{}, Locale: cv.Locale, Mailbox: string(cv.Mailbox)}
	s.retell(&out, events, names)
	return out, nil
}

// retell fills a draft with what was said and searched.
func (s *Service) retell(out *ChatArticle, events []Event, names []string) {
	var answers []string
	for _, e := range events {
		var q ArticleSuggested
		if e.Kind == q.Kind() && json.Unmarshal(e.Payload, &q) == nil {
			out.ask(s.question(q.Query, names...))
		}
		var m Message
		if e.Kind != (MessageCreated{}).Kind() || len(out.Messages) == maxChatted || json.Unmarshal(e.Payload, &m) != nil {
			continue
		}
		line := ChatLine{Agent: e.Actor.Role != RoleVisitor, Text: s.impersonal(m.Text, names)}
		if line.Text == "" {
			continue
		}
		out.Messages = append(out.Messages, line)
		if line.Agent {
			answers = append(answers, line.Text)
		} else {
			out.ask(s.question(m.Text, names...))
		}
	}
	if len(out.Phrasings) > 0 {
		out.Title = cutText(out.Phrasings[0], kb.MaxTitle)
	}
	out.Body = cutText(strings.Join(answers, "\n\n"), kb.MaxBody/2)
}

// maxQuestions is how many of a visitor's sentences become phrasings of a draft.
const maxQuestions = 3

func (a *ChatArticle) ask(text string, ok bool) {
	if ok && len(a.Phrasings) < maxQuestions && !slices.Contains(a.Phrasings, text) {
		a.Phrasings = append(a.Phrasings, text)
	}
}
