package gateway

import (
	"bytes"
	"regexp"
)

// scrubbed stands where a secret stood.
const scrubbed = "(removed)"

// Scrub takes out of a text-like file (HAR, log, JSON, CSV, saved headers) what opens an account: cookies, the
// values of Authorization and its like, tokens by name, JSON Web Tokens by shape. It gives the text without them
// and how many they were; none = the same bytes. It is pure and linear in the text's length.
//
// What nobody can see in such a file it does not find: secrets with no name and no shape, and those in archives and
// pictures.
func Scrub(text []byte) (clean []byte, found int) {
	s := scrubber{in: text}
	for i := 0; i < len(text); {
		if !inWord(text[i]) {
			i++
			continue
		}
		end := i + 1
		for end < len(text) && inWord(text[end]) {
			end++
		}
		if i > 0 && text[i-1] == '\\' && bytes.IndexByte([]byte("nrt"), text[i]) >= 0 {
			i++ // a line's end, written in a string
		}
		i = max(end, s.word(i, end))
	}
	s.out.Write(text[s.done:])
	clean, found = s.jar(s.out.Bytes())
	if found == 0 {
		return text, 0
	}
	return clean, found
}

// jar leaves the values of a cookie jar out.
func (s *scrubber) jar(text []byte) ([]byte, int) {
	if !bytes.Contains(text, []byte("\tTRUE\t")) && !bytes.Contains(text, []byte("\tFALSE\t")) {
		return text, s.found
	}
	lines := len(cookieJar.FindAllIndex(text, -1))
	return cookieJar.ReplaceAll(text, []byte("${1}"+scrubbed)), s.found + lines
}

// inWord reports whether a byte is one of a name or of a token.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// word looks at one name or token, in[a:b], and gives where to look on.
func (s *scrubber) word(a, b int) int {
	switch {
	case b-a <= 32 && secretName(s.in[a:b]):
		return s.named(a, b)
	case b-a >= 9 && s.in[a] == 'e' && bytes.IndexByte([]byte("yw"), s.in[a+1]) >= 0:
		return s.jwt(a, b)
	case bytes.EqualFold(s.in[a:b], []byte("bearer")), bytes.EqualFold(s.in[a:b], []byte("basic")):
		return s.bearer(b)
	}
	return b
}

// secretName reports whether the value of a header, key or column of that name is a secret.
func secretName(name []byte) bool {
	var low [32]byte
	n := 0
	for _, c := range name {
		if c != '-' && c != '_' {
			low[n] = c | 0x20
			n++
		}
	}
	switch string(low[:n]) {
	case "cookie", "cookies", "cookie2", "setcookie", "setcookie2", "authorization", "proxyauthorization", "xauthorization",
		"apikey", "xapikey", "accesskey", "xaccesskey", "authkey", "xauthkey", "sessionkey",
		"accesstoken", "xaccesstoken", "authtoken", "xauthtoken", "sessiontoken", "xsessiontoken", "refreshtoken", "idtoken",
		"csrftoken", "xcsrftoken", "xsrftoken", "xxsrftoken", "xamzsecuritytoken", "clientsecret":
		return true
	}
	return false
}

// jwt leaves out a JSON Web Token, signed or encrypted (RFC 7519), whose first part is in[a:b]: base64url of "{".
func (s *scrubber) jwt(a, b int) int {
	if head := string(s.in[a : a+3]); head != "eyJ" && head != "eyA" && head != "ewo" && head != "ewk" && head != "ew0" {
		return b
	}
	end, parts := b, 1
	for parts < 5 {
		next := end
		switch {
		case next < len(s.in) && s.in[next] == '.':
			next++
		case bytes.HasPrefix(s.in[next:], []byte("%2")) && next+2 < len(s.in) && s.in[next+2]|0x20 == 'e':
			next += 3
		default:
			next = -1
		}
		if next < 0 {
			break
		}
		for end = next; end < len(s.in) && inWord(s.in[end]); {
			end++
		}
		parts++
	}
	if parts < 3 || s.in[a+2] != 'J' && end-a < 60 {
		return b
	}
	s.drop(a, end, scrubbed)
	return end
}

// bearer leaves out what follows the name of a scheme of HTTP authentication.
func (s *scrubber) bearer(p int) int {
	from := s.blanks(p)
	end := from
	for end < len(s.in) && (inWord(s.in[end]) || bytes.IndexByte([]byte("+/.~="), s.in[end]) >= 0) {
		end++
	}
	if from == p || end-from < 12 {
		return p
	}
	s.drop(from, end, scrubbed)
	return end
}

