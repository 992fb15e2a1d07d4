package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// Rule says what one kind does at the API behind an enforcer. A placeholder is {sub} or {NAME of a field}; in Path it is
// a whole segment, in Body a whole string. The kind's fields are exactly those that Path and Body name.
type Rule struct {
	Kind, Method, Path, Body string
	Minimum                  verify.Level
}

var placeholder = regexp.MustCompile(`^\{[a-z][a-z0-9_]*\}$`)

// fits refuses a change with other fields than the rule names, before anything of it is believed. Errors: change.schema.
func (r Rule) fits(c verify.Change) error {
	named := map[string]bool{}
	note := func(s string) (string, bool) {
		if placeholder.MatchString(s) && s != "{sub}" {
			named[s[1:len(s)-1]] = true
		}
		return s, false
	}
	for s := range strings.SplitSeq(r.Path, "/") {
		_, _ = note(s)
	}
	t, err := r.template()
	if err != nil {
		return err
	}
	fill(t, note)
	for name := range c.Fields {
		if !named[name] {
			return verify.RefuseField(verify.ChangeSchema, name)
		}
	}
	if len(named) != len(c.Fields) {
		return verify.Refuse(verify.ChangeSchema)
	}
	return nil
}

// Check says what is wrong with the rules, all of it.
func (e *Enforcer) Check() error {
	var bad []error
	seen := map[string]bool{}
	for _, r := range e.Rules {
		say := func(wrong bool, what string) {
			if wrong {
				bad = append(bad, fmt.Errorf("rule %s: %s", r.Kind, what))
			}
		}
		say(r.Kind == "" || seen[r.Kind], "the kind is missing or has two rules")
		seen[r.Kind] = true
		say(verify.Recovery(r.Kind), "an account is not recovered by support")
		say(!slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, r.Method), "method: must be POST, PUT, PATCH or DELETE")
		say(!r.Minimum.AtLeast(verify.A1), "minimum: must be A1, A2 or A3")
		say(!strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, "?#%\\") || unclean(r.Path), "path: must be a plain absolute path")
		say(!strings.Contains(r.Path, "{sub}") && !strings.Contains(r.Body, `"{sub}"`), "neither path nor body say whose account it is: {sub}")
		_, err := r.template()
		say(err != nil, "body: must be empty or a JSON object")
	}
	if len(e.Rules) == 0 {
		bad = append(bad, errors.New("rule: there is none"))
	}
	return errors.Join(bad...)
}

func (r Rule) template() (v any, err error) {
	if r.Body == "" {
		return nil, nil
	}
	o, err := verify.ReadObject([]byte(r.Body), MaxMessage)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return v, json.Unmarshal(b, &v)
}

// build makes path and body for one proven change. Errors: change.schema (other fields than the rule names),
// change.value (a value that would leave its segment of the path).
func (r Rule) build(p Proven) (path string, body []byte, err error) {
	used, bad := map[string]bool{}, false
	value := func(s string) (string, bool) {
		if !placeholder.MatchString(s) {
			return s, false
		}
		name := s[1 : len(s)-1]
		if name == "sub" {
			return p.Sub, true
		}
		v, ok := p.Change.Fields[name]
		used[name], bad = true, bad || !ok
		return v, true
	}
	var segments []string
	for _, s := range strings.Split(r.Path, "/") {
		v, filled := value(s)
		if filled && (v == "" || v == "." || v == ".." || strings.ContainsAny(v, "/\\")) {
			return "", nil, verify.Refuse(verify.ChangeValue)
		}
		segments = append(segments, url.PathEscape(v))
	}
	t, err := r.template()
	if err != nil {
		return "", nil, err
	}
	if t = fill(t, value); t != nil {
		if body, err = json.Marshal(t); err != nil {
			return "", nil, err
		}
	}
	if bad || len(used) != len(p.Change.Fields) {
		return "", nil, verify.Refuse(verify.ChangeSchema)
	}
	return strings.Join(segments, "/"), body, nil
}

// fill puts values for placeholders: a value stays one string, whatever is in it.
func fill(t any, value func(string) (string, bool)) any {
	switch t := t.(type) {
	case string:
		v, _ := value(t)
		return v
	case map[string]any:
		for k := range t {
			t[k] = fill(t[k], value)
		}
	case []any:
		for i := range t {
			t[i] = fill(t[i], value)
		}
	}
	return t
}

// unclean reports whether a path could mean another one to somebody else.
func unclean(path string) bool {
	for _, s := range strings.Split(path, "/")[1:] {
		if s == "" || s == "." || s == ".." {
			return true
		}
	}
	return false
}
