package verify

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// jsonVariant is the reader's inner reason for a key that differs from another only in case.
const jsonVariant Reason = "json.variant"

const maxDepth = 16

// Object is a JSON object as read by the strict reader: exact keys, raw values. encoding/json would let
// "CHG" override "chg" in a struct, so nothing that is signed is ever decoded into one.
type Object map[string]json.RawMessage

// ReadObject reads one JSON object of at most limit bytes and refuses, at every depth, duplicate keys and
// keys that differ only in case, invalid UTF-8, lone surrogates, trailing data, and nesting over 16.
//
// Errors: json.invalid, json.duplicate.
func ReadObject(raw []byte, limit int) (Object, error) {
	if len(raw) > limit || !utf8.Valid(raw) {
		return nil, Refuse(JSONInvalid)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := walk(d, 0); err != nil {
		return nil, err
	}
	if d.InputOffset() != int64(len(bytes.TrimRight(raw, " \t\r\n"))) {
		return nil, Refuse(JSONInvalid)
	}
	var o Object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, RefuseCause(JSONInvalid, err)
	}
	return o, nil
}

// walk consumes one value and checks the keys of every object in it.
func walk(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return Refuse(JSONInvalid)
	}
	t, err := d.Token()
	if err != nil {
		return RefuseCause(JSONInvalid, err)
	}
	switch t {
	case json.Delim('{'):
		return walkObject(d, depth)
	case json.Delim('['):
		return walkArray(d, depth)
	}
	return whole(t)
}

// whole refuses U+FFFD: the decoder puts it where an escape was no character.
func whole(t json.Token) error {
	if s, ok := t.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
		return Refuse(JSONInvalid)
	}
	return nil
}

func walkObject(d *json.Decoder, depth int) error {
	seen := map[string]string{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return RefuseCause(JSONInvalid, err)
		}
		key, ok := t.(string)
		if !ok || whole(t) != nil {
			return Refuse(JSONInvalid)
		}
		folded := fold(key)
		if old, twice := seen[folded]; twice {
			if old != key {
				return RefuseCause(JSONDuplicate, Refuse(jsonVariant))
			}
			return Refuse(JSONDuplicate)
		}
		seen[folded] = key
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	return closing(d)
}

func walkArray(d *json.Decoder, depth int) error {
	for d.More() {
		if err := walk(d, depth+1); err != nil {
			return err
		}
	}
	return closing(d)
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return RefuseCause(JSONInvalid, err)
	}
	return nil
}

// fold maps a key to what encoding/json would confuse it with: case, and the two letters whose simple
// folding is ASCII (ſ → s, K → k).
func fold(key string) string {
	return strings.ToLower(strings.ToUpper(key))
}

// String is the value of key, which must be a JSON string. Errors: json.invalid.
func (o Object) String(key string) (string, error) {
	raw := bytes.TrimSpace(o[key])
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", RefuseField(JSONInvalid, key)
	}
	return s, nil
}

// Int is the value of key, which must be a JSON integer without fraction or exponent. Errors: json.invalid.
func (o Object) Int(key string) (int64, error) {
	var n json.Number
	raw := bytes.TrimSpace(o[key])
	if len(raw) == 0 || raw[0] == '"' || bytes.ContainsAny(raw, ".eE") || json.Unmarshal(raw, &n) != nil {
		return 0, RefuseField(JSONInvalid, key)
	}
	i, err := n.Int64()
	if err != nil {
		return 0, RefuseField(JSONInvalid, key)
	}
	return i, nil
}

// Has reports whether the key is there with exactly this spelling.
func (o Object) Has(key string) bool { _, ok := o[key]; return ok }

// Only refuses any key that is not in the list. Errors: json.invalid.
func (o Object) Only(keys ...string) error {
	n := 0
	for _, k := range keys {
		if o.Has(k) {
			n++
		}
	}
	if n != len(o) {
		return Refuse(JSONInvalid)
	}
	return nil
}
