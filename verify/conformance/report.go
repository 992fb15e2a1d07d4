package conformance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what a run found, made to be filed.
type Report struct {
	Profile  string    `json:"profile"`
	URL      string    `json:"url"`
	Audience string    `json:"audience"`
	Evidence string    `json:"evidence"` // id_token or witness
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	Results  []Result  `json:"results"`
}

// Result is one scenario. Row is its id in the abuse catalogue; a backend's own duties that have no row there stand
// under "delivery".
type Result struct {
	Row    string `json:"row"`
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Status int    `json:"status,omitempty"` // the backend's last answer
	Code   string `json:"code,omitempty"`
	Wrong  string `json:"wrong,omitempty"`
}

// OK reports whether something was tried and nothing was wrong.
func (r Report) OK() bool { return len(r.Results) > 0 && len(r.Failed()) == 0 }

// Failed are the rows of which at least one scenario failed, sorted, each once.
func (r Report) Failed() (rows []string) {
	for _, x := range r.Results {
		if !x.OK {
			rows = append(rows, x.Row)
		}
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// JSON is the report for machines.
func (r Report) JSON() ([]byte, error) {
	type all Report
	return json.MarshalIndent(struct {
		all
		OK     bool     `json:"ok"`
		Failed []string `json:"failed"`
	}{all(r), r.OK(), r.Failed()}, "", "  ")
}

// Text is the report for people: one line for each scenario, the verdict last.
func (r Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Postern conformance: %s\nprofile %s, audience %s, evidence %s\n%s to %s\n\n",
		r.URL, r.Profile, r.Audience, r.Evidence, r.Started.Format(time.RFC3339), r.Ended.Format(time.RFC3339))
	bad := 0
	for _, x := range r.Results {
		word := "ok  "
		if !x.OK {
			word = "FAIL"
			bad++
		}
		fmt.Fprintf(&b, "%s  %-8s  %s", word, x.Row, x.Name)
		if x.Status != 0 {
			fmt.Fprintf(&b, "  [%s]", strings.TrimSpace(fmt.Sprintf("%d %s", x.Status, x.Code)))
		}
		if x.Wrong != "" {
			fmt.Fprintf(&b, "\n          %s", strings.ReplaceAll(x.Wrong, "\n", "\n          "))
		}
		b.WriteByte('\n')
	}
	if r.OK() {
		fmt.Fprintf(&b, "\nPASSED: %d of %d\n", len(r.Results), len(r.Results))
	} else {
		fmt.Fprintf(&b, "\nFAILED: %d of %d, rows %s\n", bad, len(r.Results), strings.Join(r.Failed(), " "))
	}
	return b.String()
}
