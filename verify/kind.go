package verify

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Tier says how much harm a change can do, and with that what it needs by default. Source: proof-gate.md §3.2.
type Tier string

// Tiers, from least to most careful.
const (
	TierRead      Tier = "read"      // named fields, 10 min window
	TierPlain     Tier = "plain"     // display name, plan, renewal
	TierSensitive Tier = "sensitive" // anything that can take over or empty the account
)

// Valid reports whether the tier is one of the three.
func (t Tier) Valid() bool { return t == TierRead || t == TierPlain || t == TierSensitive }

// Types of a field's value. Check decides what each one means.
const (
	AsEmail = "email"
	AsPhone = "phone"
	AsText  = "text"
	AsEnum  = "enum"
	AsMoney = "money"
	AsSet   = "set"
)

// Field is one value that a change carries.
type Field struct {
	Name    string            `json:"name"`              // key in Change.Fields: a-z, 0-9, _
	As      string            `json:"as"`                // email, phone, text, enum, money, set
	Values  []string          `json:"values,omitempty"`  // of enum and set: what may be chosen
	Pattern string            `json:"pattern,omitempty"` // RE2, matched against the whole value
	Max     int               `json:"max,omitempty"`     // characters; 0 = 256
	Label   map[string]string `json:"label"`             // per language; the only words a page shows
}

// Kind is one sort of change that a host accepts. People see only its title and labels, never words that
// came with the request.
type Kind struct {
	Name        string            `json:"name"` // noun.verb, "renewal.cancel"; recovery.* is refused
	Host        string            `json:"host"` // name of the host entry that owns the account
	Tier        Tier              `json:"tier"`
	Title       map[string]string `json:"title"` // per language
	Fields      []Field           `json:"fields,omitempty"`
	SelfService string            `json:"self_service,omitempty"` // page of the host where people do it themselves
	Assisted    bool              `json:"assisted,omitempty"`     // may be offered although such a page exists
	Level       Level             `json:"level,omitempty"`        // raises what the tier needs; can never lower it
	Off         bool              `json:"off,omitempty"`
	// Cooling is for how many hours a change waits whose login is worth less than the tier needs at once, with a
	// second approval at its end; 0 = such a login is refused. 1 to 72.
	Cooling int64 `json:"cooling,omitempty"`
}

// Catalogue is the list of starters: what most hosts have, named once. A policy takes a row by its name
// or writes its own. ADD A KIND HERE. Source: proof-gate.md §3.2.
func Catalogue() []Kind {
	en := func(s string) map[string]string { return map[string]string{"en": s} }
	field := func(name, as, label string) []Field { return []Field{{Name: name, As: as, Label: en(label)}} }
	return []Kind{
		{Name: ReadKind, Tier: TierRead, Title: en("Show account details to support"), Fields: []Field{{
			Name: ReadField, As: AsSet, Values: []string{"orders", "plan", "status"}, Label: en("What support will see"),
		}}},
		{Name: "name.change", Tier: TierPlain, Title: en("Change your display name"), Fields: field("name", AsText, "New name")},
		{Name: "plan.change", Tier: TierPlain, Title: en("Change your plan"), Fields: field("plan", AsText, "New plan")},
		{Name: "renewal.cancel", Tier: TierPlain, Title: en("Cancel the renewal of your plan")},
		{Name: "email.change", Tier: TierSensitive, Title: en("Change your login e-mail"), Fields: field("email", AsEmail, "New e-mail")},
		{Name: "phone.change", Tier: TierSensitive, Title: en("Change your phone number"), Fields: field("phone", AsPhone, "New phone")},
		{Name: "address.change", Tier: TierSensitive, Title: en("Change the shipping address"), Fields: field("address", AsText, "New address")},
		{Name: "payout.change", Tier: TierSensitive, Title: en("Change where payouts go"), Fields: field("account", AsText, "New payout account")},
		{Name: "data.export", Tier: TierSensitive, Title: en("Export your data")},
		{Name: "account.delete", Tier: TierSensitive, Title: en("Delete your account")},
	}
}