// cookieJar finds a line of Netscape's form: domain, flag, path, secure, expiry, name, value.
var cookieJar = regexp.MustCompile(`(?m)^(\S+\t(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t\d+\t[^\t\n]*\t)[^\r\n]+`)

// scrubber copies a text and leaves values out.
type scrubber struct {
	in    []byte
	out   bytes.Buffer
	done  int // bytes of in that are copied or left out
	found int
	line  int // where the line begins that was looked at last
	seen  int // how far lines were looked for
}

// drop leaves in[a:b] out, with other words in its place.
func (s *scrubber) drop(a, b int, instead string) {
	s.out.Write(s.in[s.done:a])
	s.out.WriteString(instead)
	s.done = b
	s.found++
}

// named looks at what follows the name in[a:b] and leaves its value out. It gives where to look on.
func (s *scrubber) named(a, b int) int {
	p, quoted := s.quote(b)
	p = s.blanks(p)
	if p >= len(s.in) || bytes.IndexByte([]byte(":=,;\t\n\r}"), s.in[p]) < 0 {
		return b
	}
	sign := s.in[p]
	if quoted != "" && sign != ':' && s.keyed(a) {
		return s.pair(a, p, quoted)
	}
	if sign != ':' && sign != '=' && (!s.begins(a) || quoted != "" && s.breaks(p)) {
		return b // a word in a sentence or a list
	}
	plural := s.in[b-1]|0x20 == 's'
	v := s.blanks(p + 1)
	if bytes.IndexByte([]byte(",;\t"), sign) >= 0 && s.breaks(v) {
		return b // the last of its line: a list of names
	}
	switch {
	case v < len(s.in) && (s.in[v] == '[' || s.in[v] == '{'):
		return s.dropAll(v)
	case plural: // "cookies" alone says nothing of a value
		return b
	}
	return s.dropValue(a, p, v)
}

// dropValue leaves out a value that is a string, or runs to the end of its line.
func (s *scrubber) dropValue(name, sign, v int) int {
	from, mark := s.quote(v)
	if mark != "" && s.in[sign] != '\n' {
		end := s.closes(from, mark)
		if end > from {
			s.drop(from, end, scrubbed)
		}
		return max(end, from)
	}
	if s.breaks(v) { // browsers copy name and value on two lines
		v = s.skipBreak(v)
	}
	end := v
	if s.in[sign] == '=' && s.in[sign-1]|0x20 != 'e' { // a parameter of an address; cookies have signs of their own
		for end < len(s.in) && bytes.IndexByte([]byte("& \t\r\n\"'<>]};\\"), s.in[end]) < 0 {
			end++
		}
	} else {
		end = s.lineEnd(name, v)
	}
	if len(bytes.TrimSpace(s.in[v:end])) == 0 || bytes.HasPrefix(s.in[v:end], []byte("null")) {
		return max(end, v)
	}
	s.drop(v, end, scrubbed)
	return end
}

// near is how far from its name a pair's value may stand, in bytes, besides its own length.
const near = 400

// pair leaves out the value of {"name":"Cookie","value":"…"}, whichever of the two comes first. p is behind the name.
func (s *scrubber) pair(name, p int, mark string) int {
	key := []byte("value" + mark)
	ahead := s.in[p:min(len(s.in), p+near)]
	if stop := bytes.IndexAny(ahead, "{}"); stop >= 0 {
		ahead = ahead[:stop]
	}
	if i := bytes.Index(ahead, key); i >= 0 {
		return s.member(p+i+len(key), mark, len(s.in))
	}
	from := max(s.done, name-maxPaired)
	if i := bytes.LastIndex(s.in[from:name], key); i >= 0 {
		s.member(from+i+len(key), mark, name)
	}
	return p
}

// maxPaired is how long a value before its name may be; servers refuse longer headers.
const maxPaired = 32 << 10

// member leaves out the string after a key, if it ends before limit and no object does between the two.
func (s *scrubber) member(p int, mark string, limit int) int {
	p = s.blanks(p)
	if p >= len(s.in) || s.in[p] != ':' {
		return p
	}
	from, opened := s.quote(s.blanks(p + 1))
	end := s.closes(from, mark)
	if opened != mark || end > limit || limit < len(s.in) && bytes.ContainsAny(s.in[end:limit], "{}") {
		return p
	}
	if end > from {
		s.drop(from, end, scrubbed)
	}
	return end
}

