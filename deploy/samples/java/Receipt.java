import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.*;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.*;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The receipt check of proof-gate.md §3.9, steps 1 to 9. The JDK and nothing else. */
final class Receipt {
    /** What this backend can do, and the fields of each. */
    static final Map<String, Set<String>> KINDS = Map.of("email.change", Set.of("email"), "name.change", Set.of("name"));
    static final List<String> TEXTS = List.of("iss", "jti", "use", "sub", "sub_iss", "kind", "chg", "commit", "challenge", "conversation", "salt", "level", "policy");
    static final List<String> TIMES = List.of("iat", "exp", "t0", "approved_at");
    static final Set<String> OTHERS = Set.of("aud", "cnf", "fin", "ev", "log");

    private Receipt() {}

    static void refuse(boolean wrong, String reason) { if (wrong) throw new Refused(reason); }

    static byte[] unb64(Object text) {
        try {
            var bytes = text instanceof String s ? Base64.getUrlDecoder().decode(s) : new byte[0];
            refuse(bytes.length == 0 || !b64(bytes).equals(text), "json.invalid"); // one text for one value
            return bytes;
        } catch (IllegalArgumentException e) {
            throw new Refused("json.invalid");
        }
    }

    static String b64(byte[] bytes) { return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes); }

    static byte[] utf8(String s) { return s.getBytes(StandardCharsets.UTF_8); }

    static boolean same(Object a, Object b) {
        return a instanceof String x && b instanceof String y && MessageDigest.isEqual(utf8(x), utf8(y));
    }

    static boolean whole(Object v) { return v instanceof Long n && n >= 0 && n < 1L << 40; }

    static String digest(String label, Object value) {
        try {
            return b64(MessageDigest.getInstance("SHA-256").digest(utf8(label + Json.write(value))));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static PublicKey publicKey(Map<String, Object> jwk) throws GeneralSecurityException {
        if ("EC".equals(jwk.get("kty")) && "P-256".equals(jwk.get("crv"))) {
            var params = AlgorithmParameters.getInstance("EC");
            params.init(new ECGenParameterSpec("secp256r1"));
            var p256 = params.getParameterSpec(ECParameterSpec.class);
            var point = new ECPoint(new BigInteger(1, unb64(jwk.get("x"))), new BigInteger(1, unb64(jwk.get("y"))));
            refuse(!onCurve(point, p256), "json.invalid");
            return KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(point, p256));
        }
        refuse(!"RSA".equals(jwk.get("kty")), "json.invalid");
        return KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(new BigInteger(1, unb64(jwk.get("n"))), new BigInteger(1, unb64(jwk.get("e")))));
    }

    static boolean onCurve(ECPoint q, ECParameterSpec p256) {
        var c = p256.getCurve();
        var p = ((ECFieldFp) c.getField()).getP();
        BigInteger x = q.getAffineX(), y = q.getAffineY();
        return x.compareTo(p) < 0 && y.compareTo(p) < 0 && y.multiply(y).mod(p).equals(x.pow(3).add(c.getA().multiply(x)).add(c.getB()).mod(p));
    }

    /** The algorithm is the one that belongs to the key, never the one that a token asks for. */
    static boolean signed(Map<String, Object> jwk, Object alg, Object sig, String text) {
        try {
            var key = publicKey(jwk);
            var bytes = unb64(sig);
            var ec = "ES256".equals(alg) && "EC".equals(jwk.get("kty")) && bytes.length == 64;
            if (!ec && !("RS256".equals(alg) && key instanceof RSAPublicKey r && r.getModulus().bitLength() >= 2048)) return false;
            var s = Signature.getInstance(ec ? "SHA256withECDSAinP1363Format" : "SHA256withRSA");
            s.initVerify(key);
            s.update(utf8(text));
            return s.verify(bytes);
        } catch (GeneralSecurityException | Refused e) {
            return false;
        }
    }

    /** The front door: form, header, key and signature of a token. It gives the claims. */
    static Map<String, Object> door(Object raw, List<Object> keys, List<String> typ, String reason, int limit, String... ignored) {
        try {
            refuse(!(raw instanceof String s && s.length() <= limit), reason);
            var parts = ((String) raw).split("\\.", -1);
            refuse(parts.length != 3, reason);
            var h = Json.read(unb64(parts[0]), 4096);
            var claims = Json.read(unb64(parts[1]), limit);
            var allowed = new HashSet<>(List.of("alg", "typ", "kid"));
            allowed.addAll(List.of(ignored));
            var key = keys.stream().map(Json::object).filter(k -> same(k.get("kid"), h.get("kid"))).findFirst().orElseThrow(() -> new Refused(reason));
            var alg = key.getOrDefault("alg", "EC".equals(key.get("kty")) ? "ES256" : "RS256");
            refuse(!allowed.containsAll(h.keySet()) || !alg.equals(h.get("alg")) || !typ.contains(String.valueOf(h.getOrDefault("typ", ""))), reason);
            refuse(!signed(key, alg, parts[2], parts[0] + "." + parts[1]), reason);
            return claims;
        } catch (Refused e) {
            throw new Refused(reason);
        }
    }

    /** Step 3: the digest of what is about to be executed. Unknown kinds and fields are refused. */
    static String changeDigest(Object raw) {
        var change = Json.object(raw);
        refuse(!change.keySet().equals(Set.of("v", "kind", "base", "fields")) || !(change.get("fields") instanceof Map<?, ?>), "change.schema");
        var fields = Json.object(change.get("fields"));
        for (var v : List.of("v", "kind", "base")) refuse(!(change.get(v) instanceof String), "change.value");
        for (var v : fields.values()) refuse(!(v instanceof String), "change.value");
        refuse(!"1".equals(change.get("v")) || !fields.keySet().equals(KINDS.get(change.get("kind"))), "change.schema");
        return digest("postern.change.v1\n", change);
    }

    /** Checks one delivery; gives the claims. me is the configuration: gateway, audience, own_key, provider, minimum. */
    static Map<String, Object> check(Map<String, Object> m, Map<String, Object> me, List<Object> gatewayKeys, List<Object> providerKeys, Map<String, Object> accounts, long now) {
        var chg = changeDigest(m.get("change"));
        var c = door(m.get("receipt"), gatewayKeys, List.of("postern-receipt+jwt"), "receipt.sig", 16384); // step 1
        var jwk = Json.object(Json.object(c.get("cnf")).get("jwk"));
        var fin = Json.object(c.get("fin"));
        var proper = TEXTS.stream().allMatch(k -> c.get(k) instanceof String) && c.keySet().stream().allMatch(k -> TEXTS.contains(k) || TIMES.contains(k) || OTHERS.contains(k))
            && Json.object(c.get("cnf")).size() == 1 && jwk.keySet().equals(Set.of("kty", "crv", "x", "y"))
            && fin.keySet().equals(Set.of("token", "sig")) && Json.object(c.get("log")).keySet().equals(Set.of("origin", "size", "root", "leaf"))
            && whole(Json.object(c.get("log")).get("size"));
        refuse(!proper, "receipt.sig");
        refuse(!c.get("iss").equals(me.get("gateway")) || !c.get("use").equals("apply"), "receipt.iss"); // step 2
        refuse(!(c.get("aud") instanceof String), "receipt.aud_single");
        refuse(!c.get("aud").equals(me.get("audience")), "receipt.aud");
        refuse(!TIMES.stream().allMatch(k -> whole(c.get(k))), "receipt.lifetime");
        long iat = (Long) c.get("iat"), exp = (Long) c.get("exp"), t0 = (Long) c.get("t0"), approved = (Long) c.get("approved_at");
        refuse(exp <= iat || exp - iat > 120 || iat > now + 5, "receipt.lifetime");
        refuse(now >= exp, "receipt.expired");
        refuse(!same(chg, c.get("chg")) || !c.get("kind").equals(Json.object(m.get("change")).get("kind")), "receipt.change_mismatch"); // step 3
        var bound = new HashMap<String, Object>(Map.of("v", "1", "host", me.get("audience"), "jkt", digest("", jwk), "t0", "" + t0, "chg", chg));
        for (var k : List.of("challenge", "conversation", "salt")) bound.put(k, c.get(k));
        refuse(!same(digest("postern.commit.v1\n", bound), c.get("commit")), "receipt.commit"); // step 4
        var level = evidence(c, me, providerKeys, now); // step 5
        var finish = Json.write(Map.of("v", "1", "challenge", c.get("challenge"), "chg", chg, "commit", c.get("commit"), "token", String.valueOf(fin.get("token"))));
        refuse(!signed(jwk, "ES256", fin.get("sig"), "postern.finish.v1\n" + finish), "finish.sig"); // step 6
        refuse(approved < t0 || approved > now + 5 || now - t0 > 780 || t0 > now + 5, "receipt.expired"); // step 7
        refuse(!c.get("sub").equals(m.getOrDefault("sub", c.get("sub"))) || !accounts.containsKey(c.get("sub")), "evidence.subject_mismatch"); // step 8
        var minimum = String.valueOf(Json.object(me.get("minimum")).getOrDefault((String) c.get("kind"), "never")); // A1 < A2 < A3 < never
        refuse(level.compareTo(minimum) < 0 || level.compareTo((String) c.get("level")) < 0, "receipt.level"); // step 9
        return c;
    }

    /** Step 5: the level that the evidence reaches here, whatever the receipt says. */
    static String evidence(Map<String, Object> c, Map<String, Object> me, List<Object> providerKeys, long now) {
        var ev = Json.object(c.get("ev"));
        refuse(!Set.of("kind", "auth_time", "witness", "jwt").containsAll(ev.keySet()), "evidence.missing");
        if ("id_token".equals(ev.get("kind"))) return idToken(ev.get("jwt"), c, Json.object(me.get("provider")), providerKeys, now);
        var witness = "witness".equals(ev.get("kind"));
        refuse(!witness && !"event".equals(ev.get("kind")), "evidence.missing");
        if (witness) {
            var text = String.join("\n", "postern.witness.v1", (String) c.get("commit"), (String) c.get("chg"), (String) c.get("sub"), String.valueOf(ev.get("auth_time")));
            refuse("".equals(me.get("own_key")) || !same(mac(unb64(me.get("own_key")), text), ev.get("witness")), "evidence.witness");
        }
        refuse(!c.get("sub_iss").equals(me.get("audience")), "evidence.subject_mismatch");
        fresh(ev.get("auth_time"), c, now);
        return witness ? "A3" : "A1";
    }

    static String mac(byte[] key, String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return b64(mac.doFinal(utf8(text)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static void fresh(Object at, Map<String, Object> c, long now) {
        refuse(!whole(at), "evidence.no_auth_time");
        refuse((Long) at < (Long) c.get("t0") - 2, "evidence.stale");
        refuse((Long) at > now + 5, "clock.skew");
    }

    static String idToken(Object raw, Map<String, Object> c, Map<String, Object> idp, List<Object> keys, long now) {
        refuse(!c.get("sub_iss").equals(idp.get("issuer")), "evidence.iss");
        var t = door(raw, keys, List.of("", "JWT"), "evidence.sig", 8192, "x5t"); // with the provider's keys, not the gateway's
        refuse(!idp.get("issuer").equals(t.get("iss")), "evidence.iss");
        var aud = t.get("aud") instanceof List<?> l && l.size() == 1 ? l.get(0) : t.get("aud");
        refuse(!idp.get("client").equals(aud) || !idp.get("client").equals(t.getOrDefault("azp", aud)), "evidence.aud");
        refuse(!same(t.get("nonce"), c.get("commit")), "evidence.nonce_mismatch");
        refuse(!whole(t.get("iat")) || (Long) t.get("iat") < (Long) c.get("t0") - 2 || (Long) t.get("iat") > now + 5, "clock.skew");
        refuse(!whole(t.get("exp")) || (Long) t.get("exp") <= (Long) t.get("iat") || now >= (Long) t.get("exp") + 900, "evidence.stale"); // freshness comes from t0
        fresh(t.get("auth_time"), c, now);
        refuse(!same(t.get("sub"), c.get("sub")), "evidence.subject_mismatch");
        var said = new ArrayList<Object>(t.get("amr") instanceof List<?> l ? l : List.of());
        said.add(t.get("acr"));
        return idp.get("strong") instanceof List<?> strong && strong.stream().anyMatch(said::contains) ? "A3" : "A2";
    }
}
