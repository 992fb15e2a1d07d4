package verify

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// readLeaf reads a line strictly: its one canonical form, or one that older lines have; all values strings, no other
// key. Errors: json.invalid, json.duplicate.
func readLeaf(b []byte) (Leaf, error) {
	if l, ok := scanLeaf(b); ok {
		return l, nil
	}
	o, err := ReadObject(b, maxLeaf)
	if err != nil {
		return Leaf{}, err
	}
	for key := range o {
		if _, err := o.String(key); err != nil {
			return Leaf{}, err
		}
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var l Leaf
	if err := d.Decode(&l); err != nil {
		return Leaf{}, RefuseCause(JSONInvalid, err)
	}
	return l, nil
}

// scanLeaf reads the canonical form, whose keys have one order, where no value needs an escape. A log has millions of
// lines, and nearly all are like that.
func scanLeaf(b []byte) (l Leaf, ok bool) {
	if len(b) > maxLeaf || !utf8.Valid(b) {
		return l, false
	}
	rest := string(b)
	for i, f := range []struct {
		key string
		to  *string
	}{
		{`"actor":"`, &l.Actor},
		{`"at":"`, &l.At},
		{`"challenge":"`, &l.Challenge},
		{`"change":"`, &l.Change},
		{`"chg":"`, &l.Chg},
		{`"conversation":"`, &l.Conversation},
		{`"evidence":"`, &l.Evidence},
		{`"from":"`, (*string)(&l.From)},
		{`"level":"`, (*string)(&l.Level)},
		{`"policy":"`, &l.Policy},
		{`"reason":"`, (*string)(&l.Reason)},
		{`"role":"`, (*string)(&l.Role)},
		{`"sealed":"`, &l.Sealed},
		{`"to":"`, (*string)(&l.To)},
		{`"v":"`, &l.V},
	} {
		open := "{"
		if i > 0 {
			open = ","
		}
		value, found := strings.CutPrefix(rest, open)
		if !found {
			return l, false
		}
		if value, found = strings.CutPrefix(value, f.key); !found {
			return l, false
		}
		end := strings.IndexByte(value, '"')
		if end < 0 || strings.ContainsFunc(value[:end], special) {
			return l, false
		}
		*f.to, rest = value[:end], value[end+1:]
	}
	return l, rest == "}"
}

func special(r rune) bool { return r < ' ' || r == '\\' || r == utf8.RuneError }
