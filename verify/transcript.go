package verify

import (
	"context"
	"slices"
	"time"
)

// TranscriptKind is the kind that every host has without naming it: its proof lets one browser read one old
// conversation for ten minutes. Nobody drafts it, nothing is delivered. Source: proof-gate.md §3.15 (4), §3.17.
const TranscriptKind = "transcript.read"

// TranscriptsKind is the like for all conversations of an account at once. No link says whose they are: the login does.
const TranscriptsKind = "transcript.list"

// BuiltIn reports whether a kind is there without being named. Its proof lets one browser read; that is all it does.
func BuiltIn(kind string) bool { return kind == TranscriptKind || kind == TranscriptsKind }

// builtIn is a built-in kind at a host.
func builtIn(name, host string) Kind {
	k := Kind{Name: name, Host: host, Tier: TierRead, Title: map[string]string{
		"en": "Read your conversation with support", "ar": "قراءة محادثتك مع الدعم",
	}}
	if name == TranscriptsKind {
		k.Title = map[string]string{"en": "Read your conversations with support", "ar": "قراءة محادثاتك مع الدعم"}
	}
	return k
}

// KindAt returns the kind with this name as a host has it: one of the policy, or a built-in one.
func (p Policy) KindAt(name, host string) (Kind, bool) {
	if BuiltIn(name) {
		_, ok := p.Host(host)
		return builtIn(name, host), ok
	}
	return p.Kind(name)
}

// ProvenSubject is the one account that changes of a conversation were proven for; "" if there is none, or if there
// are two, for then nobody can say whose conversation it is.
func ProvenSubject(rows []Row) (host, subject string) {
	for _, r := range rows {
		p := r.Proof
		if p == nil || p.Sig == "" || p.Subject == "" || r.State == Disowned {
			continue
		}
		if subject != "" && (host != r.Host || subject != p.Subject) {
			return "", ""
		}
		host, subject = r.Host, p.Subject
	}
	return host, subject
}

// AnyProven reports whether any account was proven in a conversation.
func AnyProven(rows []Row) bool {
	return slices.ContainsFunc(rows, func(r Row) bool { return r.Proof != nil && r.Proof.Sig != "" })
}

// LinkToken is the secret of a transcript's link: 256 bits, made from its id, so that only its TokenHash is stored.
// Errors: those of begin.
func (g *Guard) LinkToken(ctx context.Context, link string) (string, error) {
	if _, err := g.begin(ctx); err != nil {
		return "", err
	}
	return deriveToken(g.Secret, "transcript", link), nil
}

// RefuseDestination refuses to send a transcript anywhere, whoever asks and wherever to, with a leaf.
// Errors: transcript.destination always, those of begin and of the ledger.
func (g *Guard) RefuseDestination(ctx context.Context, by Actor, conversation string) error {
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	return g.refuse(ctx, m, Row{Conversation: conversation, Policy: m.hash}, by, TranscriptDestination)
}

// Link asks the backend of a host to tell the account's owner, where it knows him, that there is a link to a
// conversation. Nothing of the conversation is in it. Errors: backend.unavailable (try again), those of begin.
func (g *Guard) Link(ctx context.Context, host, subject, link, address string) error {
	m, err := g.begin(ctx)
	if err != nil {
		return err
	}
	if _, ok := m.policy.Host(host); !ok || subject == "" {
		return nil
	}
	err = g.Executor.Notify(ctx, Dispatch{
		Host: host, ID: "dl_" + link, Type: "owner.notice", Notice: "transcript", Subject: subject, Link: address,
	})
	if err != nil {
		return RefuseCause(BackendUnavailable, err)
	}
	return nil
}

// AskTranscript gives the change of a visit: the living one, or a new one that is offered at once. visit is where the
// ledger keeps who opened a link and whose login it takes. Only the visit's own browser may ask.
//
// Errors: role, key.required, not_found (not this browser's, or nobody's account is known), change.state (the link is over), policy.unavailable.
func (g *Guard) AskTranscript(ctx context.Context, by Actor, visit string) (Row, error) {
	return g.ask(ctx, by, visit, TranscriptKind)
}

