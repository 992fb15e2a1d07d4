package gateway

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/postern-chat/postern/verify"
)

// policyBook is the setting that holds the PolicyBook.
const policyBook = "policy.book"

// PolicyBook is the last approved policy and the looser one that waits, if the files say something else. It is the
// database's: whoever writes the files alone cannot loosen what is in force. Source: proof-gate.md §3.14.
type PolicyBook struct {
	Hash     string        `json:"hash"`
	Approved verify.Policy `json:"approved"`
	Wait     *PolicyWait   `json:"wait,omitempty"`
}

// PolicyWait is a policy that would loosen. Ask follows the rule of KindSwitch.Loosen: two admins and 24 h, or the
// only admin and 72 h, and an admin made since counts for nobody.
type PolicyWait struct {
	Hash   string        `json:"hash"`
	Policy verify.Policy `json:"policy"`
	Since  int64         `json:"since"` // unix ms, when a node first read it
	Ask    KindSwitch    `json:"ask"`
}

// settled is the book at a time: what was agreed to, and whose time is over, is approved.
func (b PolicyBook) settled(now int64) PolicyBook {
	if w := b.Wait; w != nil && w.Ask.OnAt > 0 && now >= w.Ask.OnAt {
		return PolicyBook{Hash: w.Hash, Approved: w.Policy}
	}
	return b
}

// inForce is what holds where the files say p: p itself if it was approved or is no looser, else the stricter of
// both in each value. It is never looser than the last approved policy (proof-gate.md §6, invariant 10).
func (b PolicyBook) inForce(p verify.Policy, hash string) verify.Policy {
	if b.Hash == hash || verify.Tightens(b.Approved, p) {
		return p
	}
	return verify.Stricter(b.Approved, p)
}

// policyBook gives the book as it is now and the text that stands in the store. found is false before the first start.
func (s *Service) policyBook(ctx context.Context) (b PolicyBook, text string, found bool, err error) {
	text, err = s.Store.Setting(ctx, policyBook)
	if CodeOf(err) == "not_found" {
		return b, "", false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &b)
	}
	if err != nil {
		return b, "", false, Internal("read the approved policy", err)
	}
	return b.settled(s.Now().UnixMilli()), text, true, nil
}

// PolicyWaiting is the looser policy that waits, nil = none.
func (s *Service) PolicyWaiting(ctx context.Context) (*PolicyBook, error) {
	b, _, _, err := s.policyBook(ctx)
	if err != nil || b.Wait == nil {
		return nil, err
	}
	return &b, nil
}

// InForce is the policy that holds where the files say p. It reads the database each time. Errors: the store's, or
// internal when the book cannot be read; then changes are off.
func (s *Service) InForce(p verify.Policy) (verify.Policy, error) {
	ctx, cancel := context.WithTimeout(context.Background(), switchWait)
	defer cancel()
	b, _, found, err := s.policyBook(ctx)
	if err != nil {
		return verify.Policy{}, err
	}
	if !found {
		return verify.Policy{}, NotFound() // nobody has adopted one
	}
	hash, err := p.Hash()
	if err != nil {
		return verify.Policy{}, err
	}
	return b.inForce(p, hash), nil
}

// AdoptPolicy takes what the files say, at a start. The first policy ever is approved; a stricter one is at once; a
// looser one waits, with a line in the log of changes, and until then the stricter of both is in force.
// Errors: the store's; conflict when other nodes never stop adopting.
func (s *Service) AdoptPolicy(ctx context.Context, p verify.Policy) error {
	hash, err := p.Hash()
	if err != nil {
		return err
	}
	return s.turnBook(ctx, System(), func(b PolicyBook, found bool) (PolicyBook, verify.Reason, error) {
		switch {
		case !found:
			return PolicyBook{Hash: hash, Approved: p}, "", nil
		case b.Hash == hash:
			b.Wait = nil
			return b, "", nil
		case verify.Tightens(b.Approved, p):
			return PolicyBook{Hash: hash, Approved: p}, verify.PolicyTightened, nil
		case b.Wait != nil && b.Wait.Hash == hash:
			return b, "", nil
		}
		b.Wait = &PolicyWait{Hash: hash, Policy: p, Since: s.Now().UnixMilli()}
		return b, verify.PolicyWaits, nil
	})
}

