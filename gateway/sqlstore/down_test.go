package sqlstore

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// A database that ends in the middle of an answer is unavailable, not a mistake of ours.
func TestCutAnswerIsUnavailable(t *testing.T) {
	for err, want := range map[error]string{
		fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF): "unavailable",
		fmt.Errorf("read: %w", io.EOF):                         "unavailable",
		errors.New("conn closed"):                              "unavailable",
		errors.New("syntax error"):                             "internal",
	} {
		if code := gateway.CodeOf(failure("read", err)); code != want {
			t.Errorf("%v is %s, want %s", err, code, want)
		}
	}
}

// A batch whose connection died is tried again, unless its commit was on the way: then nobody knows.
func TestCutBatchIsTriedAgain(t *testing.T) {
	lost := fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF)
	for err, want := range map[error]bool{
		lost: false, unsent{lost}: true, unsent{errors.New("syntax error")}: false, unsent{io.EOF}: true,
	} {
		if got := passing(err); got != want {
			t.Errorf("%v is tried again: %v, want %v", err, got, want)
		}
	}
}
