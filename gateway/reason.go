package gateway

import "slices"

// The reasons that every mailbox closes conversations for (product.md P81). A mailbox may have own ones beside them.
const (
	ReasonResolved  = "resolved"
	ReasonIdle      = "idle"
	ReasonDuplicate = "duplicate"
	ReasonSpam      = "spam"
)

// Bounds of a mailbox's own reasons.
const (
	maxReasons    = 20
	maxReasonText = 80 // bytes
)

// CloseReasons lists what the mailbox's conversations are closed for: every mailbox's, then its own.
func (m Mailbox) CloseReasons() []string {
	return append([]string{ReasonResolved, ReasonIdle, ReasonDuplicate, ReasonSpam}, m.Reasons...)
}

// CheckReasons refuses own reasons that are empty, twice there or one of every mailbox's, and words that the visitor's
// browser must not get: harmless says which. Errors: invalid, too_large.
func (m Mailbox) CheckReasons(harmless func(string) bool) error {
	if len(m.Reasons) > maxReasons {
		return TooLarge("reasons", maxReasons)
	}
	seen := Mailbox{}.CloseReasons()
	for _, r := range m.Reasons {
		if err := CheckText("reasons", r, maxReasonText); err != nil {
			return err
		}
		if slices.Contains(seen, r) || !harmless(r) {
			return Invalid("reasons")
		}
		seen = append(seen, r)
	}
	return nil
}

// closing settles outcome and reason of a close. One of both is enough where it says the other: resolved and idle are
// reasons and outcomes; what is a duplicate or spam got no answer here. An own reason without an outcome leaves "":
// then the conversation decides (OutcomeOf). Errors: invalid.
func closing(mb Mailbox, o Outcome, reason string) (Outcome, string, error) {
	if o != "" && o != Resolved && o != Idle {
		return "", "", Invalid("outcome")
	}
	var means Outcome
	switch reason {
	case "":
		if o == "" {
			return "", "", Invalid("reason")
		}
		return o, string(o), nil
	case ReasonResolved:
		means = Resolved
	case ReasonIdle, ReasonDuplicate, ReasonSpam:
		means = Idle
	default:
		if !slices.Contains(mb.Reasons, reason) {
			return "", "", Invalid("reason")
		}
		return o, reason, nil
	}
	if o != "" && o != means {
		return "", "", Invalid("outcome")
	}
	return means, reason, nil
}
