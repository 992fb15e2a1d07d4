package main

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/kb/openai"
)

// AI is the server of a language model. Without a base URL nothing is ever sent; with one only from the mailboxes that an
// admin has switched on.
type AI struct {
	BaseURL      string   `toml:"base_url" doc:"An OpenAI-compatible server as far as /v1; https, or http on a loopback address that allow lists. Empty = off."`
	Key          string   `toml:"key" secret:"yes" doc:"Its bearer token; empty = none."`
	KeyFile      string   `toml:"key_file" doc:"File that holds key."`
	ChatModel    string   `toml:"chat_model" doc:"Model of drafts, summaries and answers; empty = none of these."`
	EmbedModel   string   `toml:"embedding_model" doc:"Model of the vectors that weigh in article search; empty = words alone."`
	Allow        []string `toml:"allow" doc:"Loopback or private addresses or prefixes that the server's name may resolve to."`
	LinkHosts    []string `toml:"link_hosts" doc:"Hosts that links in a draft may lead to, beside the mailbox's own sites."`
	VisitorCalls int      `toml:"visitor_calls" default:"40" doc:"Calls that one visitor may cause in a UTC day."`
	MailboxCalls int      `toml:"mailbox_calls" default:"2000" doc:"Calls of one mailbox in a UTC day."`
	DayCalls     int      `toml:"day_calls" default:"5000" doc:"Calls of all gateways in a UTC day."`
	DayTokens    int      `toml:"day_tokens" default:"5000000" doc:"Tokens of all gateways in a UTC day, as the server counts them."`
}

func (a AI) mistakes() (bad Mistakes) {
	for name, n := range map[string]int{
		"visitor_calls": a.VisitorCalls, "mailbox_calls": a.MailboxCalls, "day_calls": a.DayCalls, "day_tokens": a.DayTokens,
	} {
		if n < 0 {
			bad = append(bad, "ai."+name+": must not be negative")
		}
	}
	bad.add("ai.allow", checkPrefixes(a.Allow))
	for _, h := range a.LinkHosts {
		if u, err := url.Parse("https://" + h); err != nil || u.Hostname() != h || !strings.Contains(h, ".") && h != "localhost" {
			bad = append(bad, "ai.link_hosts: "+h+" is no host name")
		}
	}
	if a.BaseURL == "" {
		return bad
	}
	if a.ChatModel == "" && a.EmbedModel == "" {
		bad = append(bad, "ai.chat_model: neither a chat model nor an embedding model is given")
	}
	_, err := openai.New(openai.Config{BaseURL: a.BaseURL})
	bad.add("ai.base_url", err)
	return bad
}

// assist makes the model's help, nil without a server.
func (c Config) assist() (*gateway.Assist, error) {
	if c.AI.BaseURL == "" {
		return nil, nil
	}
	allow, err := prefixes(c.AI.Allow)
	if err != nil {
		return nil, err
	}
	model, err := openai.New(openai.Config{BaseURL: c.AI.BaseURL, Key: c.AI.Key, Chat: c.AI.ChatModel, Embedding: c.AI.EmbedModel, Allow: allow})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.AI.BaseURL)
	if err != nil {
		return nil, err
	}
	return &gateway.Assist{
		Model: model, Hosts: c.AI.LinkHosts, Server: u.Host, Chat: c.AI.ChatModel,
		Limits: gateway.ModelLimits{
			VisitorCalls: int64(c.AI.VisitorCalls), MailboxCalls: int64(c.AI.MailboxCalls),
			DayCalls: int64(c.AI.DayCalls), DayTokens: int64(c.AI.DayTokens),
		},
	}, nil
}

// How often missing vectors are looked for, and how long at most after something went wrong: each try counts as a call.
const (
	vectorsEvery = 2 * time.Second
	vectorsRest  = 30 * time.Minute
)

// embed keeps the articles' vectors at what is published.
func (a *App) embed(ctx context.Context) {
	if a.Service.Assist == nil || a.Service.Assist.Model.Name() == "" {
		return
	}
	done, rest, wait := int64(-1), vectorsEvery, vectorsEvery
	for pause(ctx, rest) == nil {
		rest = vectorsEvery
		now := a.Service.Index.Change()
		if now == done {
			continue
		}
		switch err := a.Service.SyncVectors(ctx); {
		case err == nil:
			done, wait = now, vectorsEvery
		case gateway.AssistIsOff(err) || ctx.Err() != nil:
		default:
			a.log.Warn("vectors of articles", "err", err)
			wait = min(4*wait, vectorsRest)
			rest = wait
		}
	}
}
