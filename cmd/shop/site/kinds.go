package site

import (
	"context"
	"database/sql"
	"errors"
	"net/mail"
	"strings"
	"unicode"

	"github.com/postern-chat/postern/verify"
)

// described is a change in the shop's own words, for the confirm page.
type described struct {
	Title string
	Note  string // what follows from it
	Rows  []row
	Shows []row // of a read: what support would see, as it is now
}

// row is one value: as it is and as it would be.
type row struct{ Label, Now, New string }

// title names a kind; "" = the shop does not know it.
func title(kind string) string {
	return map[string]string{
		kindEmail: "Change your login e-mail", kindRenewal: "Cancel the renewal of your plan", kindPlan: "Change your plan",
		kindName: "Change your name", kindNewsletter: "Change your newsletter setting", kindAddress: "Change your delivery address",
		verify.ReadKind: "Show account details to support", verify.TranscriptKind: "Read your conversation with support",
		verify.TranscriptsKind: "Read your conversations with support",
	}[kind]
}

// field is the one value that a change of this kind carries.
func field(kind string) string {
	switch kind {
	case kindRenewal:
		return "plan"
	case verify.ReadKind:
		return verify.ReadField
	}
	noun, _, _ := strings.Cut(kind, ".")
	return noun
}

// minimum is the shop's own minimum for a proof: its own page after a fresh login, for everything. Where it pins an
// OpenID provider, a login there is enough for what cannot take an account over or send parcels elsewhere.
func (s *Site) minimum(kind string) verify.Level {
	switch {
	case title(kind) == "":
		return ""
	case len(s.IDPs) == 0 || kind == kindEmail || kind == kindAddress:
		return verify.A3
	}
	return verify.A2
}

// value is the change's one value, if it is a proper one. Errors: change.schema, change.value.
func value(c verify.Change) (string, error) {
	if verify.BuiltIn(c.Kind) && len(c.Fields) == 0 {
		return "", nil
	}
	v, ok := c.Fields[field(c.Kind)]
	if title(c.Kind) == "" || !ok || len(c.Fields) != 1 {
		return "", verify.Refuse(verify.ChangeSchema)
	}
	proper := false
	switch c.Kind {
	case kindRenewal, kindPlan:
		_, proper = planBy(v)
	case kindNewsletter:
		proper = v == "on" || v == "off"
	case kindEmail:
		proper = properEmail(v)
	case kindName:
		proper = properLine(v, 80)
	case kindAddress:
		proper = properLine(v, 200)
	case verify.ReadKind:
		proper = properSet(v)
	}
	if !proper {
		return "", verify.Refuse(verify.ChangeValue)
	}
	return v, nil
}

// properLine is one line that shows what it is: no control, format or invisible character, no space at its ends.
func properLine(v string, most int) bool {
	return v != "" && len([]rune(v)) <= most && v == strings.TrimSpace(v) && strings.IndexFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// properEmail is a plain address in lower case, with a domain in ASCII (its A-label form).
func properEmail(v string) bool {
	a, err := mail.ParseAddress(v)
	_, domain, _ := strings.Cut(v, "@")
	return err == nil && a.Address == v && a.Name == "" && len(v) <= 254 && v == strings.ToLower(v) && strings.Contains(domain, ".") &&
		strings.IndexFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) < 0 && properLine(v, 254)
}

// describe puts a change into words, with the values that it would replace. Errors: those of value.
func describe(ctx context.Context, q queryer, c Customer, ch verify.Change) (described, error) {
	v, err := value(ch)
	if err != nil {
		return described{}, err
	}
	p, has, err := planOf(ctx, q, c.ID)
	if err != nil {
		return described{}, err
	}
	d := described{Title: title(ch.Kind)}
	switch ch.Kind {
	case verify.TranscriptKind:
		d.Note = "Only the browser in which you opened the link shows you what you and support wrote, for ten minutes from now. Nothing of your account is shown to anybody, and nothing is changed."
	case verify.TranscriptsKind:
		d.Note = "Only the browser in which you asked for it shows you all that you and support wrote, for ten minutes from now. Nothing of your account is shown to anybody, and nothing is changed."
	case kindRenewal:
		d.Rows, d.Note = []row{{"Plan", planName(v), "Renewal off"}}, "Boxes that are paid for still come. Nothing more is charged."
		if has {
			d.Note = "Your last box comes before " + p.RenewsAt.UTC().Format("2 January 2006") + ". Nothing more is charged."
		}
	case kindPlan:
		d.Rows, d.Note = []row{{"Plan", planName(p.Name), planName(v)}}, "It starts with the next box."
	case kindEmail:
		d.Rows, d.Note = []row{{"Login e-mail", c.Email, v}}, "From then on you sign in with the new address."
	case kindName:
		d.Rows = []row{{"Name", c.Name, v}}
	case kindNewsletter:
		d.Rows = []row{{"Newsletter", onOff(c.Newsletter), strings.ToUpper(v[:1]) + v[1:]}}
	case kindAddress:
		d.Rows, d.Note = []row{{"Delivery address", c.Address, v}}, "Parcels that are packed already still go to the old one."
	case verify.ReadKind:
		d.Note = "The person who helps you sees this for ten minutes from now, and nothing else of your account. Nothing is changed."
		found, err := facts(ctx, q, c, v)
		if err != nil {
			return described{}, err
		}
		for _, n := range strings.Split(v, ",") {
			d.Shows = append(d.Shows, row{Label: labelOf(n), Now: found[n]})
		}
	}
	return d, nil
}

func onOff(on bool) string {
	if on {
		return "On"
	}
	return "Off"
}

// carryOut applies a proven change in the caller's transaction. Errors: change.schema, change.value, change.state.
func carryOut(ctx context.Context, t *sql.Tx, c Customer, ch verify.Change, receipt string, at int64) error {
	v, err := value(ch)
	if err == nil && verify.BuiltIn(ch.Kind) {
		err = verify.Refuse(verify.ChangeSchema) // a login shows it; nobody carries it out
	}
	if err != nil {
		return err
	}
	switch ch.Kind {
	case kindRenewal:
		return renewalOff(ctx, t, c.ID, v, receipt, at)
	case kindPlan:
		return switchPlan(ctx, t, c.ID, v)
	case kindNewsletter:
		return change(ctx, t, c.ID, "newsletter", v == "on")
	case kindEmail:
		if _, err := customerBy(ctx, t, "email", v); !errors.Is(err, errNoCustomer) {
			return errors.Join(verify.Refuse(verify.ChangeState), err)
		}
		return change(ctx, t, c.ID, "email", v)
	case kindName:
		return change(ctx, t, c.ID, "name", v)
	case verify.ReadKind:
		return nil // the answer is all
	}
	return change(ctx, t, c.ID, "address", v)
}