// BeginPolicy approves what the files say, whatever was approved before. It is for a demo, whose addresses differ at
// each start; a gateway that somebody relies on calls AdoptPolicy.
func (s *Service) BeginPolicy(ctx context.Context, p verify.Policy) error {
	hash, err := p.Hash()
	if err != nil {
		return err
	}
	return s.turnBook(ctx, System(), func(PolicyBook, bool) (PolicyBook, verify.Reason, error) {
		return PolicyBook{Hash: hash, Approved: p}, "", nil
	})
}

// LoosenPolicy is an admin's yes or no to the policy that waits, named by its hash. A no takes back what was asked
// and agreed; the files still say it, so it can be asked for anew.
// Errors: forbidden; forbidden stepup.required (a yes without a step-up); forbidden four_eyes (see KindSwitch.Loosen); not_found when no such policy waits.
func (s *Service) LoosenPolicy(ctx context.Context, c Caller, hash string, yes bool) error {
	if err := c.may(VerbSettings); err != nil {
		return err
	}
	if yes {
		if err := s.Stepped(ctx, c); err != nil {
			return err
		}
	}
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return err
	}
	return s.turnBook(ctx, c.Actor, func(b PolicyBook, _ bool) (PolicyBook, verify.Reason, error) {
		if b.Wait == nil || b.Wait.Hash != hash {
			return b, "", NotFound()
		}
		w := *b.Wait
		b.Wait = &w
		if !yes {
			w.Ask = KindSwitch{}
			return b, verify.PolicyRejected, nil
		}
		w.Ask, err = w.Ask.Loosen(c.Actor.ID, staff, s.Now())
		if w.Ask.AgreeBy != "" {
			return b, verify.PolicyAgreed, err
		}
		return b, verify.PolicyAsked, err
	})
}

// turnBook changes the book as do says and leaves a line in the log of changes; no two turns overwrite each other.
func (s *Service) turnBook(ctx context.Context, by Actor, do func(b PolicyBook, found bool) (PolicyBook, verify.Reason, error)) error {
	for n := 1; ; n++ {
		err := s.turnOnce(ctx, by, do)
		if CodeOf(err) != "conflict" || n == switchTries {
			return err
		}
	}
}

func (s *Service) turnOnce(ctx context.Context, by Actor, do func(b PolicyBook, found bool) (PolicyBook, verify.Reason, error)) error {
	old, stands, found, err := s.policyBook(ctx)
	if err != nil {
		return err
	}
	next, why, err := do(old, found)
	if err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return Internal("write the approved policy", err)
	}
	if string(text) == stands {
		return nil
	}
	hash := next.Hash
	if next.Wait != nil {
		hash = next.Wait.Hash
	}
	if why != "" { // the line first: nothing loosens without it
		if err := s.Guard.NotePolicy(ctx, verify.Actor{Role: verify.Role(by.Role), ID: string(by.ID)}, why, hash); err != nil {
			return err
		}
	}
	now := s.Now()
	events, err := s.Store.SwapSetting(ctx, policyBook, stands, string(text), by, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	if why == verify.PolicyWaits {
		s.Log.Error("the files loosen the policy: until two admins agree the stricter of both is in force", "policy", hash)
	}
	if w := next.Wait; w != nil && w.Ask.OnAt > 0 && w.Ask.AgreeBy == "" && (old.Wait == nil || old.Wait.Ask.OnAt == 0) {
		return s.tellAlone(ctx, hash)
	}
	return nil
}

// letterJob names who is written to, about what.
type letterJob struct {
	Agent ID     `json:"agent"`
	What  string `json:"what"`
}

