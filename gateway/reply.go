package gateway

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// SavedReply is a text that agents insert with "/".
type SavedReply struct {
	ID        ID        `json:"id"`
	Mailbox   ID        `json:"mailbox,omitempty"` // "" = all
	Owner     ID        `json:"owner,omitempty"`   // "" = shared
	Title     string    `json:"title"`
	Text      string    `json:"text"`
	Version   int64     `json:"version"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Fill replaces {name} and {name|fallback} by vars. A variable without value takes its fallback; one without
// either stays as written and is listed in missing, so that nothing half-filled is sent unseen (product.md P56).
func Fill(text string, vars map[string]string) (filled string, missing []string) {
	var b strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(text[open:], '}')
		if end < 0 {
			break
		}
		end += open
		name, fallback, has := strings.Cut(text[open+1:end], "|")
		b.WriteString(text[:open])
		switch {
		case !variableName(name):
			b.WriteString(text[open : end+1])
		case vars[name] != "":
			b.WriteString(vars[name])
		case has:
			b.WriteString(fallback)
		default:
			b.WriteString(text[open : end+1])
			missing = append(missing, name)
		}
		text = text[end+1:]
	}
	b.WriteString(text)
	return b.String(), missing
}

// accountVariable is a place for account data in a saved reply or an article, with one or two braces.
var accountVariable = regexp.MustCompile(`\{\{?\s*(?:contact|customer|account|order|user)(?:\.[a-zA-Z_]+)+\s*(?:\|([^{}]*))?\}\}?`)

// WithoutAccount takes account variables out of a text: each becomes its fallback, or nothing. There is no account
// data that a message could be filled with before a proof, and the gateway fills none in after it (proof-gate.md
// §3.12).
func WithoutAccount(text string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	return accountVariable.ReplaceAllString(text, "$1")
}

func variableName(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '.' && r != '_' {
			return false
		}
	}
	return true
}

// StarterReplies are the two texts that every installation begins with: a first answer and a resolution, in the
// shape of the support playbook (product.md P55). What has no value and no fallback must be filled in by the agent
// before it can be sent.
func StarterReplies() []SavedReply {
	return []SavedReply{
		{
			Title: "First answer",
			Text: "Hello {visitor.name|there},\n\nthank you for writing to us. You are having trouble with {issue}, and I am here to sort it out with you.\n\n" +
				"I am looking into it now and will tell you where we are within {timeframe}. What I know already: {findings}.\n\n" +
				"If there is anything else that might help me understand, please send it along.\n\n{agent.name}",
		},
		{
			Title: "Resolved",
			Text: "Hello {visitor.name|there},\n\ngood news: {issue} is solved. This is what I did: {solution}.\n\n" +
				"Please try {check} and tell me if anything is still not right. So that it does not happen again, {prevention}.\n\n" +
				"Is there anything else I can do for you today?\n\n{agent.name}",
		},
	}
}

// startersMade is the setting that says that the starter replies were made; deleted ones stay deleted.
const startersMade = "replies.starters"

// MakeStarterReplies stores them at the first start of an installation; of several nodes one does.
func (s *Service) MakeStarterReplies(ctx context.Context) error {
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.Store.SwapSetting(ctx, startersMade, "", "1", System(), now)
	if CodeOf(err) == "conflict" {
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range StarterReplies() {
		if r.ID, err = NewID(PrefixReply, now, s.Rand); err != nil {
			return err
		}
		if _, _, err := s.Store.SaveReply(ctx, r, System(), now); err != nil {
			return err
		}
	}
	return nil
}
