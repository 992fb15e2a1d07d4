package gateway

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/verify"
)

// How long a loosening waits: agreed by a second admin, or wanted by the only one. Source: proof-gate.md §3.14.
const (
	LoosenSecond = 24 * time.Hour
	LoosenAlone  = 72 * time.Hour
)

// switches is the setting that holds every KindSwitch, by kind.
const switches = "kinds.off"

// switchWait is how long reading the switches may take.
const switchWait = 2 * time.Second

// KindSwitch says that admins switched a change kind off, beside the policy file. Off holds at once; on again
// is a loosening: it needs a second admin and 24 h, or 72 h where there is one admin only (see Loosen).
type KindSwitch struct {
	OffBy   ID    `json:"off_by"`
	OffAt   int64 `json:"off_at"`             // unix ms
	AskedBy ID    `json:"asked_by,omitempty"` // who wants it on again
	AskedAt int64 `json:"asked_at,omitempty"` // unix ms
	AgreeBy ID    `json:"agree_by,omitempty"` // the second admin
	OnAt    int64 `json:"on_at,omitempty"`    // unix ms; 0 = not agreed
}

// Off reports whether the kind is off at now.
func (k KindSwitch) Off(now time.Time) bool {
	return k.OffAt > 0 && (k.OnAt == 0 || now.UnixMilli() < k.OnAt)
}

// Loosen is the switch after by wants the kind on, or agrees that it should be. staff is everybody, also who is
// disabled. Two people are needed who both were admins of long standing when it was asked for: whom one admin has
// made, let back in or given a password link counts for nobody until LoosenAlone has passed, and an admin who was
// there in that time is missed by no rule, even if he was removed since. What is asked again by the same admin, or
// instead of somebody who counts no more, is asked anew.
//
// Errors: forbidden four_eyes for who is no admin of long standing; then nothing has changed.
func (k KindSwitch) Loosen(by ID, staff []Agent, now time.Time) (KindSwitch, error) {
	if k.OnAt > 0 { // agreed, or the only admin's time runs
		return k, nil
	}
	asked := time.UnixMilli(k.AskedAt)
	if k.AskedBy != "" && k.AskedBy != by && standing(staff, k.AskedBy, asked) {
		if !standing(staff, by, asked) {
			return k, FourEyes()
		}
		k.AgreeBy = by
		k.OnAt = max(now.UnixMilli(), asked.Add(LoosenSecond).UnixMilli())
		return k, nil
	}
	alone := onlyAdmin(staff, by, now)
	if !alone && !standing(staff, by, now) {
		return k, FourEyes()
	}
	k.AskedBy, k.AskedAt = by, now.UnixMilli()
	if alone {
		k.OnAt = now.Add(LoosenAlone).UnixMilli()
	}
	return k, nil
}

// standing reports whether the agent is an admin, and was one with the same hands on the account for LoosenAlone
// before at. That is no shorter than the wait of an only admin, so a second account saves nobody time.
func standing(staff []Agent, id ID, at time.Time) bool {
	for _, a := range staff {
		if a.ID == id {
			return a.Admin() && !a.HeldSince.After(at.Add(-LoosenAlone))
		}
	}
	return false
}

// onlyAdmin reports whether nobody but by has been an admin in the LoosenAlone before now.
func onlyAdmin(staff []Agent, by ID, now time.Time) bool {
	for _, a := range staff {
		if a.ID != by && (a.Admin() || a.AdminUntil.After(now.Add(-LoosenAlone))) {
			return false
		}
	}
	return true
}

// KindSwitches reads what is switched off, by kind. Switches whose time is over are left out.
func (s *Service) KindSwitches(ctx context.Context) (map[string]KindSwitch, error) {
	out, _, err := s.kindSwitches(ctx)
	return out, err
}

// kindSwitches also gives the text that stands in the store, "" = none yet.
func (s *Service) kindSwitches(ctx context.Context) (out map[string]KindSwitch, text string, err error) {
	out = map[string]KindSwitch{}
	text, err = s.Store.Setting(ctx, switches)
	if CodeOf(err) == "not_found" {
		return out, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, "", Internal("read the kinds' switches", err)
	}
	now := s.Now()
	for name, k := range out {
		if !k.Off(now) {
			delete(out, name)
		}
	}
	return out, text, nil
}

// switchTries is how often a switch is tried again because another admin's came between.
const switchTries = 20

// SwitchKind switches a kind off at once, or asks or agrees to have it on again. No two switches in the same
// moment overwrite each other.
// Errors: forbidden; forbidden stepup.required (on again without a step-up); forbidden four_eyes (see KindSwitch.Loosen);
// not_found for a kind that the policy does not have;
// conflict when others never stop switching.
func (s *Service) SwitchKind(ctx context.Context, c Caller, kind string, off bool) (KindSwitch, error) {
	if err := c.may(VerbSettings); err != nil {
		return KindSwitch{}, err
	}
	if p, _ := s.Policy(); !has(p, kind) {
		return KindSwitch{}, NotFound()
	}
	if !off {
		if err := s.Stepped(ctx, c); err != nil {
			return KindSwitch{}, err
		}
	}
	for n := 1; ; n++ {
		k, err := s.switchOnce(ctx, c, kind, off)
		if CodeOf(err) != "conflict" || n == switchTries {
			return k, err
		}
	}
}

func (s *Service) switchOnce(ctx context.Context, c Caller, kind string, off bool) (KindSwitch, error) {
	all, stands, err := s.kindSwitches(ctx)
	if err != nil {
		return KindSwitch{}, err
	}
	now := s.Now()
	k, was := all[kind]
	switch {
	case off: // also over a loosening that waits: the stricter one counts
		k = KindSwitch{OffBy: c.Actor.ID, OffAt: now.UnixMilli()}
	case !was:
		return KindSwitch{}, nil
	default:
		staff, err := s.Store.Agents(ctx)
		if err != nil {
			return KindSwitch{}, err
		}
		if k, err = k.Loosen(c.Actor.ID, staff, now); err != nil {
			return KindSwitch{}, err
		}
	}
	all[kind] = k
	text, err := json.Marshal(all)
	if err != nil {
		return KindSwitch{}, Internal("write the kinds' switches", err)
	}
	events, err := s.Store.SwapSetting(ctx, switches, stands, string(text), c.Actor, now)
	if err != nil {
		return KindSwitch{}, err
	}
	s.publish(ctx, events...)
	return k, nil
}

func has(p verify.Policy, kind string) bool {
	_, ok := p.Kind(kind)
	return ok
}

// Restrict is the files' policy with what admins switched off. It reads the database each time: what one node
// switches off is off on all. Errors: the store's; then changes are off.
func (s *Service) Restrict(p verify.Policy) (verify.Policy, error) {
	ctx, cancel := context.WithTimeout(context.Background(), switchWait)
	defer cancel()
	off, err := s.KindSwitches(ctx)
	if err != nil {
		return verify.Policy{}, err
	}
	kinds := make([]verify.Kind, 0, len(p.Kinds))
	for _, k := range p.Kinds {
		if _, is := off[k.Name]; is {
			k.Off = true
		}
		kinds = append(kinds, k)
	}
	p.Kinds = kinds
	return p, nil
}
