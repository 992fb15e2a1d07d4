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
// is a loosening: it needs a second admin and 24 h, or 72 h where there is one admin only.
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

// Loosen is the switch after by wants the kind on, or agrees that it should be. admins is how many admins can
// sign in. The same admin asking again changes nothing.
func (k KindSwitch) Loosen(by ID, admins int, now time.Time) KindSwitch {
	switch {
	case k.AskedBy == "":
		k.AskedBy, k.AskedAt = by, now.UnixMilli()
		if admins < 2 {
			k.OnAt = now.Add(LoosenAlone).UnixMilli()
		}
	case k.AskedBy != by && k.AgreeBy == "":
		k.AgreeBy = by
		k.OnAt = max(now.UnixMilli(), k.AskedAt+LoosenSecond.Milliseconds())
	}
	return k
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
// Errors: forbidden; not_found for a kind that the policy does not have; conflict when others never stop switching.
func (s *Service) SwitchKind(ctx context.Context, c Caller, kind string, off bool) (KindSwitch, error) {
	if err := c.may(VerbSettings); err != nil {
		return KindSwitch{}, err
	}
	if p, _ := s.Policy(); !has(p, kind) {
		return KindSwitch{}, NotFound()
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
		admins, err := s.admins(ctx)
		if err != nil {
			return KindSwitch{}, err
		}
		k = k.Loosen(c.Actor.ID, admins, now)
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

// admins counts who could agree.
func (s *Service) admins(ctx context.Context) (n int, err error) {
	list, err := s.Store.Agents(ctx)
	for _, a := range list {
		if a.Role == RoleAdmin && a.DisabledAt.IsZero() {
			n++
		}
	}
	return n, err
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
