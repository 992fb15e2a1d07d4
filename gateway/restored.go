package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/verify"
)

// RestoredSetting is the setting that says of which moment a database is a copy. A restore writes it in the
// transaction of the rows, so that no gateway can run on them before EndRestored has seen it.
const RestoredSetting = "restored"

// RestoredMark is the value of RestoredSetting, JSON.
type RestoredMark struct {
	TakenAt int64  `json:"taken_at"` // unix ms, the moment of the copy
	Size    int64  `json:"size"`     // of its log of changes
	Root    string `json:"root"`     // of its log, base64url
	EndedAt int64  `json:"ended_at"` // unix ms, when EndRestored was done; 0 = not yet
}

// RestoredEnds is what EndRestored ended.
type RestoredEnds struct{ Changes, Keys, Requests int }

// EndRestored ends, once after a restore, what was open in the copy and may have been ended or used up since: changes
// under way (proof-gate.md §6, invariant 11), API keys, and requests to loosen that were not decided then. Session
// tokens of before are refused from then on. Stopped half-way it is run again from the start; where nothing was
// restored it does nothing. Source: row L09.
func (s *Service) EndRestored(ctx context.Context) (e RestoredEnds, err error) {
	text, err := s.Store.Setting(ctx, RestoredSetting)
	if CodeOf(err) == "not_found" {
		return e, nil
	}
	var m RestoredMark
	if err == nil {
		err = json.Unmarshal([]byte(text), &m)
	}
	if err != nil {
		return e, Internal("read what was restored", err)
	}
	if m.EndedAt > 0 {
		s.RestoredAt = time.UnixMilli(m.EndedAt)
		return e, nil
	}
	root, err := base64.RawURLEncoding.DecodeString(m.Root)
	if err != nil || len(root) != 32 {
		return e, Internal("read what was restored", err)
	}
	if e.Changes, err = s.Guard.Restored(ctx, verify.Head{Size: m.Size, Root: [32]byte(root)}); err != nil {
		return e, err
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return e, err
	}
	if e.Keys, err = s.endKeys(ctx, now); err != nil {
		return e, err
	}
	if e.Requests, err = s.endRequests(ctx, m.TakenAt); err != nil {
		return e, err
	}
	m.EndedAt, s.RestoredAt = now.UnixMilli(), now
	done, err := json.Marshal(m)
	if err != nil {
		return e, Internal("write what was restored", err)
	}
	return e, s.Store.KeepSetting(ctx, RestoredSetting, string(done))
}

func (s *Service) endKeys(ctx context.Context, now time.Time) (n int, err error) {
	keys, err := s.Store.APIKeys(ctx)
	if err != nil {
		return 0, err
	}
	for _, k := range keys {
		if !k.EndedAt.IsZero() {
			continue
		}
		if err := s.Store.EndAPIKey(ctx, k.ID, now); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// endRequests takes back what was asked or agreed to, but not in force at the moment of the copy: it may have been
// taken back since.
func (s *Service) endRequests(ctx context.Context, taken int64) (n int, err error) {
	text, err := s.Store.Setting(ctx, policyBook)
	if err == nil {
		var b PolicyBook
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return 0, Internal("read the approved policy", err)
		}
		if w := b.Wait; w != nil && w.Ask.pending(taken) {
			w.Ask = KindSwitch{}
			n++
			if err := s.keep(ctx, policyBook, b); err != nil {
				return n, err
			}
		}
	} else if CodeOf(err) != "not_found" {
		return 0, err
	}
	text, err = s.Store.Setting(ctx, switches)
	if CodeOf(err) == "not_found" {
		return n, nil
	}
	kinds := map[string]KindSwitch{}
	if err == nil {
		err = json.Unmarshal([]byte(text), &kinds)
	}
	if err != nil {
		return n, Internal("read the kinds' switches", err)
	}
	before := n
	for name, k := range kinds {
		if k.pending(taken) {
			kinds[name] = KindSwitch{OffBy: k.OffBy, OffAt: k.OffAt}
			n++
		}
	}
	if n == before {
		return n, nil
	}
	return n, s.keep(ctx, switches, kinds)
}

// pending reports whether somebody had asked at that time, unix ms, and it was not in force yet.
func (k KindSwitch) pending(at int64) bool {
	return k.AskedAt > 0 && (k.OnAt == 0 || k.OnAt > at)
}

func (s *Service) keep(ctx context.Context, setting string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return Internal("write a setting", err)
	}
	return s.Store.KeepSetting(ctx, setting, string(text))
}
