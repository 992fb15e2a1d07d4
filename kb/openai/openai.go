// Package openai is kb.Model over any server that speaks OpenAI's HTTP API: chat completions and embeddings. It is the
// only user of go-openai. Requests go to the configured base URL and nowhere else: no redirect is followed, no proxy is
// asked, and a name that resolves to an address that the deploy file does not allow is not dialled.
// Source: self-help.md §8.
package openai

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/postern-chat/postern/kb"
	"github.com/postern-chat/postern/verify/dial"
	"github.com/sashabaranov/go-openai"
)

const (
	perCall  = 8 * time.Second // both tries of a call together
	maxReply = 256 << 10       // bytes of a completion
	maxBatch = 4 << 20         // bytes of a batch of vectors
	maxWidth = 4096            // numbers of one vector
	maxCalls = 8               // wishes in one turn
)

// Config is what the deploy file says about the server.
type Config struct {
	BaseURL   string         // as far as /v1; https, or http on an allowed loopback address
	Key       string         // bearer token, "" = none
	Chat      string         // model of completions, "" = none
	Embedding string         // model of vectors, "" = none
	Allow     []netip.Prefix // loopback or private prefixes that the name may resolve to
}

// Client is a kb.Model.
type Client struct {
	c   Config
	api *openai.Client
}

var _ kb.Model = (*Client)(nil)

// errShape says that the server's answer has not the form of the API.
var errShape = errors.New("openai: not an answer of this API")

// New checks the configuration; nothing is asked yet. Errors never hold the key.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("openai: the base URL must be an absolute http or https URL without user, query or fragment")
	}
	conf := openai.DefaultConfig(c.Key)
	conf.BaseURL = strings.TrimRight(c.BaseURL, "/")
	conf.HTTPClient = bounded{dial.Client(dial.Options{Allow: c.Allow, Plain: u.Scheme == "http", Timeout: perCall})}
	return &Client{c: c, api: openai.NewClientWithConfig(conf)}, nil
}

// Name implements kb.Model.
func (c *Client) Name() string { return c.c.Embedding }

// Complete implements kb.Model. It tries twice within the same eight seconds.
func (c *Client) Complete(ctx context.Context, p kb.Prompt) (kb.Completion, error) {
	if c.c.Chat == "" {
		return kb.Completion{}, errors.New("openai: no chat model is configured")
	}
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	req := c.request(p)
	res, err := c.api.CreateChatCompletion(ctx, req)
	if err != nil && again(err) && ctx.Err() == nil {
		res, err = c.api.CreateChatCompletion(ctx, req)
	}
	if err != nil {
		return kb.Completion{}, hidden(err)
	}
	if len(res.Choices) == 0 || len(res.Choices[0].Message.ToolCalls) > maxCalls {
		return kb.Completion{}, errShape
	}
	m := res.Choices[0].Message
	out := kb.Completion{Text: m.Content, Tokens: max(0, res.Usage.TotalTokens)}
	for _, call := range m.ToolCalls {
		out.Calls = append(out.Calls, kb.ToolCall{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
	}
	return out, nil
}

func (c *Client) request(p kb.Prompt) openai.ChatCompletionRequest {
	req := openai.ChatCompletionRequest{Model: c.c.Chat}
	if reasons(c.c.Chat) {
		req.MaxCompletionTokens = p.Most
	} else {
		//lint:ignore SA1019 many servers of others know only this name
		req.MaxTokens = p.Most
	}
	for _, t := range p.Turns {
		m := openai.ChatCompletionMessage{Role: string(t.By), Content: t.Text, ToolCallID: t.Call}
		for _, call := range t.Calls {
			m.ToolCalls = append(m.ToolCalls, openai.ToolCall{
				ID: call.ID, Type: openai.ToolTypeFunction, Function: openai.FunctionCall{Name: call.Name, Arguments: call.Arguments},
			})
		}
		req.Messages = append(req.Messages, m)
	}
	for _, t := range p.Tools {
		req.Tools = append(req.Tools, openai.Tool{
			Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{Name: t.Name, Description: t.About, Parameters: t.Schema},
		})
	}
	if p.Schema != nil {
		req.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "answer", Schema: p.Schema, Strict: true},
		}
	}
	return req
}

// reasons reports whether a model refuses max_tokens for max_completion_tokens; all other servers know the former.
func reasons(model string) bool {
	for _, begins := range [...]string{"o1", "o3", "o4", "gpt-5"} {
		if strings.HasPrefix(model, begins) {
			return true
		}
	}
	return false
}

// Embed implements kb.Model. It tries once: without a vector a search is merely the one by words.
func (c *Client) Embed(ctx context.Context, texts []string) ([][]float32, int, error) {
	if c.c.Embedding == "" {
		return nil, 0, errors.New("openai: no embedding model is configured")
	}
	ctx, cancel := context.WithTimeout(ctx, perCall)
	defer cancel()
	res, err := c.api.CreateEmbeddings(ctx, openai.EmbeddingRequestStrings{Input: texts, Model: openai.EmbeddingModel(c.c.Embedding)})
	if err != nil {
		return nil, 0, hidden(err)
	}
	out := make([][]float32, len(texts))
	for _, e := range res.Data {
		if e.Index < 0 || e.Index >= len(out) || out[e.Index] != nil || len(e.Embedding) == 0 || len(e.Embedding) > maxWidth {
			return nil, 0, errShape
		}
		out[e.Index] = e.Embedding
	}
	for _, v := range out {
		if len(v) == 0 || len(v) != len(out[0]) {
			return nil, 0, errShape
		}
	}
	return out, max(0, res.Usage.TotalTokens), nil
}

// again reports whether a second try may help: too busy, or broken on the way.
func again(err error) bool {
	if code := status(err); code != 0 {
		return code == http.StatusTooManyRequests || code >= 500
	}
	var u *url.Error
	return errors.As(err, &u)
}

func status(err error) int {
	var api *openai.APIError
	if errors.As(err, &api) {
		return api.HTTPStatusCode
	}
	var req *openai.RequestError
	if errors.As(err, &req) {
		return req.HTTPStatusCode
	}
	return 0
}

// hidden keeps what the server wrote out of our log: it may repeat the prompt, or the key.
func hidden(err error) error {
	if code := status(err); code != 0 {
		return errors.New("openai: the server answered " + http.StatusText(code))
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errTooLarge) {
		return err
	}
	return errShape
}

// errTooLarge says that an answer is over its limit.
var errTooLarge = errors.New("openai: the answer is too large")

// bounded fails instead of reading more than a limit: half an answer must not be read as a whole one.
type bounded struct{ client *http.Client }

// Do implements openai.HTTPDoer.
func (b bounded) Do(r *http.Request) (*http.Response, error) {
	res, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	// A redirect is no answer, and the library would read one as a success.
	if res.StatusCode/100 == 3 {
		_ = res.Body.Close()
		return nil, errShape
	}
	limit := int64(maxReply)
	if strings.HasSuffix(r.URL.Path, "/embeddings") {
		limit = maxBatch
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{&atMost{res.Body, limit}, res.Body}
	return res, nil
}

type atMost struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (a *atMost) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	if a.left -= int64(n); a.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
