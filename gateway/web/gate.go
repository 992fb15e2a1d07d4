package web

import (
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// gateCommand finds the commands of the proof gate.
func gateCommand(name string) (handler, bool) {
	switch name {
	case "change.draft":
		return (*socket).draft, true
	case "change.offer":
		return onChange((*gateway.Service).OfferChange), true
	case "change.withdraw":
		return onChange((*gateway.Service).WithdrawChange), true
	case "change.second":
		return onChange((*gateway.Service).SecondChange), true
	case "change.deny":
		return onChange((*gateway.Service).DenyChange), true
	case "change.open":
		return (*socket).openChange, true
	case "change.finish":
		return (*socket).finish, true
	case "transcript.link":
		return (*socket).linkTranscript, true
	case "transcript.open":
		return (*socket).openTranscript, true
	case "transcript.read":
		return (*socket).readTranscript, true
	case "tickets.open":
		return (*socket).openOwn, true
	case "tickets.list":
		return (*socket).listOwn, true
	case "tickets.read":
		return (*socket).readOwn, true
	}
	return nil, false
}

// draft hands the body to the gate's own strict reader: an unknown key beside the fields is its business.
func (k *socket) draft(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	o, err := verify.ReadObject(raw, 2*verify.MaxChange)
	if err != nil {
		if _, same := verify.ParseRequest(raw); same != nil {
			err = same // the same refusal in the words of a change
		}
		return nil, err
	}
	cv, err := o.String("conversation")
	if err != nil {
		return nil, gateway.Invalid("conversation")
	}
	delete(o, "conversation")
	body, err := json.Marshal(o)
	if err != nil {
		return nil, gateway.Internal("encode draft", err)
	}
	row, err := k.s.svc.DraftChange(ctx, c, gateway.ID(cv), body)
	if err != nil {
		return nil, err
	}
	return k.s.changeReply(row, c), nil
}

type changeArgs struct {
	Change string `json:"change"`
}

func onChange(do func(*gateway.Service, context.Context, gateway.Caller, string) (verify.Row, error)) handler {
	return func(k *socket, ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
		var in changeArgs
		if err := args(raw, &in); err != nil {
			return nil, err
		}
		row, err := do(k.s.svc, ctx, c, in.Change)
		if err != nil {
			return nil, err
		}
		return k.s.changeReply(row, c), nil
	}
}

func (k *socket) openChange(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Change string `json:"change"`
		Page   string `json:"page"`
		Over   bool   `json:"over"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if !k.s.limits.challenge(k.ip) {
		return nil, gateway.TooMany(60_000)
	}
	o, err := k.s.svc.OpenChange(ctx, c, verify.OpenRequest{Change: in.Change, Page: in.Page, Over: in.Over})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"url": o.URL, "until": o.ExpiresAt.UnixMilli(), "change": k.s.viewChange(o.Row, false), "popup": k.s.popup(o.Row.Host, in.Page),
	}, nil
}

func (k *socket) finish(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Conversation gateway.ID `json:"conversation"`
		Change       string     `json:"change"`
		Finish       string     `json:"finish"`
		Code         string     `json:"code"` // instead of finish, of a host that cannot redirect
		Sig          string     `json:"sig"`
		Chg          string     `json:"chg"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	row, err := k.s.svc.FinishChange(ctx, c, verify.FinishRequest{
		Conversation: string(in.Conversation), Change: in.Change, Token: in.Finish, Code: in.Code, Sig: in.Sig, Chg: in.Chg,
	})
	if err != nil {
		return nil, err
	}
	return k.s.changeReply(row, c), nil
}

func (s *Server) changeReply(row verify.Row, c gateway.Caller) map[string]any {
	return map[string]any{"change": s.viewChange(row, c.Staff())}
}

// changeView is a change as people see it: words from its kind only, no subject, no token.
type changeView struct {
	ID           string                       `json:"id"`
	Conversation string                       `json:"conversation"`
	Kind         string                       `json:"kind"`
	Tier         verify.Tier                  `json:"tier"`
	Title        map[string]string            `json:"title"`
	Fields       map[string]string            `json:"fields"`
	Labels       map[string]map[string]string `json:"labels"`
	State        verify.State                 `json:"state"`
	Until        int64                        `json:"until,omitempty"` // unix ms
	Guide        string                       `json:"guide,omitempty"`
	Recovery     string                       `json:"recovery,omitempty"`
	Reason       verify.Reason                `json:"reason,omitempty"` // staff only
	Receipt      string                       `json:"receipt,omitempty"`
	OfferedBy    string                       `json:"offered_by,omitempty"`
	Seconded     bool                         `json:"seconded,omitempty"` // a supervisor has agreed; staff only
	// What the widget needs to sign its finish; none of it is secret.
	Challenge string `json:"challenge,omitempty"`
	Chg       string `json:"chg,omitempty"`
	Commit    string `json:"commit,omitempty"`
	Code      bool   `json:"code,omitempty"` // the login is answered with a code to type
}

func (s *Server) viewChange(row verify.Row, staff bool) changeView {
	v := changeView{
		ID: row.ID, Conversation: row.Conversation, Kind: row.Change.Kind, Fields: row.Change.Fields, State: row.State,
		Until: row.Waits(), Chg: row.Chg,
	}
	if p, err := s.svc.Policy(); err == nil {
		k, _ := p.KindAt(row.Change.Kind, row.Host)
		h, _ := p.Host(k.Host)
		v.Tier, v.Title, v.Labels = k.Tier, k.Title, k.Labels()
		v.Guide, v.Recovery = h.Page(k.SelfService), h.Recovery
	}
	if row.Receipt != nil {
		v.Receipt = row.Receipt.ID
	}
	if staff {
		v.Reason, v.OfferedBy = row.Reason, row.OfferedBy.ID
		v.Seconded = row.Cool != nil && row.Cool.Second.ID != ""
	} else if row.Challenge != nil {
		v.Challenge, v.Commit, v.Code = row.Challenge.ID, row.Challenge.Commit, row.Challenge.Code
	}
	return v
}

// kindView is a kind as widget and console list it.
type kindView struct {
	Name     string            `json:"name"`
	Title    map[string]string `json:"title"`
	Tier     verify.Tier       `json:"tier"`
	Fields   []verify.Field    `json:"fields,omitempty"`
	Guide    string            `json:"guide,omitempty"`
	Assisted bool              `json:"assisted,omitempty"`
	Recovery string            `json:"recovery,omitempty"`
	Code     bool              `json:"code,omitempty"` // its login is answered with a code to type
}

// kindsFor lists what a mailbox's host takes; none while changes are off.
func (s *Server) kindsFor(mb gateway.Mailbox) []kindView {
	out := []kindView{}
	p, err := s.svc.Policy()
	if err != nil {
		return out
	}
	for _, k := range p.Kinds {
		if k.Off || k.Host != mb.Host {
			continue
		}
		h, _ := p.Host(k.Host)
		_, provider := p.Provider(k)
		out = append(out, kindView{
			Name: k.Name, Title: k.Title, Tier: k.Tier, Fields: k.Fields, Guide: h.Page(k.SelfService),
			Assisted: k.Assisted || k.SelfService == "", Recovery: h.Recovery, Code: h.Code && !provider,
		})
	}
	return out
}