// Recovery reports whether a kind's name belongs to account recovery. Who cannot log in goes to the
// site's own recovery; no role has an exception. Source: proof-gate.md §3.1, row A10.
func Recovery(name string) bool {
	n := strings.ToLower(strings.TrimSpace(name))
	return n == "recovery" || strings.HasPrefix(n, "recovery.")
}

// Field returns the field with exactly this name.
func (k Kind) Field(name string) (Field, bool) {
	i := slices.IndexFunc(k.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return k.Fields[i], true
}

// Mistakes lists everything that is wrong with the kind, in words for an operator. Empty means none.
func (k Kind) Mistakes() []string {
	var bad []string
	say := func(wrong bool, what string) {
		if wrong {
			bad = append(bad, "kind "+k.Name+": "+what)
		}
	}
	say(Recovery(k.Name), "recovery.* cannot be a kind: people who cannot log in use the site's own recovery")
	say(BuiltIn(k.Name), k.Name+" is there without being named")
	say(!kindName(k.Name), "the name must look like noun.verb, lower case")
	say(k.Host == "", "host is missing")
	say(!k.Tier.Valid(), "tier must be read, plain or sensitive")
	say(k.Title["en"] == "", "title.en is missing")
	say(k.Cooling < 0 || k.Cooling > int64(CoolingMax.Hours()), "cooling must be between 1 and 72 hours")
	say(k.Cooling != 0 && k.Tier == TierRead, "what is only read cannot cool")
	say(k.Level != "" && !k.Level.Valid(), "level must be A1, A2 or A3")
	say((k.Name == ReadKind) != (k.Tier == TierRead), "tier read belongs to "+ReadKind+", and no other tier does")
	f, _ := k.Field(ReadField)
	say(k.Name == ReadKind && (len(k.Fields) != 1 || f.As != AsSet), ReadKind+" needs exactly one field, a set named "+ReadField)
	for i, f := range k.Fields {
		say(slices.ContainsFunc(k.Fields[:i], func(o Field) bool { return strings.EqualFold(o.Name, f.Name) }), "field "+f.Name+" appears twice")
		for _, m := range f.mistakes() {
			say(true, "field "+f.Name+": "+m)
		}
	}
	return bad
}

func (f Field) mistakes() []string {
	var bad []string
	if !fieldName(f.Name) {
		bad = append(bad, "the name must be lower case letters, digits and _")
	}
	if forbiddenKey(f.Name) != "" {
		bad = append(bad, "the name is reserved")
	}
	if !slices.Contains([]string{AsEmail, AsPhone, AsText, AsEnum, AsMoney, AsSet}, f.As) {
		bad = append(bad, "as must be email, phone, text, enum, money or set")
	}
	if (f.As == AsEnum || f.As == AsSet) && len(f.Values) == 0 {
		bad = append(bad, "values are missing")
	}
	if f.Label["en"] == "" {
		bad = append(bad, "label.en is missing")
	}
	if _, err := regexp.Compile(f.Pattern); err != nil {
		bad = append(bad, "the pattern is not RE2")
	}
	return bad
}

// allows reports whether the value keeps to the field's own list, pattern and length. What the type
// means is Check's business.
func (f Field) allows(value string) bool {
	limit := f.Max
	if limit <= 0 {
		limit = 256
	}
	if utf8.RuneCountInString(value) > limit {
		return false
	}
	if f.As == AsEnum && !slices.Contains(f.Values, value) {
		return false
	}
	if f.As == AsSet && !sortedSubset(value, f.Values) {
		return false
	}
	if f.Pattern == "" {
		return true
	}
	re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`)
	return err == nil && re.MatchString(value)
}

// sortedSubset reports whether value is a comma list out of all, sorted, each once: one set, one digest.
func sortedSubset(value string, all []string) bool {
	parts := strings.Split(value, ",")
	for i, p := range parts {
		if !slices.Contains(all, p) || i > 0 && parts[i-1] >= p {
			return false
		}
	}
	return true
}

func kindName(s string) bool {
	noun, verb, ok := strings.Cut(s, ".")
	return ok && fieldName(noun) && fieldName(verb) && len(s) <= 64
}

func fieldName(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// Labels gives the words of each field, per language.
func (k Kind) Labels() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, f := range k.Fields {
		out[f.Name] = f.Label
	}
	return out
}
