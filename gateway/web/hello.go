package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// helloArgs is the first command of a connection.
type helloArgs struct {
	As      string            `json:"as"`
	Mailbox string            `json:"mailbox"`
	Token   string            `json:"token"`
	Key     json.RawMessage   `json:"key"`
	Sig     string            `json:"sig"`
	Topics  map[string]uint64 `json:"topics"`
	Page    string            `json:"page"`
	Browser string            `json:"browser"`
	Locale  string            `json:"locale"`

	Versions []int `json:"versions"` // of the protocol that the client speaks; none = the first
}

// maxVersions is how many versions a client may name.
const maxVersions = 16

// agree gives the version to speak, 0 = there is none that both know.
func agree(client []int) int {
	if len(client) == 0 || len(client) <= maxVersions && slices.Contains(client, protocolVersion) {
		return protocolVersion
	}
	return 0
}

// hello says who is there. The frame decides between visitor and agent: for an agent only the cookie of the
// upgrade counts, for a visitor only token and key.
func (k *socket) hello(ctx context.Context, raw json.RawMessage) (any, error) {
	var in helloArgs
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if k.who().Actor.ID != "" {
		return nil, gateway.InvalidState("hello")
	}
	if len(in.Topics) > maxTopics {
		return nil, gateway.TooLarge("topics", maxTopics)
	}
	version := agree(in.Versions)
	if version == 0 { // the close is the answer: a client that we do not understand may not understand a reply
		k.line.Close(closeVersion, "version")
		return nil, gateway.Unsupported("version")
	}
	ok, err := k.greet(ctx, in)
	if err != nil {
		return nil, err
	}
	ok["version"] = version
	return ok, nil
}

func (k *socket) greet(ctx context.Context, in helloArgs) (map[string]any, error) {
	switch in.As {
	case "agent":
		return k.helloAgent(ctx, in)
	case "visitor":
		return k.helloVisitor(ctx, in)
	}
	return nil, gateway.Invalid("as")
}

func (k *socket) become(c gateway.Caller) {
	k.mu.Lock()
	k.caller, k.said = c, true
	k.mu.Unlock()
	k.line.Alarm(k.every())
}

func (k *socket) helloAgent(ctx context.Context, in helloArgs) (map[string]any, error) {
	a := k.agent
	if a == nil {
		return nil, gateway.Unauthenticated()
	}
	k.become(gateway.Caller{Actor: gateway.Actor{Role: a.Role, ID: a.ID}, Name: a.Name})
	memberships, err := k.s.svc.Store.Memberships(ctx, a.ID, "")
	if err != nil {
		return nil, err
	}
	boxes, err := k.s.mailboxesFor(ctx, k.who())
	if err != nil {
		return nil, err
	}
	agents, err := k.s.agentViews(ctx)
	if err != nil {
		return nil, err
	}
	all, err := k.s.directory(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{"settings", string(a.ID)}
	for _, mb := range boxes {
		names = append(names, string(mb.ID))
	}
	heads, err := k.s.svc.Store.Heads(ctx, names[:min(headsPerQuery, len(names))])
	if err != nil {
		return nil, err
	}
	waits, err := k.s.policyBanner(ctx, k.who())
	if err != nil {
		return nil, err
	}
	topics := map[string]uint64{}
	for _, n := range names { // from now on; what was before is in this answer
		topics[n] = heads[n]
	}
	for t, seq := range in.Topics {
		topics[t] = seq
	}
	if err := k.open(ctx, topics, len(names)); err != nil {
		return nil, err
	}
	k.s.presence.join(ctx, k, a.ID)
	return map[string]any{
		"agent": viewAgent(*a), "memberships": memberships, "mailboxes": boxes, "agents": agents, "directory": all,
		"now": k.s.svc.Now().UnixMilli(), "policy_waits": waits,
	}, nil
}

// directory names every mailbox: a conversation may be handed to one that the agent is no member of.
func (s *Server) directory(ctx context.Context) ([]mailboxName, error) {
	all, err := s.svc.Store.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]mailboxName, 0, len(all))
	for _, mb := range all {
		out = append(out, mailboxName{mb.ID, mb.Name})
	}
	return out, nil
}

type mailboxName struct {
	ID   gateway.ID `json:"id"`
	Name string     `json:"name"`
}

// open watches what the client names, and own topics beside them. A topic that is not his is left out, not refused: it
// may be gone. One that cannot be read now fails the hello: a client would wait for it in vain.
func (k *socket) open(ctx context.Context, topics map[string]uint64, own int) error {
	k.mu.Lock()
	k.own = own
	k.mu.Unlock()
	for t, seq := range topics {
		_, err := k.watch(ctx, t, seq)
		switch {
		case gateway.CodeOf(err) == "unavailable":
			return err
		case err != nil && problemOf(gateway.CodeOf(err)).Status == 500:
			k.s.log.Error("open topic", "topic", t, "err", err)
		}
	}
	return nil
}

