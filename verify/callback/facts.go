package callback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/postern-chat/postern/verify"
)

// factsWithin is how long a host may take: an agent's message waits for it.
const factsWithin = 3 * time.Second

// FactsRequest asks for the hashed facts of a claimed identity (side-access mode, SPEC.md).
type FactsRequest struct {
	Conversation string `json:"conversation"`
	Key          string `json:"key"` // base64url; of this conversation, and of nothing else
	Sub          string `json:"sub,omitempty"`
	Email        string `json:"email,omitempty"`
}

// Fact is one answer: HMAC-SHA256 in base64url. Words counts those of an address.
type Fact struct {
	Kind  string `json:"kind"`
	Words int    `json:"words"`
	Hash  string `json:"hash"`
}

// Facts posts the question to the host's delivery URL, signed as every delivery is, once. A host that does not know
// the type, or nobody by that name, answers 204: no facts. id names the request.
func (e *Executor) Facts(ctx context.Context, host, id string, q FactsRequest) ([]Fact, error) {
	t, ok := e.targets[host]
	if !ok {
		return nil, errors.New("callback: unknown host")
	}
	body, err := json.Marshal(struct {
		Type string `json:"type"`
		FactsRequest
	}{"facts.hash", q})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, factsWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("callback: the request could not be made")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Postern")
	verify.SignHook(req.Header, t.Secret, id, e.now(), body)
	res, err := t.client.Do(req)
	if err != nil {
		return nil, errors.New("callback: no answer: " + short(err))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(text) > maxAnswer || res.StatusCode != http.StatusOK {
		return nil, errors.New("callback: no facts in the answer")
	}
	var out struct {
		Facts []Fact `json:"facts"`
	}
	if err := json.Unmarshal(text, &out); err != nil { // what it holds is compared, never shown
		return nil, errors.New("callback: the answer is not JSON")
	}
	return out.Facts, nil
}
