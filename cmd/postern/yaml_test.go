package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// yamlReader reads the plain part of YAML that our samples are written in, and refuses everything else: maps, lists,
// scalars on one line, flow lists, folded text ('>-'), several documents. A key twice, a tab or an odd indent is refused.
type yamlReader struct {
	lines []yamlLine
	next  int
}

type yamlLine struct {
	indent, number int
	text           string
}

// readYAML gives the documents of a file as JSON values: map[string]any, []any, string, float64, bool.
func readYAML(t *testing.T, text string) (docs []any) {
	t.Helper()
	for _, part := range regexp.MustCompile(`(?m)^---$`).Split(text, -1) {
		r := &yamlReader{}
		for i, line := range strings.Split(part, "\n") {
			bare := strings.TrimLeft(line, " ")
			if bare == "" || bare[0] == '#' {
				continue
			}
			if strings.Contains(line, "\t") || (len(line)-len(bare))%2 != 0 {
				t.Fatalf("line %d: tab or odd indent", i+1)
			}
			r.lines = append(r.lines, yamlLine{len(line) - len(bare), i + 1, strings.TrimRight(bare, " ")})
		}
		if len(r.lines) == 0 {
			continue
		}
		v, err := r.block(0)
		if err == nil && r.next < len(r.lines) {
			err = fmt.Errorf("line %d: what is this?", r.lines[r.next].number)
		}
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, v)
	}
	return docs
}

var yamlKey = regexp.MustCompile(`^([A-Za-z0-9_./-]+):(?: (.*))?$`)

func (r *yamlReader) block(indent int) (any, error) {
	if r.next >= len(r.lines) || r.lines[r.next].indent != indent {
		return nil, fmt.Errorf("line %d: nothing at indent %d", r.lines[min(r.next, len(r.lines)-1)].number, indent)
	}
	if strings.HasPrefix(r.lines[r.next].text, "- ") {
		return r.list(indent)
	}
	return r.table(indent)
}

func (r *yamlReader) list(indent int) (any, error) {
	out := []any{}
	for r.next < len(r.lines) && r.lines[r.next].indent == indent && strings.HasPrefix(r.lines[r.next].text, "- ") {
		l := &r.lines[r.next]
		item := strings.TrimPrefix(l.text, "- ")
		var v any
		var err error
		if yamlKey.MatchString(item) {
			l.indent, l.text = indent+2, item
			v, err = r.table(indent + 2)
		} else {
			r.next++
			v, err = scalarOf(item, l.number)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (r *yamlReader) table(indent int) (any, error) {
	out := map[string]any{}
	for r.next < len(r.lines) && r.lines[r.next].indent == indent {
		l := r.lines[r.next]
		m := yamlKey.FindStringSubmatch(l.text)
		if m == nil {
			return nil, fmt.Errorf("line %d: no key: %s", l.number, l.text)
		}
		if _, twice := out[m[1]]; twice {
			return nil, fmt.Errorf("line %d: %s appears twice", l.number, m[1])
		}
		r.next++
		v, err := r.value(m[2], indent, l.number)
		if err != nil {
			return nil, err
		}
		out[m[1]] = v
	}
	if r.next < len(r.lines) && r.lines[r.next].indent > indent {
		return nil, fmt.Errorf("line %d: indented too far", r.lines[r.next].number)
	}
	return out, nil
}

func (r *yamlReader) value(text string, indent, number int) (any, error) {
	switch {
	case text == ">-":
		var words []string
		for r.next < len(r.lines) && r.lines[r.next].indent > indent {
			words = append(words, r.lines[r.next].text)
			r.next++
		}
		return strings.Join(words, " "), nil
	case text != "":
		return scalarOf(text, number)
	case r.next < len(r.lines) && r.lines[r.next].indent > indent:
		return r.block(r.lines[r.next].indent)
	case r.next < len(r.lines) && r.lines[r.next].indent == indent && strings.HasPrefix(r.lines[r.next].text, "- "):
		return r.list(indent)
	}
	return nil, nil
}

func scalarOf(text string, number int) (any, error) {
	switch {
	case text == "true", text == "false":
		return text == "true", nil
	case text == "{}":
		return map[string]any{}, nil
	case strings.HasPrefix(text, "["), strings.HasPrefix(text, `"`):
		if strings.HasPrefix(text, "[") && !strings.Contains(text, `"`) {
			text = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.-]*`).ReplaceAllString(text, `"$0"`)
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		return v, nil
	case strings.ContainsAny(text[:1], "'&*!|>%@`{") || strings.Contains(text, ": ") || strings.Contains(text, " #"):
		return nil, fmt.Errorf("line %d: quote %s", number, text)
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n, nil
	}
	return text, nil
}

func TestYAMLReaderIsStrict(t *testing.T) {
	good := readYAML(t, "a: 1\nb:\n  - x: y z\n    n: [8080, http]\n  - q\nc: >-\n  two\n  words\nd: \"a: b\"\n---\ne: true\n")
	raw, err := json.Marshal(good)
	if want := `[{"a":1,"b":[{"n":[8080,"http"],"x":"y z"},"q"],"c":"two words","d":"a: b"},{"e":true}]`; err != nil || string(raw) != want {
		t.Errorf("%s, want %s", raw, want)
	}
	for _, bad := range []string{"a: 1\na: 2\n", "a:\n    b: 1\n  c: 2\n", "just words\n", "a: b: c\n", "a: 'x'\n", "a: [1\n", "a: &x 1\n"} {
		r := &yamlReader{}
		for i, line := range strings.Split(strings.TrimSpace(bad), "\n") {
			bare := strings.TrimLeft(line, " ")
			r.lines = append(r.lines, yamlLine{len(line) - len(bare), i + 1, bare})
		}
		if _, err := r.block(0); err == nil && r.next == len(r.lines) {
			t.Errorf("%q is taken", bad)
		}
	}
}
