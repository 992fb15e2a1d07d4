package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// verificationRoutes show the gate's hosts, sources and kinds as the files have them. The only thing that can
// be changed here is that a kind is off; no secret is ever read (proof-gate.md §3.14).
func (s *Server) verificationRoutes(a *fiber.App) {
	a.Get("/v1/verification", s.staff(gateway.VerbAudit, s.verification))
	a.Put("/v1/verification/policy", s.staff(gateway.VerbSettings, s.loosenPolicy))
	a.Put("/v1/verification/kinds/:name", s.staff(gateway.VerbSettings, s.switchKind))
	a.Post("/v1/verification/sources/new", s.staff(gateway.VerbSettings, s.newSource))
	a.Post("/v1/verification/sources/:name/test", s.staff(gateway.VerbSettings, s.testSource))
}

type hostView struct {
	verify.Host
	Sessions bool `json:"sessions"` // its session tokens are taken
	Sources  int  `json:"sources"`
	Kinds    int  `json:"kinds"`
}

type sourceView struct {
	verify.SourceEntry
	URL  string     `json:"url"`
	Test bool       `json:"test,omitempty"` // we can sign a test event as it would
	Last *lastEvent `json:"last,omitempty"`
}

// kindState says why a kind is off: "on", "off" (by the policy file), "switched" (by an admin). Act is what the
// reader can do about a switched one: "ask", "again" (in place of the own request), "agree", "" (nothing now).
type kindState struct {
	kindView
	Host   string              `json:"host"`
	Needs  verify.Level        `json:"needs"`
	State  string              `json:"state"`
	Switch *gateway.KindSwitch `json:"switch,omitempty"`
	Act    string              `json:"act,omitempty"`
}

// verification lists what the files say. off is not empty when changes are off as a whole.
func (s *Server) verification(c *fiber.Ctx, who gateway.Caller) (any, error) {
	p, off := s.svc.Policy()
	switches, err := s.svc.KindSwitches(c.UserContext())
	if err != nil {
		return nil, err
	}
	staff, err := s.svc.Store.Agents(c.UserContext())
	if err != nil {
		return nil, err
	}
	act := func(k gateway.KindSwitch) string { return loosening(k, who.Actor.ID, staff, s.svc.Now()) }
	sources := make([]sourceView, 0, len(p.Sources))
	for _, e := range p.Sources {
		last, err := s.lastOf(c.UserContext(), e.Name)
		if err != nil {
			return nil, err
		}
		path := "/v1/events/" + e.Name
		if e.Adapter == verify.AdapterOIDC {
			path = CallbackPath // what the provider must have as our redirect_uri
		}
		sources = append(sources, sourceView{SourceEntry: e, URL: s.opt.PublicURL.String() + path, Test: s.canTest(e.Name), Last: last})
	}
	out := fiber.Map{"hosts": s.hostViews(p), "sources": sources, "kinds": kindStates(p, switches, act), "off": ""}
	if out["waits"], err = s.policyWaits(c.UserContext(), who); err != nil {
		return nil, err
	}
	if off != nil {
		out["off"] = off.Error()
	} else if out["policy"], err = p.Hash(); err != nil {
		return nil, gateway.Internal("hash the policy", err)
	}
	return out, nil
}

func (s *Server) canTest(source string) bool {
	if s.opt.SignEvent == nil {
		return false
	}
	_, ok := s.opt.SignEvent(source, "test", time.Time{}, nil)
	return ok
}

func (s *Server) hostViews(p verify.Policy) []hostView {
	out := make([]hostView, 0, len(p.Hosts))
	for _, h := range p.Hosts {
		v := hostView{Host: h}
		_, v.Sessions = s.svc.Sessions[h.Name]
		for _, e := range p.Sources {
			if e.Host == h.Name {
				v.Sources++
			}
		}
		for _, k := range p.Kinds {
			if k.Host == h.Name {
				v.Kinds++
			}
		}
		out = append(out, v)
	}
	return out
}

func kindStates(p verify.Policy, switches map[string]gateway.KindSwitch, act func(gateway.KindSwitch) string) []kindState {
	out := make([]kindState, 0, len(p.Kinds))
	for _, k := range p.Kinds {
		v := kindState{Host: k.Host, Needs: k.Needs(), State: "on", kindView: kindView{
			Name: k.Name, Title: k.Title, Tier: k.Tier, Fields: k.Fields, Guide: k.SelfService, Assisted: k.Assisted || k.SelfService == "",
		}}
		if k.Off {
			v.State = "off"
		}
		if sw, is := switches[k.Name]; is {
			v.State, v.Switch, v.Act = "switched", &sw, act(sw)
		}
		out = append(out, v)
	}
	return out
}

// loosening is what a press of this admin would be.
func loosening(k gateway.KindSwitch, me gateway.ID, staff []gateway.Agent, now time.Time) string {
	next, err := k.Loosen(me, staff, now)
	switch {
	case err != nil || k.OnAt > 0:
		return ""
	case next.AgreeBy != "":
		return "agree"
	case k.AskedBy == me:
		return "again"
	}
	return "ask"
}

