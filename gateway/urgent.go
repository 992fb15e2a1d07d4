package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Bounds of a mailbox's words that go to management at once, and how long this node works with those that it has read.
const (
	maxAtOnce   = 50
	maxAtOnceOf = 100 // bytes of one
	atOnceFor   = 5 * time.Second
)

// DefaultAtOnce are the words of a visitor that go to management at once where a mailbox has none of its own: he means
// to leave, or takes legal steps. To cancel an order is everyday work. Source: product.md P93.
func DefaultAtOnce() []string {
	return []string{
		"cancel my subscription", "cancel my account", "cancel my contract", "cancel my membership", "cancel my plan",
		"cancel our subscription", "cancel our account", "cancel our contract", "cancel our plan",
		"lawyer", "lawyers", "attorney", "solicitor", "legal action", "legal steps", "lawsuit", "sue you", "take you to court",
	}
}

// atOnce are the words that count: the mailbox's own, or the product's. Own ones that are empty switch it off.
func (s SLA) atOnce() []string {
	switch {
	case s.Off:
		return nil
	case s.AtOnce == nil:
		return DefaultAtOnce()
	}
	return s.AtOnce
}

func (s SLA) checkAtOnce() error {
	if len(s.AtOnce) > maxAtOnce {
		return TooLarge("sla.at_once", maxAtOnce)
	}
	for _, w := range s.AtOnce {
		if CheckText("sla.at_once", w, maxAtOnceOf) != nil || strings.TrimSpace(plainWords(w)) == "" {
			return Invalid("sla.at_once")
		}
	}
	return nil
}

// plainWords gives the words of a text in lower case, with a blank before and after each.
func plainWords(text string) string {
	return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	}), " ") + " "
}

// phrase is one that is looked for, and how it stands in plain words.
type phrase struct{ said, plain string }

// phraseOf looks for whole words, except in scripts that have no blanks.
func phraseOf(said string) phrase {
	p := phrase{said, plainWords(said)}
	if strings.ContainsFunc(said, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) }) {
		p.plain = strings.TrimSpace(p.plain)
	}
	return p
}

func (p phrase) in(plain string) bool { return strings.Contains(plain, p.plain) }

// AtOnceMemory is what a visitor's words are compared with before anybody knows his mailbox: the words of all of them. The
// job that comes of it asks the mailbox. The zero one remembers nothing yet.
type AtOnceMemory struct {
	mu    sync.Mutex
	until time.Time
	words []phrase
}

func (m *AtOnceMemory) all(ctx context.Context, st Store, now time.Time) ([]phrase, error) {
	if m == nil {
		return atOnceOf(ctx, st)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Before(m.until) && now.After(m.until.Add(-2*atOnceFor)) { // a clock may be set back
		return m.words, nil
	}
	words, err := atOnceOf(ctx, st)
	if err == nil {
		m.words, m.until = words, now.Add(atOnceFor)
	}
	return words, err
}

func atOnceOf(ctx context.Context, st Store) ([]phrase, error) {
	boxes, err := st.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	var words []string
	for _, mb := range boxes {
		words = append(words, mb.Promises().atOnce()...)
	}
	slices.Sort(words)
	var out []phrase
	for _, w := range slices.Compact(words) {
		out = append(out, phraseOf(w))
	}
	return out, nil
}

// urgentJob is the payload of the job that asks whether a visitor's words go to management.
type urgentJob struct {
	Conversation ID       `json:"conversation"`
	Words        []string `json:"words"`
}

// Urgent gives the job that a visitor's message brings along if it holds words of cancelling or of law; none = it does
// not. It is stored with the message. Errors: the store's.
func (s *Service) Urgent(ctx context.Context, cv, message ID, text string, now time.Time) ([]Job, error) {
	if text == "" {
		return nil, nil
	}
	all, err := s.AtOnce.all(ctx, s.Store, now)
	if err != nil {
		return nil, err
	}
	plain, p := plainWords(text), urgentJob{Conversation: cv}
	for _, w := range all {
		if w.in(plain) {
			p.Words = append(p.Words, w.said)
		}
	}
	if p.Words == nil {
		return nil, nil
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return nil, Internal("encode words", err)
	}
	return []Job{{ID: "urgent:" + string(message), Kind: JobUrgent, Due: now, Payload: payload}}, nil
}

// escalateAtOnce tells management of a conversation whose visitor has said words that his mailbox counts; once, as any
// level is told once.
func (s *Service) escalateAtOnce(ctx context.Context, j Job) error {
	var p urgentJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Conversation == "" {
		return Invalid("payload")
	}
	cv, err := s.Store.Conversation(ctx, p.Conversation)
	if err != nil || cv.Status.Ended() {
		return err
	}
	mb, err := s.Store.Mailbox(ctx, cv.Mailbox)
	if err != nil {
		return err
	}
	counts := mb.Promises().atOnce()
	i := slices.IndexFunc(p.Words, func(w string) bool { return slices.Contains(counts, w) })
	if i < 0 {
		return nil
	}
	hearers, err := s.hearers(ctx, cv, mb, Levels)
	if err != nil {
		return err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	report, err := s.report(ctx, cv, mb, now)
	if err != nil {
		return err
	}
	said := ConversationEscalated{Level: Levels, Reason: p.Words[i], Told: hearers, Report: report}
	t := Telling{Key: LevelMark(Levels).Key(), Payload: said, To: idsOf(hearers)}
	if t.Jobs, err = reportJobs(cv, mb, "", said, now); err != nil {
		return err
	}
	events, err := s.Store.Escalate(ctx, cv.ID, System(), t, now)
	if c := CodeOf(err); c == "conflict" || c == "conversation_closed" {
		return nil
	}
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	return nil
}
