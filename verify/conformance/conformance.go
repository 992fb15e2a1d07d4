// Package conformance attacks an account backend as a rogue gateway does: it holds the signing key that the backend
// trusts for the run and says what it likes. The scenarios are the rows of the abuse catalogue that a backend must
// withstand (proof-gate.md §8, "At a customer"); `postern conformance` runs them at a staging host, the tests at
// the demo shop and at the sample backends.
//
// A refusal counts only if the backend says so and the test accounts are, byte for byte, what they were.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Profiles: a backend that checks receipts, or one that trusts its own witness alone (proof-gate.md §3.6).
const (
	Backend = "backend"
	Witness = "witness"
)

// Options say what is tested and how. All but Confirm, Return, Secret and Client are
// needed.
type Options struct {
	Profile  string // Backend or Witness
	URL      string // where deliveries go
	Audience string // of the backend: aud of receipts, host of the commitment
	Subject  string // the test user who logs in
	Other    string // a second test account, whose owner never logs in
	Kind     string // a kind whose minimum at the backend is A3
	Field    string // its one field
	Value    string // a proper value of it; {n} becomes a number that was not used before
	// Confirm lets the test user press "approve" or "deny" on the host's own page. nil: the backend takes ID tokens
	// of the tool's provider instead.
	Confirm func(ctx context.Context, handle, choice string) error
	// State gives the test accounts as text. What may change by itself is not in it.
	State  func(ctx context.Context) ([]byte, error)
	Return string        // where the host's page sends the browser after a press; "" = the tool's own page
	Secret verify.Secret // signs deliveries and is asked of login events; nil = deliveries are not signed
	Client *http.Client  // nil = one that follows no redirect and waits 10 s
}

// Mistakes lists what is missing in the options, in words.
func (o Options) Mistakes() (all []error) {
	say := func(bad bool, what string) {
		if bad {
			all = append(all, errors.New(what))
		}
	}
	say(o.Profile != Backend && o.Profile != Witness, "profile: must be backend or witness")
	say(o.Profile == Witness && o.Confirm == nil, "confirm: the witness profile needs it, for only the host makes witnesses")
	for name, v := range map[string]string{"url": o.URL, "audience": o.Audience, "subject": o.Subject, "other": o.Other, "kind": o.Kind, "field": o.Field, "value": o.Value} {
		say(v == "", name+": is needed")
	}
	say(o.Subject == o.Other, "other: must be another account than subject")
	say(o.State == nil, "state: is needed, for a refusal counts only if nothing has changed")
	return all
}

// Run tries every scenario of the profile, one after the other, and goes on after a failure. An error means that the
// run itself could not be made: what the backend did wrong stands in the report.
func (t *Tool) Run(ctx context.Context, o Options) (Report, error) {
	if err := errors.Join(o.Mistakes()...); err != nil {
		return Report{}, err
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	t.expect(o)
	report := Report{Profile: o.Profile, URL: o.URL, Audience: o.Audience, Evidence: o.evidence(), Started: t.now().UTC()}
	for _, s := range scenarios(o) {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		report.Results = append(report.Results, t.try(ctx, o, s))
	}
	report.Ended = t.now().UTC()
	return report, nil
}

// evidence is the kind of evidence that the run uses.
func (o Options) evidence() string {
	if o.Confirm != nil {
		return verify.EvidenceOfWitness
	}
	return verify.EvidenceIDToken
}

// scenario is one try of one row.
type scenario struct {
	row, name string
	run       func(ctx context.Context, x *try) error
}

// try is a scenario while it runs.
type try struct {
	*Tool
	o    Options
	last reply // the backend's latest answer
}

// try runs one scenario and says what came of it. What a scenario calls wrong is an error.
func (t *Tool) try(ctx context.Context, o Options, s scenario) Result {
	x := &try{Tool: t, o: o}
	err := s.run(ctx, x)
	r := Result{Row: s.row, Name: s.name, OK: err == nil, Status: x.last.status, Code: x.last.code}
	if err != nil {
		r.Wrong = err.Error()
	}
	return r
}

// refusal is a scenario whose attack must change nothing and be refused with one of the codes.
func refusal(row, name string, codes []string, attack func(ctx context.Context, x *try) (message, error)) scenario {
	return scenario{row: row, name: name, run: func(ctx context.Context, x *try) error {
		m, err := attack(ctx, x)
		if err != nil {
			return err
		}
		return x.unchanged(ctx, func() error { return x.refused(ctx, m, codes) })
	}}
}

// unchanged runs f and compares the test accounts before and after it.
func (x *try) unchanged(ctx context.Context, f func() error) error {
	before, err := x.o.State(ctx)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	wrong := f()
	after, err := x.o.State(ctx)
	if err != nil {
		return errors.Join(wrong, fmt.Errorf("state: %w", err))
	}
	if string(before) != string(after) {
		wrong = errors.Join(errors.New("the accounts have changed"), wrong)
	}
	return wrong
}

// refused delivers m and wants a refusal: a status of 400 to 499 with one of the codes.
func (x *try) refused(ctx context.Context, m message, codes []string) error {
	if err := x.deliver(ctx, m); err != nil {
		return err
	}
	if x.last.status < 400 || x.last.status > 499 {
		return fmt.Errorf("answered %d, must refuse (%v)", x.last.status, codes)
	}
	for _, c := range codes {
		if x.last.code == c {
			return nil
		}
	}
	return fmt.Errorf("answered %d with code %q, must be %v", x.last.status, x.last.code, codes)
}
