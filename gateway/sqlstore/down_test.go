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
