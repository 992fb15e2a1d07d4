package gateway

import (
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
