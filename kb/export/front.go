package export

import (
	"errors"
	"fmt"
	"strings"
)

// front is what stands over a Markdown text between two lines of ---, in the part of YAML that people write there:
// words, quoted words, lists in brackets or in lines of "- ".
type front struct {
	words map[string]string
	lists map[string][]string
	known func(key string) bool
}

// readFront cuts the front matter off a text. Errors: it does not end, a known key twice, or one that cannot be read.
func readFront(text string, known func(key string) bool) (f front, body string, err error) {
	f = front{words: map[string]string{}, lists: map[string][]string{}, known: known}
	if strings.HasPrefix(text, "+++\n") {
		return f, "", errors.New("front matter between +++ is not read, only between ---")
	}
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return f, text, nil
	}
	lines := strings.Split(rest, "\n")
	for i, line := range lines {
		if line = strings.TrimRight(line, " \t"); line == "---" || line == "..." {
			return f, strings.Join(lines[i+1:], "\n"), f.read(lines[:i])
		}
	}
	return f, "", errors.New("front matter does not end")
}

// read reads the lines: a key at the left edge, and what belongs to it further in.
func (f front) read(lines []string) error {
	for i := 0; i < len(lines); {
		n := i
		i++
		if t := strings.TrimSpace(lines[n]); t == "" || strings.HasPrefix(t, "#") {
			continue
		}
		for i < len(lines) && inner(lines[i]) {
			i++
		}
		key, value, ok := strings.Cut(lines[n], ":")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || inner(lines[n]) || value != "" && value[0] != ' ' && value[0] != '\t' {
			return fmt.Errorf("front matter, line %d: not a key", n+2)
		}
		if !f.known(key) {
			f.words[key] = ""
			continue
		}
		if _, had := f.words[key]; had || f.lists[key] != nil {
			return fmt.Errorf("front matter: %s stands twice", key)
		}
		if err := f.value(key, strings.TrimSpace(value), lines[n+1:i]); err != nil {
			return fmt.Errorf("front matter, %s: %w", key, err)
		}
	}
	return nil
}

// inner reports whether a line belongs to the key above it.
func inner(line string) bool {
	return line == "" || line[0] == ' ' || line[0] == '\t' || line == "-" || strings.HasPrefix(line, "- ")
}

func (f front) value(key, value string, more []string) (err error) {
	switch {
	case value == "|" || value == ">" || value == "|-" || value == ">-":
		var out []string
		for _, line := range more {
			out = append(out, strings.TrimSpace(line))
		}
		f.words[key] = strings.TrimSpace(strings.Join(out, map[bool]string{true: "\n", false: " "}[value[0] == '|']))
		return nil
	case value == "" || strings.HasPrefix(value, "#"):
		f.lists[key], err = dashed(more)
		return err
	case strings.TrimSpace(strings.Join(more, "")) != "":
		return errors.New("a value over several lines")
	case value[0] == '[':
		f.lists[key], err = bracketed(value)
		return err
	}
	word, rest, err := scalar(value, "")
	if err == nil && rest != "" {
		err = errors.New("something after the value")
	}
	f.words[key] = word
	return err
}

// dashed reads a list of one item a line.
func dashed(lines []string) ([]string, error) {
	list := []string{}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		item, ok := strings.CutPrefix(line, "-")
		if !ok || item != "" && item[0] != ' ' {
			return nil, errors.New("not a list")
		}
		word, rest, err := scalar(strings.TrimSpace(item), "")
		if err != nil || rest != "" {
			return nil, errors.Join(err, errors.New("not a list of words"))
		}
		list = append(list, word)
	}
	return list, nil
}

// bracketed reads [a, "b, c"].
func bracketed(value string) ([]string, error) {
	list, rest := []string{}, strings.TrimSpace(value[1:])
	for {
		if end, ok := strings.CutPrefix(rest, "]"); ok {
			if end = strings.TrimSpace(end); end != "" && end[0] != '#' {
				return nil, errors.New("something after the list")
			}
			return list, nil
		}
		word, more, err := scalar(rest, ",]")
		if err != nil {
			return nil, err
		}
		if more == "" {
			return nil, errors.New("the list does not end")
		}
		list, rest = append(list, word), strings.TrimSpace(strings.TrimPrefix(more, ","))
	}
}

// scalar reads one value up to its end or one of the characters in ends; rest begins with that character.
func scalar(text, ends string) (value, rest string, err error) {
	if text == "" {
		return "", "", nil
	}
	switch text[0] {
	case '"':
		value, rest, err = doubled(text[1:])
	case '\'':
		value, rest, err = single(text[1:])
	case '&', '*', '!', '{', '|', '>', '%', '@', '`':
		return "", "", errors.New("neither words nor a list of words")
	default:
		end := len(text)
		if i := strings.IndexAny(text, ends); ends != "" && i >= 0 {
			end = i
		}
		if i := strings.Index(text[:end], " #"); i >= 0 && ends == "" {
			return strings.TrimSpace(text[:i]), "", nil
		}
		return strings.TrimSpace(text[:end]), text[end:], nil
	}
	if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "#") {
		rest = ""
	}
	if rest != "" && !strings.ContainsRune(ends, rune(rest[0])) {
		err = errors.Join(err, errors.New("something after a quoted value"))
	}
	return value, rest, err
}

func doubled(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], nil
		case c != '\\':
			b.WriteByte(c)
		case i+1 < len(text):
			i++
			switch text[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case '"', '\\', '/':
				b.WriteByte(text[i])
			default:
				return "", "", fmt.Errorf("\\%c in quotes", text[i])
			}
		}
	}
	return "", "", errors.New("a quote does not end")
}

func single(text string) (value, rest string, err error) {
	for i := 0; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			i++
			continue
		}
		return strings.ReplaceAll(text[:i], "''", "'"), text[i+1:], nil
	}
	return "", "", errors.New("a quote does not end")
}

// word is the value of the first of some keys that has one.
func (f front) word(keys ...string) string {
	for _, k := range keys {
		if w := f.words[k]; w != "" {
			return w
		}
	}
	return ""
}

// list is the list of the first of some keys that has one; words with commas are a list as well.
func (f front) list(keys ...string) []string {
	for _, k := range keys {
		if len(f.lists[k]) > 0 {
			return f.lists[k]
		}
		if w := f.words[k]; w != "" {
			return strings.Split(w, ",")
		}
	}
	return nil
}
