package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Uttered is one message of a conversation, as far as its outcome cares.
type Uttered struct {
	Visitor bool
	Thanks  bool // of the visitor: words that ask nothing
	Holding bool // of an agent: it answers nothing yet
	Guide   bool // of an agent: a settings page or an article goes with it
}

// OutcomeOf says how a conversation ends (product.md P45): resolved if after the visitor's last question an agent's
// message that is not marked as holding, or a guide, was sent; else idle. Thanks are no question. Without a question
// any answer counts.
func OutcomeOf(said []Uttered) Outcome {
	answered := false
	for _, u := range said {
		switch {
		case u.Visitor && !u.Thanks:
			answered = false
		case !u.Visitor && (!u.Holding || u.Guide):
			answered = true
		}
	}
	if answered {
		return Resolved
	}
	return Idle
}

// uttered reads what counts of a conversation's events. What timers and hosts write counts for nobody.
func uttered(events []Event) []Uttered {
	var out []Uttered
	for _, e := range events {
		staff := e.Actor.ID.Is(PrefixAgent)
		if e.Kind != (MessageCreated{}).Kind() || !staff && e.Actor.Role != RoleVisitor {
			continue
		}
		var m Message
		if json.Unmarshal(e.Payload, &m) != nil {
			continue
		}
		out = append(out, m.uttered(staff))
	}
	return out
}

func (m Message) uttered(staff bool) Uttered {
	if staff {
		return Uttered{Holding: m.Holding, Guide: m.Guide != nil || m.Article != ""}
	}
	return Uttered{Visitor: true, Thanks: len(m.Files) == 0 && thanks(m.Text)}
}

// maxThanks is how long words can be that only thank, in characters.
const maxThanks = 60

// thanks reports whether a text says thanks or yes and nothing else, in the languages that most visitors write.
func thanks(text string) bool {
	if utf8.RuneCountInString(text) > maxThanks || strings.ContainsAny(text, "?؟？") {
		return false
	}
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	for _, w := range words {
		if !thanksWord(w) {
			return false
		}
	}
	return len(words) > 0
}

func thanksWord(w string) bool {
	switch w {
	case "thanks", "thank", "thx", "ty", "you", "very", "so", "much", "many", "a", "lot", "ok", "okay", "great", "perfect", "super",
		"cool", "fine", "good", "nice", "cheers", "brilliant", "excellent", "wonderful", "again", "for", "your", "the", "help", "bye":
		return true
	case "danke", "vielen", "dank", "schön", "sehr", "für", "die", "hilfe", "prima", "merci", "beaucoup", "parfait", "gracias",
		"muchas", "perfecto", "grazie", "mille", "perfetto", "obrigado", "obrigada", "muito", "dziękuję", "bedankt", "teşekkürler":
		return true
	case "شكرا", "شكراً", "جزيلا", "جزيلاً", "تمام", "спасибо", "дякую", "תודה", "谢谢", "ありがとう", "ありがとうございます", "감사합니다":
		return true
	}
	return false
}

// ProposedOutcome says how a conversation would end now. more are messages of agents that stand in no event yet.
func (s *Service) ProposedOutcome(ctx context.Context, cv ID, more ...Message) (Outcome, error) {
	events, err := s.Store.EventsBefore(ctx, string(cv), 0, maxTried)
	if err != nil {
		return "", err
	}
	said := uttered(events)
	for _, m := range more {
		said = append(said, m.uttered(true))
	}
	return OutcomeOf(said), nil
}
