import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.*;

/** Strict JSON: no key twice or in two cases, at any depth, no fractions. Objects are sorted maps, numbers are Long. */
final class Json {
    private final String text;
    private int at;

    private Json(String text) { this.text = text; }

    static Map<String, Object> read(byte[] bytes, int limit) {
        if (bytes.length > limit) throw new Refused("json.invalid");
        try {
            var decoder = StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT).onUnmappableCharacter(CodingErrorAction.REPORT);
            var j = new Json(decoder.decode(ByteBuffer.wrap(bytes)).toString());
            var value = j.value(0);
            j.space();
            if (j.at != j.text.length() || !(value instanceof Map<?, ?>)) throw new Refused("json.invalid");
            return object(value);
        } catch (CharacterCodingException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new Refused("json.invalid");
        }
    }

    /** The value as an object; an empty one if it is none. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object v) { return v instanceof Map<?, ?> ? (Map<String, Object>) v : Map.of(); }

    private void space() { while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++; }

    private boolean next(char c) {
        space();
        if (text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private void must(char c) { if (!next(c)) throw new Refused("json.invalid"); }

    private Object value(int depth) {
        if (depth > 32) throw new Refused("json.invalid");
        if (next('{')) return members(depth);
        if (next('[')) return elements(depth);
        if (text.charAt(at) == '"') return string();
        for (var word : List.of("true", "false", "null")) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return word.equals("null") ? null : (Object) word.equals("true");
            }
        }
        int from = at;
        if (text.charAt(at) == '-') at++;
        while (at < text.length() && "0123456789.eE+-".indexOf(text.charAt(at)) >= 0) at++;
        var number = text.substring(from, at);
        if (!number.matches("-?(0|[1-9][0-9]*)")) throw new Refused("json.invalid");
        return Long.valueOf(number);
    }

    private Map<String, Object> members(int depth) {
        var out = new TreeMap<String, Object>();
        var seen = new HashSet<String>();
        if (next('}')) return out;
        do {
            space();
            var key = string();
            if (!seen.add(key.toLowerCase(Locale.ROOT))) throw new Refused("json.duplicate");
            must(':');
            out.put(key, value(depth + 1));
        } while (next(','));
        must('}');
        return out;
    }

    private List<Object> elements(int depth) {
        var out = new ArrayList<Object>();
        if (next(']')) return out;
        do out.add(value(depth + 1)); while (next(','));
        must(']');
        return out;
    }

    private String string() {
        must('"');
        var out = new StringBuilder();
        for (char c; (c = text.charAt(at++)) != '"';) {
            if (c < ' ') throw new Refused("json.invalid");
            if (c != '\\') { out.append(c); continue; }
            c = text.charAt(at++);
            int i = "\"\\/bfnrt".indexOf(c);
            if (i >= 0) out.append("\"\\/\b\f\n\r\t".charAt(i));
            else if (c == 'u') { out.append((char) Integer.parseInt(text, at, at + 4, 16)); at += 4; }
            else throw new Refused("json.invalid");
        }
        return out.toString();
    }

    /** RFC 8785 for what read gives: sorted keys, no spaces. */
    static String write(Object v) {
        if (v instanceof String s) return quote(s);
        if (v instanceof List<?> l) return "[" + String.join(",", l.stream().map(Json::write).toList()) + "]";
        if (!(v instanceof Map<?, ?>)) return String.valueOf(v);
        var members = new ArrayList<String>();
        new TreeMap<>(object(v)).forEach((k, x) -> members.add(quote(k) + ":" + write(x)));
        return "{" + String.join(",", members) + "}";
    }

    private static String quote(String s) {
        var out = new StringBuilder("\"");
        for (char c : s.toCharArray()) {
            int i = "\"\\\b\f\n\r\t".indexOf(c);
            if (i >= 0) out.append('\\').append("\"\\bfnrt".charAt(i));
            else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        return out.append('"').toString();
    }
}
