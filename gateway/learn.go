package gateway

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/postern-chat/postern/kb"
)

// foundIn is among how many results of his question the article must be that a visitor says helped: who says so of
// another one teaches nothing.
const foundIn = 20

// Helping is where a step of self-help was taken.
type Helping struct {
	Page, Locale string
	Coverage     float64   // of a search
	Conversation ID        // that goes on, "" = none
	Before       []Payload // steps of the browser that belong to no conversation
}

// Helped keeps a step of a visitor's self-help for the reports, and what "solved" teaches. It is on the way of no
// answer: what fails is logged.
func (s *Service) Helped(ctx context.Context, c Caller, p Payload, at Helping) {
	step, ok := stepOf(p)
	if !ok || c.Staff() || c.Visitor.ID == "" {
		return
	}
	if step.Kind == kb.StepSolved || step.Kind == kb.StepUnsolved {
		step.Query = s.askedFor(ctx, ID(step.Articles[0]), at.Conversation, at.Before)
	}
	asked := step.Query
	step.Query, _ = s.question(asked, c.Visitor.Identity.Name)
	step.Query = cutText(step.Query, 4*kb.MaxPhrasing)
	step.Visitor, step.Mailbox, step.Page = string(c.Visitor.ID), string(c.Mailbox), at.Page
	step.Locale, step.Coverage = at.Locale, at.Coverage
	err := s.addStep(ctx, step)
	if err == nil && step.Kind == kb.StepSolved {
		err = s.learnSolved(ctx, c, step.Articles[0], asked)
	}
	if err != nil {
		s.Log.Warn("keep a step of self-help", "code", CodeOf(err))
	}
}

func (s *Service) addStep(ctx context.Context, step kb.Step) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	id, err := NewID(PrefixStep, now, s.Rand)
	if err != nil {
		return err
	}
	step.ID, step.At = string(id), now
	return s.Articles.AddStep(ctx, step)
}

// stepOf reads an event of self-help as a step.
func stepOf(p Payload) (step kb.Step, ok bool) {
	switch p := p.(type) {
	case ArticleSuggested:
		step = kb.Step{Kind: kb.StepSearch, Query: p.Query, Fits: len(p.Articles) > 0}
		for _, a := range p.Articles {
			step.Articles = append(step.Articles, string(a))
		}
		return step, p.Query != ""
	case ArticleOpened:
		return kb.Step{Kind: kb.StepRead, Query: p.Query, Articles: []string{string(p.Article)}}, true
	case ArticleRated:
		step = kb.Step{Kind: kb.StepUnsolved, Articles: []string{string(p.Article)}}
		if p.Solved {
			step.Kind = kb.StepSolved
		}
		return step, true
	}
	return kb.Step{}, false
}

// askedFor finds what the visitor had asked when he opened the article last.
func (s *Service) askedFor(ctx context.Context, article, cv ID, before []Payload) (asked string) {
	for _, p := range before {
		if o, ok := p.(ArticleOpened); ok && o.Article == article && o.Query != "" {
			asked = o.Query
		}
	}
	if cv == "" {
		return asked
	}
	events, err := s.Store.EventsBefore(ctx, string(cv), 0, maxTried)
	if err != nil {
		return asked
	}
	for _, e := range events {
		var o ArticleOpened
		if e.Kind == o.Kind() && json.Unmarshal(e.Payload, &o) == nil && o.Article == article && o.Query != "" {
			asked = o.Query
		}
	}
	return asked
}

// learnSolved proposes a visitor's question for the article that he said answered it, if searching it finds the article.
func (s *Service) learnSolved(ctx context.Context, c Caller, article, asked string) error {
	found := s.Index.Search(kb.Query{Text: asked, Mailbox: string(c.Mailbox), Limit: foundIn})
	for _, r := range found.Results {
		if r.Article == article {
			return s.propose(ctx, article, asked, kb.Source{ID: string(c.Visitor.ID), How: kb.HowSolved}, c.Visitor.Identity.Name)
		}
	}
	return nil
}

// learnSent proposes, of a conversation that ended resolved, what the visitor had said before an agent sent an article.
func (s *Service) learnSent(ctx context.Context, cv Conversation) error {
	events, err := s.Store.EventsBefore(ctx, string(cv.ID), 0, maxTried)
	if err != nil {
		return err
	}
	names := []string{cv.Claimed.Name, cv.Claimed.Email}
	for _, v := range cv.Claimed.Fields {
		names = append(names, v)
	}
	for i, e := range events {
		var m Message
		if e.Kind != (MessageCreated{}).Kind() || !e.Actor.ID.Is(PrefixAgent) || json.Unmarshal(e.Payload, &m) != nil || m.Article == "" {
			continue
		}
		last, _ := turns(events[:i])
		if err := s.propose(ctx, string(m.Article), last, kb.Source{ID: string(cv.ID), How: kb.HowSent}, names...); err != nil {
			return err
		}
	}
	return nil
}