// AskTranscripts is AskTranscript for all conversations of whoever logs in. place is the browser's own, of which the
// ledger knows the host. Errors: those of AskTranscript; policy.unavailable where there is no host.
func (g *Guard) AskTranscripts(ctx context.Context, by Actor, place string) (Row, error) {
	return g.ask(ctx, by, place, TranscriptsKind)
}

func (g *Guard) ask(ctx context.Context, by Actor, place, kind string) (Row, error) {
	m, err := g.begin(ctx)
	if err != nil {
		return Row{}, err
	}
	if by.Role != Visitor {
		return Row{}, g.refuse(ctx, m, Row{Conversation: place, Policy: m.hash}, by, RoleRefused)
	}
	if _, err := by.Key.Public(); err != nil {
		return Row{}, Refuse(KeyRequired)
	}
	cv, err := g.conversation(ctx, place, by)
	if err != nil {
		return Row{}, err
	}
	if cv.Subject == "" && kind == TranscriptKind {
		return Row{}, Refuse(NotFound)
	}
	k, ok := m.policy.KindAt(kind, cv.Host)
	if !ok {
		return Row{}, Refuse(PolicyUnavailable)
	}
	rows, err := g.Ledger.Live(ctx, place)
	if err != nil {
		return Row{}, err
	}
	for _, row := range rows {
		if g.sound(ctx, m, row) == nil {
			return row, nil
		}
	}
	return g.askTranscript(ctx, m, k, cv)
}

func (g *Guard) askTranscript(ctx context.Context, m moment, k Kind, cv Conversation) (Row, error) {
	system := Actor{Role: System}
	row, err := g.draft(m, k, cv, Request{Kind: k.Name}, system)
	if err != nil {
		return Row{}, err
	}
	if err := g.Ledger.CreateDraft(ctx, Step{Row: row, Actor: system, At: m.now, Kind: &k}); err != nil {
		return Row{}, err
	}
	old := row
	row.OfferedBy = system
	s := stepOf(row, Offered, system, "", m.now, m.now.Add(OfferLife))
	s.Kind = &k
	return g.advance(ctx, old, s)
}

// Transcript reports until when this browser may read what its visit is about: its change is proven, by its own key
// and a login of the one account, not more than WindowLife ago.
//
// Errors: context.locked for everything else, those of begin and of the ledger.
func (g *Guard) Transcript(ctx context.Context, by Actor, change string) (Row, time.Time, error) {
	return g.reads(ctx, by, change, TranscriptKind)
}

// Transcripts reports until when this browser may read the conversations of the account that its proof names, as
// Transcript does. Errors: those of Transcript.
func (g *Guard) Transcripts(ctx context.Context, by Actor, change string) (Row, time.Time, error) {
	return g.reads(ctx, by, change, TranscriptsKind)
}

func (g *Guard) reads(ctx context.Context, by Actor, change, kind string) (Row, time.Time, error) {
	m, row, err := g.loadFor(ctx, by, change)
	switch why := ReasonOf(err); {
	case why == NotFound || why == ChangeState:
		return Row{}, time.Time{}, Refuse(ContextLocked)
	case err != nil:
		return Row{}, time.Time{}, err
	}
	cv, err := g.conversation(ctx, row.Conversation, by)
	if err != nil {
		return Row{}, time.Time{}, err
	}
	if row.Change.Kind != kind || row.State != Proven || g.sound(ctx, m, row) != nil || g.proven(ctx, row) != nil {
		return Row{}, time.Time{}, Refuse(ContextLocked)
	}
	if !Equal(by.Key.Thumbprint(), row.Challenge.JKT) || row.Proof.Subject == "" || row.Host != cv.Host {
		return Row{}, time.Time{}, Refuse(ContextLocked)
	}
	if cv.Subject != "" && !Equal(row.Proof.Subject, cv.Subject) || cv.Subject == "" && kind == TranscriptKind {
		return Row{}, time.Time{}, Refuse(ContextLocked)
	}
	return row, time.UnixMilli(row.ExpiresAt), nil
}

// provenFor is the end of the state proven: of a transcript the end of reading, of all else of the time to mint.
func (m moment) provenFor(row Row) time.Time {
	if !BuiltIn(row.Change.Kind) {
		return m.now.Add(ProofLife)
	}
	return earlier(time.Unix(row.Proof.Evidence.authTime(), 0), m.now).Add(WindowLife)
}
