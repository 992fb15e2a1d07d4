package verify

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OpenRequest is the visitor's press on "Log in to confirm".
type OpenRequest struct {
	Change string
	Page   string // where the visitor is, to come back to; only an origin of the mailbox counts
	Over   bool   // Start over: the old challenge dies
}

// Opened is a living challenge and the address where the browser goes.
type Opened struct {
	Row       Row
	URL       string // the host's page with the handle, or our own with a start token in the fragment
	ExpiresAt time.Time
}

// Open opens a challenge, or returns the living one to a second tab of the same browser. Only a visitor's
// key-bound socket may. The widget key is in by.Key.
//
// Errors: role, key.required, not_found, offer.expired, challenge.expired, change.state, change.edited,
// challenge.limit (the 4th in a conversation within 10 min; the open one is untouched).
func (g *Guard) Open(ctx context.Context, by Actor, req OpenRequest) (Opened, error) {
	m, row, err := g.loadFor(ctx, by, req.Change)
	if err != nil {
		return Opened{}, err
	}
	if _, err := by.Key.Public(); err != nil {
		return Opened{}, Refuse(KeyRequired)
	}
	k, err := m.kindOf(row)
	if err != nil {
		return Opened{}, err
	}
	host, _ := m.policy.Host(k.Host)
	if err := g.sound(ctx, m, row); err != nil {
		return Opened{}, err
	}
	switch {
	case row.State == Expired: // whoever found it first
		return Opened{}, Refuse(row.Reason)
	case row.State == Challenged && row.Challenge.JKT != by.Key.Thumbprint():
		return Opened{}, Refuse(KeyRequired)
	case row.State == Challenged && !req.Over:
		return g.opened(ctx, m, row, host, k)
	case row.State != Offered && row.State != Challenged || row.Host != host.Name:
		return Opened{}, Refuse(ChangeState)
	}
	return g.open(ctx, m, row, k, by, req)
}

func (g *Guard) open(ctx context.Context, m moment, row Row, k Kind, by Actor, req OpenRequest) (Opened, error) {
	host, _ := m.policy.Host(k.Host)
	cv, err := g.conversation(ctx, row.Conversation, by)
	if err != nil {
		return Opened{}, err
	}
	ch, err := g.challenge(m, row, host, cv, by)
	if err != nil {
		return Opened{}, err
	}
	if _, ok := m.policy.Provider(k); ok {
		ch.Handle, ch.Code = "", false // no event can name it: it is proved by its commitment in an ID token
	}
	ours := strings.TrimRight(g.Issuer, "/")
	origins := append(slices.Clone(cv.Origins), ours) // a page of ours embeds the widget for whoever comes from a mail
	if BuiltIn(k.Name) {                              // it is read on a page of ours
		origins = []string{ours}
	}
	ch.ReturnTo = returnTo(req.Page, origins, host.Site)
	old := row
	row.Challenge = &ch
	s := stepOf(row, Challenged, by, "", m.now, ch.ExpiresAt())
	s.Limit = &Limit{Max: limitPerTalk, Since: m.now.Add(-limitWindow)}
	if row, err = g.advance(ctx, old, s); err != nil {
		return Opened{}, err
	}
	return g.opened(ctx, m, row, host, k)
}

func (g *Guard) challenge(m moment, row Row, host Host, cv Conversation, by Actor) (Challenge, error) {
	id, err := g.newID("cl_", m.now)
	if err != nil {
		return Challenge{}, err
	}
	salt, err := g.salt()
	if err != nil {
		return Challenge{}, err
	}
	ch := Challenge{
		ID: id, Change: row.ID, Conversation: row.Conversation, Host: host.Name, Audience: host.Audience,
		Kind: row.Change.Kind, Chg: row.Chg, Salt: salt, T0: m.now.Unix(),
		Key: by.Key, JKT: by.Key.Thumbprint(), Handle: TokenHash(g.handle(id)), Code: host.Code,
	}
	if cv.Host == host.Name {
		ch.Subject = cv.Subject
	}
	ch.Commit, err = ch.Commitment().Hash()
	return ch, err
}

// handle is the challenge's name in the address: 256 bits, made from its id, authorises nothing.
func (g *Guard) handle(challenge string) string { return deriveToken(g.Secret, "handle", challenge) }

// opened says where the browser goes. A challenge keeps the way that it was opened for.
func (g *Guard) opened(ctx context.Context, m moment, row Row, host Host, k Kind) (Opened, error) {
	if row.Challenge.Handle == "" {
		src, ok := m.policy.Provider(k)
		if !ok {
			return Opened{}, Refuse(PolicyUnavailable)
		}
		return g.start(ctx, m, row, src)
	}
	sep := "?"
	if strings.Contains(host.VerifyURL, "?") {
		sep = "&"
	}
	return Opened{Row: row, URL: host.VerifyURL + sep + "h=" + g.handle(row.Challenge.ID), ExpiresAt: row.Challenge.ExpiresAt()}, nil
}

// returnTo is the page without fragment if it lies on one of the origins, else the fallback.
func returnTo(page string, origins []string, fallback string) string {
	u, err := url.Parse(page)
	if err != nil || len(page) > 2048 || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fallback
	}
	if !slices.Contains(origins, u.Scheme+"://"+strings.ToLower(u.Host)) {
		return fallback
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// View is what the host's page may know of a challenge. There is no digest in it: the host computes chg
// from what it displays. Source: proof-gate.md §3.6 step 2.
type View struct {
	Change       Change           `json:"change"`
	Commit       string           `json:"commit"`
	T0           int64            `json:"t0"`      // unix seconds
	Expires      int64            `json:"expires"` // unix seconds
	Conversation ViewConversation `json:"conversation"`
}

// ViewConversation lets the owner see which conversation asks.
type ViewConversation struct {
	Started int64  `json:"started"` // unix seconds
	Browser string `json:"browser"`
	Mailbox string `json:"mailbox"`
}

// Look answers GET /v1/challenge/{handle}. It moves nothing but a change whose time is over.
// Errors: handle.expired for everything that is not a living challenge.
func (g *Guard) Look(ctx context.Context, handle string) (View, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return View{}, err
	}
	row, err := g.byHandle(ctx, handle)
	if err != nil {
		return View{}, err
	}
	if row.State != Challenged || g.sound(ctx, m, row) != nil {
		return View{}, Refuse(HandleExpired)
	}
	cv, err := g.Ledger.Conversation(ctx, row.Conversation)
	if err != nil || !cv.Open || cv.Frozen {
		return View{}, RefuseCause(HandleExpired, err)
	}
	return View{
		Change: row.Change, Commit: row.Challenge.Commit, T0: row.Challenge.T0, Expires: row.Challenge.ExpiresAt().Unix(),
		Conversation: ViewConversation{Started: cv.Started.Unix(), Browser: cv.Browser, Mailbox: cv.Mailbox},
	}, nil
}

// byHandle finds the row of a living or finished challenge; an unknown handle and a dead one look alike.
func (g *Guard) byHandle(ctx context.Context, handle string) (Row, error) {
	if b, ok := unb64(handle); !ok || len(b) != 32 {
		return Row{}, Refuse(HandleExpired)
	}
	row, err := g.Ledger.ByHandle(ctx, TokenHash(handle))
	if ReasonOf(err) == NotFound || err == nil && row.Challenge == nil {
		return Row{}, Refuse(HandleExpired)
	}
	return row, err
}