// Teach proposes a question of the reports for an article, by hand. Errors: forbidden, not_found, invalid when too
// little of the question is left without personal data.
func (s *Service) Teach(ctx context.Context, c Caller, article, asked string) error {
	if err := c.may(VerbArticles); err != nil {
		return err
	}
	if _, ok := s.Index.Public(article); !ok {
		return NotFound()
	}
	if _, ok := s.question(asked); !ok {
		return Invalid("text")
	}
	return s.propose(ctx, article, asked, kb.Source{ID: string(c.Actor.ID), How: kb.HowAssigned})
}

// propose stores a question for a public article, without personal data; what is left must still ask something.
func (s *Service) propose(ctx context.Context, article, asked string, by kb.Source, names ...string) error {
	text, ok := s.question(asked, names...)
	if _, public := s.Index.Public(article); !ok || !public {
		return nil
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	id, err := NewID(PrefixPhrasing, now, s.Rand)
	if err != nil {
		return err
	}
	return s.Articles.Propose(ctx, kb.Phrasing{ID: string(id), Article: article, Text: text}, by, now)
}

var (
	// ownNumber is a number or a code with digits that is somebody's: an order, a phone, a plate. Years and sizes stay.
	ownNumber = regexp.MustCompile(`[#№+]?[\p{L}\p{Nd}_/.-]*\p{Nd}[\p{L}\p{Nd}_/.-]*(?:[ ]\p{Nd}[\p{L}\p{Nd}_/.-]*)*`)
	ownName   = regexp.MustCompile(`(?i)\b(?:my name is|my name's|i am called)\s+\p{L}+`)
	ownHandle = regexp.MustCompile(`(?:^|\s)@[\p{L}\p{Nd}_.]+`)
)

// question makes what a visitor asked fit to be kept and shown to editors: one line without addresses, numbers, names
// and links; nothing of it when the leak guard still finds something. ok = it is short enough for a phrasing and asks enough.
func (s *Service) question(asked string, names ...string) (text string, ok bool) {
	text = strings.TrimRight(stripped(cutText(asked, 2000), names), "… ")
	if s.Leaks.Check(Outgoing{Text: text}).Action != LeakAllow {
		return "", false
	}
	return text, utf8.RuneCountInString(text) <= kb.MaxPhrasing && kb.ContentWords(text) >= kb.MinAsked
}

// stripped takes addresses, numbers, names and links out of a text and makes one line of it.
func stripped(text string, names []string) string {
	text = modelURL.ReplaceAllString(strings.ToValidUTF8(text, ""), " ")
	text = modelMail.ReplaceAllString(text, " ")
	text = modelHost.ReplaceAllString(text, " ")
	text = ownHandle.ReplaceAllString(text, " ")
	text = ownName.ReplaceAllString(text, " ")
	text = ownNumber.ReplaceAllStringFunc(text, func(n string) string {
		digits := 0
		for _, r := range n {
			if unicode.Is(unicode.Nd, r) {
				digits++
			}
		}
		if digits < 4 {
			return n
		}
		return " "
	})
	text = withoutNames(text, names)
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }), " ")
}

// withoutNames takes the words of names out of a text.
func withoutNames(text string, names []string) string {
	mine := map[string]bool{}
	for _, n := range names {
		for _, w := range strings.FieldsFunc(strings.ToLower(n), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if utf8.RuneCountInString(w) > 1 {
				mine[w] = true
			}
		}
	}
	if len(mine) == 0 {
		return text
	}
	list := strings.Fields(text)
	kept := list[:0]
	for _, w := range list {
		letters := strings.FieldsFunc(strings.ToLower(w), func(r rune) bool { return !unicode.IsLetter(r) })
		if len(letters) == 0 || !mine[letters[0]] { // also "Ada's"
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// maxSteps is how many steps a report reads.
const maxSteps = 200_000

// Deflection counts what became of self-help in the last days, of one mailbox or, with "", of all. Errors: forbidden.
func (s *Service) Deflection(ctx context.Context, c Caller, days int, mailbox ID) (kb.Deflected, error) {
	if err := c.may(VerbArticles); err != nil {
		return kb.Deflected{}, err
	}
	p, err := s.period(ctx, days, mailbox)
	return kb.Deflect(p.steps, p.chats, p.now), err
}

// period is what visitors did in the help in some days until now.
type period struct {
	steps []kb.Step
	chats []kb.Chat
	now   time.Time
}

// period reads the last days of one mailbox or, with "", of all.
func (s *Service) period(ctx context.Context, days int, mailbox ID) (p period, err error) {
	if p.now, err = s.Store.Now(ctx); err != nil {
		return p, err
	}
	from := p.now.AddDate(0, 0, -days)
	if p.steps, err = s.Articles.Steps(ctx, from, p.now, maxSteps); err != nil {
		return p, err
	}
	if mailbox != "" {
		p.steps = slices.DeleteFunc(p.steps, func(step kb.Step) bool { return step.Mailbox != string(mailbox) })
	}
	p.chats, err = s.Articles.Chats(ctx, from, p.now)
	return p, err
}
