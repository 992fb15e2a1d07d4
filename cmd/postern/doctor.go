package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"time"
)

// Levels of a finding. Bad: something is broken, or open to others. Care: it works, and is weaker than it could be.
const (
	levelBad  = "bad"
	levelCare = "care"
)

// symptom is one thing that the doctor found.
type symptom struct {
	Level string `json:"level"`
	Code  string `json:"code"` // stable, for programs
	What  string `json:"what"`
	Do    string `json:"do"`
}

// doctor collects symptoms.
type doctor struct {
	found   []symptom
	current bool // the database has this program's schema
}

func (d *doctor) bad(wrong bool, code, what, do string) { d.add(wrong, levelBad, code, what, do) }

func (d *doctor) care(wrong bool, code, what, do string) { d.add(wrong, levelCare, code, what, do) }

func (d *doctor) add(wrong bool, level, code, what, do string) {
	if wrong {
		d.found = append(d.found, symptom{level, code, what, do})
	}
}

// failed reports a part that does not answer or cannot be read.
func (d *doctor) failed(err error, code, what, do string) bool {
	d.bad(err != nil, code, fmt.Sprintf("%s: %v", what, err), do)
	return err != nil
}

// runDoctor is 'postern doctor': what is unsafe or broken, and what to do. It changes nothing and needs no running
// gateway, but for --mail: then each mailbox is sent a mail, which a running gateway must take in. Exit code 0 = nothing is bad; 1 = something is, with --strict also what asks for care; 2 = asked in a wrong way.
func runDoctor(ctx context.Context, c call) int {
	args, asJSON := without(c.args, "--json")
	args, strict := without(args, "--strict")
	args, mails := without(args, "--mail")
	cfg, rest, err := Load(args, c.env, c.err)
	if errors.Is(err, flag.ErrHelp) || len(rest) > 0 {
		return usage(c.err, err, rest)
	}
	d := &doctor{}
	var mistakes Mistakes
	if errors.As(err, &mistakes) {
		for _, m := range mistakes {
			d.bad(true, "config", m, "mend it; 'postern config' prints what each key means")
		}
	} else {
		d.examine(ctx, cfg, here())
		if mails && d.current {
			ctx, cancel := context.WithTimeout(ctx, mailTime)
			d.itself(ctx, cfg, here())
			cancel()
		}
	}
	slices.SortStableFunc(d.found, func(a, b symptom) int { return cmp.Compare(a.Level, b.Level) }) // bad before care
	d.report(c, asJSON)
	bad := slices.ContainsFunc(d.found, func(s symptom) bool { return s.Level == levelBad })
	if bad || strict && len(d.found) > 0 {
		return exitFailed
	}
	return exitOK
}

// without takes a switch out of the arguments.
func without(args []string, name string) (rest []string, had bool) {
	rest = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == name })
	return rest, len(rest) < len(args)
}

func (d *doctor) report(c call, asJSON bool) {
	if asJSON {
		found := d.found
		if found == nil {
			found = []symptom{}
		}
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		_ = e.Encode(map[string]any{"found": found}) // to whoever reads our output
		return
	}
	for _, s := range d.found {
		fmt.Fprintf(c.out, "%-4s %s: %s\n     → %s\n", s.Level, s.Code, s.What, s.Do)
	}
	if len(d.found) == 0 {
		fmt.Fprintln(c.out, "nothing to say: all parts answer, and no setting is unsafe")
	}
}

// lookTime is how long one part may take to answer.
const lookTime = 5 * time.Second

// examine looks at the settings, then at each part.
func (d *doctor) examine(ctx context.Context, c Config, o outside) {
	d.settings(c)
	d.secrets(c)
	d.machine(c)
	d.policy(c)
	for _, look := range []func(context.Context, Config, outside){d.database, d.redis, d.signer, d.smtp, d.dkim} {
		part, cancel := context.WithTimeout(ctx, lookTime)
		look(part, c, o)
		cancel()
	}
}