// dropAll leaves out a list or an object, and everything in it.
func (s *scrubber) dropAll(v int) int {
	opens, closes := s.in[v], byte(']')
	if opens == '{' {
		closes = '}'
	}
	depth, end := 0, v
	for end < len(s.in) {
		switch s.in[end] {
		case opens:
			depth++
		case closes:
			depth--
		case '"':
			if stop := s.closes(end+1, `"`); stop < len(s.in) {
				end = stop
			}
		}
		end++
		if depth == 0 {
			break
		}
	}
	if inside := bytes.TrimSpace(s.in[v+1 : max(v+1, end-1)]); len(inside) > 0 {
		s.drop(v, end, string(opens)+string(closes))
	}
	return end
}

// quote reads the quotation mark at p with the backslashes before it, and gives where it ends.
func (s *scrubber) quote(p int) (end int, mark string) {
	end = p
	for end < len(s.in) && s.in[end] == '\\' && end-p < 8 {
		end++
	}
	if end < len(s.in) && (s.in[end] == '"' || s.in[end] == '\'') {
		return end + 1, string(s.in[p : end+1])
	}
	return p, ""
}

// closes finds where a string that mark opened ends; its own marks stand behind more backslashes.
func (s *scrubber) closes(from int, mark string) int {
	sign, slashes := mark[len(mark)-1], len(mark)-1
	run := 0
	for i := from; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '\\':
			run++
			continue
		case c == '\n': // no string of JSON goes over a line
			return i
		case c == sign && (run == slashes || slashes == 0 && run%2 == 0):
			return i - slashes
		}
		run = 0
	}
	return len(s.in)
}

// lineEnd finds the end of a value without marks: of its line, also where the line's break is written as \n in a
// string, or of the quoted argument in which the whole header stands (curl -H 'Cookie: …').
func (s *scrubber) lineEnd(name, v int) int {
	var around byte
	if name > 0 && (s.in[name-1] == '"' || s.in[name-1] == '\'') {
		around = s.in[name-1]
	}
	json := s.inJSON(v)
	for i := v; i < len(s.in); i++ {
		c := s.in[i]
		if json && c == '"' && i+1 < len(s.in) && bytes.IndexByte([]byte(",}] \r\n"), s.in[i+1]) >= 0 {
			return i
		}
		if c == '\n' || c == '\r' || c == around && around != 0 {
			return i
		}
		if c == '\\' && i+1 < len(s.in) && (s.in[i+1] == 'n' || s.in[i+1] == 'r') {
			return i
		}
	}
	return len(s.in)
}

// inJSON reports whether the line of p is one of JSON: then a mark ends the string in which a header stands.
func (s *scrubber) inJSON(p int) bool {
	if i := bytes.LastIndexByte(s.in[min(s.seen, p):p], '\n'); i >= 0 { // both only move on: each byte is looked at once
		s.line = s.seen + i + 1
	}
	s.seen = p
	at := s.line
	for at < p && (s.in[at] == ' ' || s.in[at] == '\t') {
		at++
	}
	return at < p && (s.in[at] == '{' || s.in[at] == '[' || s.in[at] == '"')
}

// breaks reports whether a line, or the text, ends at p.
func (s *scrubber) breaks(p int) bool {
	return p >= len(s.in) || s.in[p] == '\n' || s.in[p] == '\r'
}

func (s *scrubber) blanks(p int) int {
	for p < len(s.in) && s.in[p] == ' ' {
		p++
	}
	return p
}

// skipBreak goes over one end of a line.
func (s *scrubber) skipBreak(p int) int {
	if p < len(s.in) && s.in[p] == '\r' {
		p++
	}
	if p < len(s.in) && s.in[p] == '\n' {
		p++
	}
	return p
}

// begins reports whether a name stands at the start of its line.
func (s *scrubber) begins(name int) bool {
	for name > 0 && (s.in[name-1] == '"' || s.in[name-1] == '\'' || s.in[name-1] == ' ') {
		name--
	}
	return name == 0 || s.in[name-1] == '\n'
}

// keyed reports whether a quoted name is itself the value of a key: "name":"Cookie".
func (s *scrubber) keyed(name int) bool {
	i := name
	for i > 0 && (s.in[i-1] == '"' || s.in[i-1] == '\\' || s.in[i-1] == ' ') {
		i--
	}
	return i > 0 && s.in[i-1] == ':'
}
