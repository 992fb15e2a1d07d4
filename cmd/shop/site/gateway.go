package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

// keysHold is how long fetched keys are used, as the gateway's Cache-Control says.
const keysHold = 5 * time.Minute

var (
	errGone        = errors.New("shop: the challenge is over or was never there")
	errUnreachable = errors.New("shop: the gateway does not answer")
)

// keyCache keeps the gateway's published keys.
type keyCache struct {
	mu  sync.Mutex
	set verify.KeySet
	at  time.Time
}

// gatewayKeys are the keys that receipts may be signed with.
func (s *Site) gatewayKeys(ctx context.Context) (verify.KeySet, error) {
	if s.GatewayKeys != nil {
		return s.GatewayKeys(ctx)
	}
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	if s.keys.set != nil && s.Now().Sub(s.keys.at) < keysHold {
		return s.keys.set, nil
	}
	status, text, err := s.call(ctx, http.MethodGet, "/.well-known/postern.json", nil, nil)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("%w: keys, status %d: %w", errUnreachable, status, err)
	}
	set, err := verify.ParseKeySet(text)
	if err == nil {
		s.keys.set, s.keys.at = set, s.Now()
	}
	return set, err
}

// lookUp asks what is to be confirmed under a handle. Errors: errGone, errUnreachable.
func (s *Site) lookUp(ctx context.Context, handle string) (v verify.View, err error) {
	if len(handle) != 43 { // 256 bits in base64url
		return v, errGone
	}
	status, text, err := s.call(ctx, http.MethodGet, "/v1/challenge/"+url.PathEscape(handle), nil, nil)
	switch {
	case err != nil || status >= 500:
		return v, errors.Join(errUnreachable, err)
	case status != http.StatusOK:
		return v, errGone
	}
	return v, json.Unmarshal(text, &v)
}

// loginEvent is what the gateway is told about a press on the confirm page.
type loginEvent struct {
	Type     string `json:"type"`
	Handle   string `json:"handle"`
	Chg      string `json:"chg"`
	Sub      string `json:"sub"`
	AuthTime int64  `json:"auth_time"`
	Witness  string `json:"witness,omitempty"`
}

// tell posts a login event under its id. The same id and event again get the same answer, so a press that was
// lost on the way can be sent again. back is where the browser goes; code is not empty if the gateway refused.
func (s *Site) tell(ctx context.Context, id string, e loginEvent) (back, code string, err error) {
	body, err := json.Marshal(e)
	if err != nil {
		return "", "", err
	}
	h := http.Header{"Content-Type": {"application/json"}}
	verify.SignHook(h, s.EventSecret, id, s.Now(), body)
	status, text, err := s.call(ctx, http.MethodPost, "/v1/events/"+url.PathEscape(s.Source), h, body)
	if err != nil || status >= 500 {
		return "", "", errors.Join(errUnreachable, err)
	}
	var answer struct{ Return, Code string }
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", "", errUnreachable
	}
	if status != http.StatusOK && answer.Code == "" {
		answer.Code = "unavailable"
	}
	return answer.Return, answer.Code, nil
}

// call is one request to the gateway; the answer is at most 256 KiB.
func (s *Site) call(ctx context.Context, method, path string, h http.Header, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.Gateway+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if h != nil {
		req.Header = h
	}
	res, err := s.Client.Do(req)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // without the address, which may hold a live handle: it goes into the log
	}
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, verify.MaxKeySet))
	return res.StatusCode, text, err
}
