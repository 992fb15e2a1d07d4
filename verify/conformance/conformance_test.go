package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/conformance"
)

// tell posts a login event as the host does.
func tell(gate string, secret verify.Secret, event map[string]any) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, gate+"/v1/events/host", bytes.NewReader(body))
	if err != nil {
		return err
	}
	verify.SignHook(req.Header, secret, "ev_1", time.Now(), body)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the event was answered %d", res.StatusCode)
	}
	return nil
}

func run(t *testing.T, tool *conformance.Tool, o conformance.Options) conformance.Report {
	t.Helper()
	r, err := tool.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A backend that checks everything passes, whichever evidence it takes; one without a library passes its profile.
func TestProperBackends(t *testing.T) {
	for name, c := range map[string]struct {
		page, witness bool
		atLeast       int
	}{"receipts with ID tokens": {false, false, 70}, "receipts with witnesses": {true, false, 50}, "its own witness alone": {true, true, 20}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, tool, o := stage(t, c.page)
			if h.witness = c.witness; c.witness {
				o.Profile = conformance.Witness
			}
			r := run(t, tool, o)
			if !r.OK() || len(r.Results) < c.atLeast {
				t.Errorf("%d scenarios, want at least %d:\n%s", len(r.Results), c.atLeast, r.Text())
			}
		})
	}
}

// Whoever leaves one check out fails at the rows that look for it.
func TestWeakBackends(t *testing.T) {
	for _, c := range []struct {
		leaves verify.Reason
		page   bool
		row    string
	}{
		{verify.ReceiptSig, false, "R14 R15"},
		{verify.ReceiptIss, false, "R08 R16"},
		{verify.ReceiptAud, false, "R08"},
		{verify.ReceiptAudSingle, false, "R09"},
		{verify.ReceiptLifetime, false, "R10"},
		{verify.ReceiptExpired, false, "R11"},
		{verify.ReceiptChangeMismatch, false, "R01"},
		{verify.ReceiptCommit, false, "R04 R08"},
		{verify.ReceiptAlreadyUsed, false, "R03"},
		{verify.ReceiptLevel, false, "R07 R16"},
		{verify.ChangeSchema, false, "E08"},
		{verify.EvidenceMissing, false, "R06"},
		{verify.EvidenceSig, false, "R05"},
		{verify.EvidenceIss, false, "R05"},
		{verify.EvidenceAud, false, "R12"},
		{verify.EvidenceNonceMismatch, false, "R04"},
		{verify.EvidenceNoAuthTime, false, "C01"},
		{verify.EvidenceStale, false, "C02"},
		{verify.ClockSkew, false, "C03"},
		{verify.EvidenceSubjectMismatch, false, "R13"},
		{verify.EvidenceWitness, true, "R04 R06 R08 R13"},
		{verify.FinishSig, false, "R04"},
	} {
		t.Run(string(c.leaves), func(t *testing.T) {
			t.Parallel()
			h, tool, o := stage(t, c.page)
			h.leaves = c.leaves
			r := run(t, tool, o)
			for row := range strings.FieldsSeq(c.row) {
				if !slices.Contains(r.Failed(), row) {
					t.Errorf("%s was left out and %s is green:\n%s", c.leaves, row, r.Text())
				}
			}
		})
	}
}

func TestForgetfulBackends(t *testing.T) {
	for _, witness := range []bool{false, true} {
		h, tool, o := stage(t, true)
		h.forgets = true
		if h.witness = witness; witness {
			o.Profile = conformance.Witness
		}
		if r := run(t, tool, o); !slices.Contains(r.Failed(), "R02") || !slices.Contains(r.Failed(), "R03") {
			t.Errorf("witness %v: it applies twice, and R02 or R03 is green:\n%s", witness, r.Text())
		}
	}
	h, tool, o := stage(t, true)
	h.witness, h.leaves, o.Profile = true, verify.EvidenceWitness, conformance.Witness
	r := run(t, tool, o)
	for _, row := range []string{"R01", "R04", "R06", "R08", "R13"} {
		if !slices.Contains(r.Failed(), row) {
			t.Errorf("it looks at no witness, and %s is green", row)
		}
	}
}

// A backend that refuses everything, or a dump that shows nothing, is no success.
func TestEmptySuccess(t *testing.T) {
	h, tool, o := stage(t, false)
	h.checker.Keys = nil
	if r := run(t, tool, o); !slices.Contains(r.Failed(), "delivery") {
		t.Error("a backend that applies nothing is green")
	}
	_, tool, o = stage(t, false)
	o.State = func(context.Context) ([]byte, error) { return []byte("always this"), nil }
	if r := run(t, tool, o); !slices.Contains(r.Failed(), "delivery") {
		t.Error("a dump that never changes is green")
	}
	if _, err := tool.Run(t.Context(), conformance.Options{}); err == nil {
		t.Error("it runs without options")
	}
}

// The rows that the catalogue gives to backends are all there.
func TestEveryRow(t *testing.T) {
	tried := map[string][]string{}
	for _, c := range []struct{ page, witness bool }{{false, false}, {true, true}} {
		h, tool, o := stage(t, c.page)
		if h.witness = c.witness; c.witness {
			o.Profile = conformance.Witness
		}
		r := run(t, tool, o)
		for _, x := range r.Results {
			tried[x.Row] = append(tried[x.Row], o.Profile)
		}
		if text, err := r.JSON(); err != nil || !bytes.Contains(text, []byte(`"ok": true`)) || !strings.Contains(r.Text(), "PASSED") {
			t.Errorf("the report is %s, %v", text, err)
		}
	}
	b, err := os.ReadFile("../testdata/abuse-cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var row struct {
			ID  string
			Run []string
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		for _, profile := range row.Run {
			if (profile == conformance.Backend || profile == conformance.Witness) && !slices.Contains(tried[row.ID], profile) {
				t.Errorf("%s is for %s, and no scenario tries it", row.ID, profile)
			}
		}
	}
}
