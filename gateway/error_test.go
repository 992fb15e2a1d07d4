package gateway

import (
	"errors"
	"fmt"
	"testing"
)

func TestEveryRefusalHasItsCodeAndReason(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		err          *Error
		code, reason string
		param, value string
	}{
		{Invalid("name"), "invalid", "", "field", "name"},
		{InvalidState("closed"), "invalid", "state", "state", "closed"},
		{TooLarge("text", 10), "too_large", "", "max", "10"},
		{TooSlow(), "too_slow", "", "", ""},
		{Unsupported("file"), "unsupported", "", "what", "file"},
		{Unauthenticated(), "unauthenticated", "", "", ""},
		{KeyRequired(), "unauthenticated", "key.required", "", ""},
		{Forbidden(), "forbidden", "role", "", ""},
		{FourEyes(), "forbidden", "four_eyes", "", ""},
		{ContextLocked(), "proof_required", "context.locked", "", ""},
		{NotFound(), "not_found", "", "", ""},
		{Gone(), "gone", "", "", ""},
		{Conflict(), "conflict", "", "", ""},
		{ClientIDTaken(), "conflict", "client_id", "", ""},
		{AlreadyClaimed("ag_1", "Ada"), "already_claimed", "", "name", "Ada"},
		{NotAssignee("ag_1", "Ada"), "not_assignee", "", "agent", "ag_1"},
		{ConversationClosed(), "conversation_closed", "", "", ""},
		{AtCapacity("ag_1", 3), "at_capacity", "", "seats", "3"},
		{MailboxClosed(), "mailbox_closed", "", "", ""},
		{NobodyAvailable(), "nobody_available", "", "", ""},
		{TooMany(1500), "too_many", "", "after_ms", "1500"},
		{Unavailable("bus", cause), "unavailable", "", "what", "bus"},
		{Internal("read", cause), "internal", "", "", ""},
	} {
		if c.err.Code() != c.code || c.err.Reason() != c.reason || c.err.Params[c.param] != c.value {
			t.Errorf("%v: code %q reason %q params %v", c.err, c.err.Code(), c.err.Reason(), c.err.Params)
		}
		if got := CodeOf(fmt.Errorf("around: %w", c.err)); got != c.code {
			t.Errorf("%s wrapped: %s", c.code, got)
		}
	}
}

func TestCodeOfWhatNobodyForesaw(t *testing.T) {
	if got := CodeOf(nil); got != "" {
		t.Errorf("nil: %q", got)
	}
	if got := CodeOf(errors.New("x")); got != "internal" {
		t.Errorf("foreign: %q", got)
	}
}

func TestCauseStaysInReachOfTheLog(t *testing.T) {
	cause := errors.New("disk full")
	for _, err := range []error{Unavailable("database", cause), Internal("write", cause)} {
		if !errors.Is(err, cause) {
			t.Errorf("%v hides its cause", err)
		}
	}
	if got := Internal("write", cause).Error(); got != "internal: write: disk full" {
		t.Error(got)
	}
}