// tellAlone leaves a letter to every admin and auditor: an only admin loosens the policy, and they have 72 h.
func (s *Service) tellAlone(ctx context.Context, hash string) error {
	staff, err := s.Store.Agents(ctx)
	if err != nil {
		return err
	}
	for _, a := range staff {
		if !a.DisabledAt.IsZero() || a.Role != RoleAdmin && a.Role != RoleAuditor {
			continue
		}
		payload, err := json.Marshal(letterJob{Agent: a.ID, What: "policy"})
		if err != nil {
			return Internal("encode a letter", err)
		}
		now := s.Now()
		id := "letter:" + hash + ":" + string(a.ID) + ":" + strconv.FormatInt(now.UnixMilli(), 10)
		if err := s.Store.Enqueue(ctx, Job{ID: id, Kind: JobLetter, Due: now, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// letter sends one letter to one of the staff, from the first mailbox that has an address.
func (s *Service) letter(ctx context.Context, j Job) error {
	var p letterJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || s.Letters == nil {
		return Invalid("payload")
	}
	a, err := s.Store.Agent(ctx, p.Agent)
	if err != nil {
		return err
	}
	boxes, err := s.Store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	for _, mb := range boxes {
		if !PlausibleEmail(mb.Address) {
			continue
		}
		m, err := s.Letters.Letter(j.ID, mb.Address, a, p.What, s.Now())
		if err != nil {
			return err
		}
		return s.Mail.Send(ctx, m)
	}
	return nil // there is no address to write from; the banner says it
}

// Difference is one thing in which the policy that waits differs from the approved one. From and To are values as
// the files write them, "" = not there.
type Difference struct {
	What string `json:"what"` // kind, tier, level, cooling, words, fields, self_service, assisted, off, moved, host, source
	Name string `json:"name"` // of kind, host or source
	From string `json:"from"`
	To   string `json:"to"`
}

// Differences lists what the policy to changes, for people who must agree.
func Differences(from, to verify.Policy) []Difference {
	out := differ("host", from.Hosts, to.Hosts, func(h verify.Host) string { return h.Name })
	out = append(out, differ("source", from.Sources, to.Sources, func(e verify.SourceEntry) string { return e.Name })...)
	for _, k := range from.Kinds {
		now, there := to.Kind(k.Name)
		if !there {
			out = append(out, Difference{What: "kind", Name: k.Name, From: string(k.Tier)})
			continue
		}
		out = append(out, kindDiffers(k, now)...)
	}
	for _, k := range to.Kinds {
		if _, there := from.Kind(k.Name); !there {
			out = append(out, Difference{What: "kind", Name: k.Name, To: string(k.Tier)})
		}
	}
	return out
}

func differ[T any](what string, from, to []T, name func(T) string) (out []Difference) {
	text := func(all []T) map[string]string {
		m := map[string]string{}
		for _, x := range all {
			b, _ := json.Marshal(x) // plain structs of strings
			m[name(x)] = string(b)
		}
		return m
	}
	was, is := text(from), text(to)
	for _, x := range from {
		if n := name(x); is[n] != was[n] {
			out = append(out, Difference{What: what, Name: n, From: was[n], To: is[n]})
		}
	}
	for _, x := range to {
		if n := name(x); was[n] == "" {
			out = append(out, Difference{What: what, Name: n, To: is[n]})
		}
	}
	return out
}

func kindDiffers(a, b verify.Kind) (out []Difference) {
	value := func(v any) string {
		t, _ := json.Marshal(v) // strings, numbers, maps of strings
		if len(t) > 1 && t[0] == '"' {
			return string(t[1 : len(t)-1])
		}
		return string(t)
	}
	for _, x := range []struct {
		what string
		a, b any
	}{
		{"tier", a.Tier, b.Tier},
		{"level", a.Needs(), b.Needs()},
		{"cooling", a.Cooling, b.Cooling},
		{"off", a.Off, b.Off},
		{"assisted", a.Assisted, b.Assisted},
		{"self_service", a.SelfService, b.SelfService},
		{"moved", a.Host, b.Host},
		{"fields", a.Fields, b.Fields},
		{"words", a.Title, b.Title},
	} {
		if from, to := value(x.a), value(x.b); from != to {
			out = append(out, Difference{What: x.what, Name: a.Name, From: from, To: to})
		}
	}
	return out
}
