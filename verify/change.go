package verify

import (
	"encoding/json"
	"errors"
	"unicode"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// MaxChange is the size limit of a change in all, in bytes of its canonical form.
const MaxChange = 4 << 10

// MaxBase is how long an account version may be, in bytes.
const MaxBase = 128

// AnyBase is the base of a change whose account version nobody stated.
const AnyBase = "*"

// Change is what will be done to the account, in its wire form. All values are strings, so the canonical
// form is plain JSON with sorted keys in any language. There is no account in it: the account comes out
// of the proof. Source: proof-gate.md §3.3.
type Change struct {
	V      string            `json:"v"`
	Kind   string            `json:"kind"`
	Base   string            `json:"base"` // account version of the host's signed session, else "*"
	Fields map[string]string `json:"fields"`
}

// Check decides whether value is a proper value of the type as (NFC, A-label, E.164 and so on). The core
// knows no Unicode tables: verify/value supplies it. A Guard without one refuses every change.
type Check func(as, value string) error

// Canonical is the change in JCS form (RFC 8785): what is hashed, signed and compared.
func (c Change) Canonical() ([]byte, error) {
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	return canonical(c)
}

// Digest is chg = b64url(SHA-256("postern.change.v1\n" + JCS(change))).
func (c Change) Digest() (string, error) {
	b, err := c.Canonical()
	if err != nil {
		return "", err
	}
	return hash("postern.change.v1\n", b), nil
}

// Validate checks the change against its kind. A nil check refuses.
//
// Errors: change.schema (version, kind, base, a missing or unknown field), change.value, guard.unavailable.
func (c Change) Validate(k Kind, check Check) error {
	switch {
	case check == nil:
		return Refuse(GuardUnavailable)
	case c.V != "1" || c.Kind != k.Name || !cleanText(c.Base) || c.Base == "" || len(c.Base) > MaxBase:
		return Refuse(ChangeSchema)
	}
	for name := range c.Fields {
		if _, ok := k.Field(name); !ok && name == accountKey {
			return Refuse(ChangeSubjectForbidden)
		} else if !ok {
			return RefuseField(ChangeSchema, k.blame(name))
		}
	}
	for _, f := range k.Fields {
		if err := f.validate(c.Fields, check); err != nil {
			return err
		}
	}
	if b, err := c.Canonical(); err != nil || len(b) > MaxChange {
		return Refuse(ChangeValue)
	}
	return nil
}

func (f Field) validate(fields map[string]string, check Check) error {
	v, ok := fields[f.Name]
	if !ok {
		return RefuseField(ChangeSchema, f.Name)
	}
	if v == "" || !cleanText(v) || !f.allows(v) {
		return RefuseField(ChangeValue, f.Name)
	}
	if err := check(f.As, v); err != nil {
		return &Error{reason: ChangeValue, field: f.Name, err: err}
	}
	return nil
}

// blame names a field in an error only if the kind knows the name: a stranger's key is never echoed.
func (k Kind) blame(name string) string {
	if _, ok := k.Field(name); ok {
		return name
	}
	return ""
}

// cleanText refuses all of Unicode C (control, format, bidi, zero-width, unassigned private use), line and
// paragraph separators, invalid UTF-8 and U+FFFD, which stands where something was lost.
func cleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) || !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}

// Request is what a draft says: a kind and its values. Labels, subjects and anything else are refused.
type Request struct {
	Kind   string
	Fields map[string]string
}

// ParseRequest reads the body of a draft, `{"kind":…,"fields":{…}}`, through the strict reader.
//
// Errors: json.duplicate, json.invalid; change.label (words came along), change.subject_forbidden (an
// account came along), change.schema (another unknown or case-variant key), change.value (not a string).
func ParseRequest(raw []byte) (Request, error) {
	o, err := ReadObject(raw, MaxChange*2)
	if err != nil {
		return Request{}, caseVariant(err)
	}
	var r Request
	for key, v := range o {
		switch key {
		case "kind":
			r.Kind, err = o.String(key)
		case "fields":
			r.Fields, err = parseFields(v)
		default:
			err = unknownKey(key)
		}
		if err != nil {
			return Request{}, err
		}
	}
	if r.Kind == "" {
		return Request{}, Refuse(ChangeSchema)
	}
	if r.Fields == nil {
		r.Fields = map[string]string{}
	}
	return r, nil
}

func parseFields(raw json.RawMessage) (map[string]string, error) {
	o, err := ReadObject(raw, MaxChange*2)
	if err != nil {
		return nil, Refuse(ChangeSchema)
	}
	fields := make(map[string]string, len(o))
	for key := range o {
		if r := forbiddenKey(key); r != "" {
			return nil, Refuse(r)
		}
		if fields[key], err = o.String(key); err != nil {
			return nil, Refuse(ChangeValue)
		}
	}
	return fields, nil
}

// ParseChange reads the wire form of 3.3 strictly: exactly v, kind, base, fields, all strings. Backends
// use it on what they are about to execute.
//
// Errors: json.duplicate, change.schema, change.value.
func ParseChange(raw []byte) (Change, error) {
	o, err := ReadObject(raw, MaxChange*2)
	if err != nil {
		return Change{}, caseVariant(err)
	}
	if err := o.Only("v", "kind", "base", "fields"); err != nil {
		return Change{}, Refuse(ChangeSchema)
	}
	c := Change{}
	for key, to := range map[string]*string{"v": &c.V, "kind": &c.Kind, "base": &c.Base} {
		if *to, err = o.String(key); err != nil {
			return Change{}, Refuse(ChangeSchema)
		}
	}
	if c.Fields, err = parseFields(o["fields"]); err != nil {
		return Change{}, err
	}
	return c, nil
}

// caseVariant turns the reader's refusal of "email" beside "Email" into the schema error it is here.
func caseVariant(err error) error {
	if errors.Is(err, Refuse(jsonVariant)) {
		return Refuse(ChangeSchema)
	}
	return err
}

// accountKey names an account where no kind asks for one by that name (a payout account is a field like others).
const accountKey = "account"

func unknownKey(key string) error {
	if key == accountKey {
		return Refuse(ChangeSubjectForbidden)
	}
	if r := forbiddenKey(key); r != "" {
		return Refuse(r)
	}
	return Refuse(ChangeSchema)
}

// forbiddenKey is the reason why a key may never come with a change: words for people come from the kind,
// the account from the proof. "" for all other keys.
func forbiddenKey(key string) Reason {
	switch key {
	case "label", "title", "text", "description", "message":
		return ChangeLabel
	case "sub", "subject", "account_id", "user", "user_id", "customer", "customer_id":
		return ChangeSubjectForbidden
	}
	return ""
}

// canonical is JCS over any value of strings, and of integers below 2^53.
func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, RefuseCause(ChangeSchema, err)
	}
	if b, err = jcs.Transform(b); err != nil {
		return nil, RefuseCause(ChangeSchema, err)
	}
	return b, nil
}