func (k *socket) helloVisitor(ctx context.Context, in helloArgs) (map[string]any, error) {
	mb, err := k.s.svc.Store.MailboxBySlug(ctx, in.Mailbox)
	if err != nil {
		return nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(in.Token)
	if err != nil || len(raw) != 32 {
		return nil, gateway.Invalid("token")
	}
	sum := sha256.Sum256([]byte(in.Token))
	hash := base64.RawURLEncoding.EncodeToString(sum[:])
	key, jkt, err := helloKey(in, k.nonce)
	if err != nil {
		return nil, err
	}
	now := k.s.svc.Now()
	id, err := gateway.NewID(gateway.PrefixVisitor, now, k.s.svc.Rand)
	if err != nil {
		return nil, err
	}
	v, err := k.s.svc.Store.PairVisitor(ctx, gateway.Visitor{
		ID: id, TokenHash: hash, KeyJKT: jkt, Key: key, Mailbox: mb.ID, CreatedAt: now,
	}, now)
	if err != nil {
		return nil, err
	}
	k.become(gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: v.ID}, Visitor: v, Mailbox: mb.ID})
	k.keepBrowser(in)
	return k.helloAnswer(ctx, in, mb, v)
}

func (k *socket) helloAnswer(ctx context.Context, in helloArgs, mb gateway.Mailbox, v gateway.Visitor) (map[string]any, error) {
	list, err := k.s.svc.Store.Conversations(ctx, gateway.ConversationFilter{Visitor: v.ID, Limit: 50})
	if err != nil {
		return nil, err
	}
	reach, err := k.s.reach(ctx, mb.ID)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	k.reach = reach
	k.mu.Unlock()
	views := make([]conversationView, 0, len(list))
	topics := map[string]uint64{}
	for _, cv := range list {
		view, err := k.s.viewForVisitor(ctx, cv)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
		if !cv.Status.Ended() {
			topics[string(cv.ID)] = in.Topics[string(cv.ID)]
		}
		if cv.Status == gateway.Queued {
			k.waitFor(cv.ID)
		}
	}
	for t, seq := range in.Topics {
		topics[t] = seq
	}
	if err := k.open(ctx, topics, len(list)); err != nil {
		return nil, err
	}
	k.s.presence.join(ctx, k, v.ID)
	return map[string]any{
		"visitor": v.ID, "conversations": views, "identity": v.Identity, "kinds": k.s.kindsFor(mb),
		"mailbox": map[string]any{
			"id": mb.ID, "slug": mb.Slug, "name": mb.Name, "color": mb.Color, "greeting": mb.Greeting, "fields": mb.Fields,
			"open": reach.Open, "until": reach.Until, "available": reach.Available,
		},
	}, nil
}

// viewForVisitor adds the agent's name, which a visitor may know.
func (s *Server) viewForVisitor(ctx context.Context, cv gateway.Conversation) (conversationView, error) {
	if cv.Assignee == "" {
		return visitorView(cv, ""), nil
	}
	a, err := s.svc.Store.Agent(ctx, cv.Assignee)
	return visitorView(cv, a.Name), err
}

// page keeps where the visitor is: scheme, host and path of an http address, no query, no fragment.
func (s *Server) page(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > 2048 || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}

// word cuts what a browser says of itself.
func word(s string, max int) string {
	if !utf8.ValidString(s) || gateway.CheckText("about", s, max) != nil {
		return ""
	}
	return s
}

// helloKey checks the proof of the widget key. A hello without a key is a visitor without one: he chats.
// Errors: unauthenticated key.required for a key that did not sign this nonce and token.
func helloKey(in helloArgs, nonce string) (key, jkt string, err error) {
	if len(in.Key) == 0 && in.Sig == "" {
		return "", "", nil
	}
	var jwk verify.JWK
	if strict(in.Key, &jwk) != nil || !jwk.Verify(verify.HelloMessage(nonce, in.Token), in.Sig) {
		return "", "", gateway.KeyRequired()
	}
	raw, err := json.Marshal(jwk)
	if err != nil {
		return "", "", gateway.Internal("encode key", err)
	}
	return string(raw), jwk.Thumbprint(), nil
}

// pass gives a visitor what opens routes for a minute.
func (k *socket) pass() (any, error) {
	pass, until := k.s.opt.Passes.Make(k.who().Actor.ID, k.s.svc.Now())
	return map[string]any{"pass": pass, "until": until.UnixMilli()}, nil
}