func (s *Server) switchKind(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Off *bool `json:"off"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	if in.Off == nil {
		return nil, gateway.Invalid("off")
	}
	sw, err := s.svc.SwitchKind(c.UserContext(), who, c.Params("name"), *in.Off)
	if err != nil {
		return nil, err
	}
	out := fiber.Map{"off": sw.Off(s.svc.Now())}
	if sw.OffAt > 0 {
		out["switch"] = sw
	}
	return out, nil
}

// sourceForm is how the configuration takes a source's name.
var sourceForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// newSource makes the lines of a new source for the deploy file, with a fresh secret. They are in this answer
// and nowhere else.
func (s *Server) newSource(c *fiber.Ctx, _ gateway.Caller) (any, error) {
	var in struct {
		Name string `json:"name"`
		Host string `json:"host"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	p, _ := s.svc.Policy()
	if _, ok := p.Host(in.Host); !ok {
		return nil, gateway.Invalid("host")
	}
	if !sourceForm.MatchString(in.Name) || in.Name == "new" {
		return nil, gateway.Invalid("name")
	}
	for _, e := range p.Sources {
		if e.Name == in.Name {
			return nil, gateway.Conflict()
		}
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.svc.Rand, secret); err != nil {
		return nil, gateway.Internal("make a secret", err)
	}
	file := in.Name + ".secrets"
	return fiber.Map{
		"lines":  fmt.Sprintf("[[source]]\nname = %q\nadapter = \"webhook\"\nhost = %q\nsecrets_file = %q\n", in.Name, in.Host, file),
		"file":   file,
		"secret": "whsec_" + base64.StdEncoding.EncodeToString(secret),
		"url":    s.opt.PublicURL.String() + "/v1/events/" + in.Name,
	}, nil
}

// testSource sends a login that is bound to no change through the source's own front door, signed with its
// secret: authentic, seen, and by itself nothing (level E0).
func (s *Server) testSource(c *fiber.Ctx, who gateway.Caller) (any, error) {
	if err := body(c, &struct{}{}); err != nil {
		return nil, err
	}
	name := c.Params("name")
	src, ok := s.opt.Sources[name]
	if !ok || s.opt.SignEvent == nil {
		return nil, gateway.NotFound()
	}
	if !s.limits.challenge("test event " + string(who.Actor.ID)) {
		return nil, gateway.TooMany(10_000)
	}
	if s.svc.Guard == nil {
		return nil, verify.Refuse(verify.PolicyUnavailable)
	}
	now, err := s.svc.Guard.Ledger.Now(c.UserContext())
	if err != nil {
		return nil, err
	}
	id, err := gateway.NewID("test_", now, s.svc.Rand)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]any{"type": verify.LoginConfirmed, "sub": "postern-test", "auth_time": now.Unix()})
	if err != nil {
		return nil, gateway.Internal("encode a test event", err)
	}
	header, ok := s.opt.SignEvent(name, string(id), now, text)
	if !ok {
		return nil, gateway.NotFound()
	}
	answer, err := s.deliver(c.UserContext(), name, src, verify.Delivery{Method: fiber.MethodPost, Header: header, Body: text, At: now})
	last := lastEvent{At: ms(now), Reason: verify.ReasonOf(err), Test: true}
	s.remember(c.UserContext(), name, last)
	return fiber.Map{"status": answer.Status, "last": last}, nil
}

// lastEvent is what the admin page shows of a source: when something came, and what was wrong with it.
type lastEvent struct {
	At     int64         `json:"at"` // unix ms
	Reason verify.Reason `json:"reason,omitempty"`
	Test   bool          `json:"test,omitempty"`
	// Ignored counts the authentic events of this source that were no interactive login, since the node started.
	Ignored int64 `json:"ignored,omitempty"`
}

// rememberEvery bounds how often strangers can make a node write a source's last event.
const rememberEvery = 5 * time.Second

// lastEvents knows when this node last wrote each source's last event. Sources are few: the file names them.
type lastEvents struct {
	mu    sync.Mutex
	at    map[string]time.Time
	other map[string]int64 // events that were no login
}

func newLastEvents() *lastEvents {
	return &lastEvents{at: map[string]time.Time{}, other: map[string]int64{}}
}

// ignore counts an event that was no login.
func (l *lastEvents) ignore(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.other[source]++
}

func (l *lastEvents) ignored(source string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.other[source]
}

func (l *lastEvents) due(source string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.at[source]) < rememberEvery {
		return false
	}
	l.at[source] = now
	return true
}

// remember stores a source's last event for the admin page, silently: no agent's console may learn from a frame that
// somebody has just logged in (abuse row B20). A failure costs the page a line, nothing else.
func (s *Server) remember(ctx context.Context, source string, e lastEvent) {
	if !e.Test && !s.seen.due(source, s.svc.Now()) {
		return
	}
	text, err := json.Marshal(e)
	if err == nil {
		err = s.svc.Store.KeepSetting(ctx, "source."+source, string(text))
	}
	if err != nil {
		s.log.Warn("remember event", "source", source, "code", gateway.CodeOf(err))
	}
}

// lastOf reads a source's last event; nil = none came yet.
func (s *Server) lastOf(ctx context.Context, source string) (*lastEvent, error) {
	text, err := s.svc.Store.Setting(ctx, "source."+source)
	if gateway.CodeOf(err) == "not_found" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var e lastEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return nil, gateway.Internal("read a last event", err)
	}
	return &e, nil
}
