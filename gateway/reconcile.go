package gateway

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/postern-chat/postern/verify"
)

// ReconcileEvery is how often every change is held against the log. Whoever writes a state into the database
// without its line is found by then.
const ReconcileEvery = time.Hour

// reconciled is the setting that holds the last Reconciled.
const reconciled = "changes.reconciled"

// maxNamed is how many changes a Reconciled names.
const maxNamed = 20

// Reconciled is what the newest comparison of changes and log has found.
type Reconciled struct {
	At      int64    `json:"at"`            // unix ms
	Changes int      `json:"changes"`       // how many were looked at
	Bad     []string `json:"bad,omitempty"` // what does not fit: ids of changes, or numbers of lines; at most 20
}

// reconcile compares, says what is wrong in the log of this process and in the setting that the overview reads, and
// leaves the next comparison behind.
func (s *Service) reconcile(ctx context.Context) error {
	now, err := s.leaveNext(ctx, JobReconcile, ReconcileEvery)
	if err != nil || s.Guard == nil {
		return err
	}
	report, err := verify.Audit(ctx, s.Guard.Ledger)
	if err != nil {
		return err
	}
	found := Reconciled{At: now.UnixMilli(), Changes: report.Changes}
	for _, f := range report.Bad[:min(maxNamed, len(report.Bad))] {
		s.Log.Error("changes and log differ", "change", f.Change, "line", f.Leaf, "what", f.What)
		name := f.Change
		if name == "" {
			name = strconv.FormatInt(f.Leaf, 10)
		}
		found.Bad = append(found.Bad, name)
	}
	text, err := json.Marshal(found)
	if err != nil {
		return Internal("encode what was reconciled", err)
	}
	return s.Store.KeepSetting(ctx, reconciled, string(text))
}

// Reconciled reads what the newest comparison has found; before the first one it is empty. Errors: the store's.
func (s *Service) Reconciled(ctx context.Context) (r Reconciled, err error) {
	text, err := s.Store.Setting(ctx, reconciled)
	if CodeOf(err) == "not_found" {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, Internal("read what was reconciled", err)
	}
	return r, nil
}
