package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify/callback"
)

// sideSource asks the hosts that have side_access for hashed facts.
type sideSource struct {
	on   map[string]bool
	post *callback.Executor
	rand io.Reader
}

// Sides implements gateway.FactSource.
func (s sideSource) Sides(host string) bool { return s.on[host] }

// Facts implements gateway.FactSource.
func (s sideSource) Facts(ctx context.Context, host string, q gateway.FactsQuestion) ([]gateway.HashedFact, error) {
	id := make([]byte, 16)
	if _, err := io.ReadFull(s.rand, id); err != nil {
		return nil, err
	}
	list, err := s.post.Facts(ctx, host, "fx_"+base64.RawURLEncoding.EncodeToString(id), callback.FactsRequest{
		Conversation: string(q.Conversation), Key: q.Key, Sub: q.Subject, Email: q.Email,
	})
	if err != nil {
		return nil, gateway.Unavailable("facts", err)
	}
	var out []gateway.HashedFact
	for _, f := range list {
		h := gateway.HashedFact{Kind: gateway.FactKind(f.Kind), Words: f.Words}
		if n, err := base64.RawURLEncoding.Decode(h.Hash[:], []byte(f.Hash)[:min(len(f.Hash), base64.RawURLEncoding.EncodedLen(sha256.Size))]); err != nil || n != sha256.Size {
			continue
		}
		out = append(out, h)
	}
	return out, nil
}

// sideAccess is nil unless a host has side_access.
func (c Config) sideAccess(targets map[string]callback.Target, o outside, rand io.Reader) (*gateway.SideAccess, error) {
	on := map[string]bool{}
	for _, h := range c.Hosts {
		if _, ok := targets[h.Name]; ok && h.SideAccess {
			on[h.Name] = true
		}
	}
	if len(on) == 0 {
		return nil, nil
	}
	post, err := callback.New(targets, o.now, o.pause)
	if err != nil {
		return nil, err
	}
	return &gateway.SideAccess{Source: sideSource{on, post, rand}, Rand: rand}, nil
}
