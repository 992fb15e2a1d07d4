import java.nio.file.*;
import java.util.*;

final class Vectors {
    public static void main(String[] args) throws Exception {
        var v = Json.read(Files.readAllBytes(Path.of(args[0])), 1 << 20);
        var r = Json.object(v.get("receipt"));
        var change = Json.object(v.get("change")).get("change");
        Map<String, Object> me = Map.of("gateway", "https://chat.site.test", "audience", Json.object(v.get("commit")).get("host"),
            "own_key", Json.object(v.get("witness")).get("key_b64url"), "minimum", Map.of("email.change", "A3"));
        var key = new HashMap<>(Json.object(r.get("key")));
        key.put("kid", r.get("kid"));
        Map<String, Object> m = Map.of("change", change, "receipt", r.get("jws")), accounts = Map.of("u-vic", Map.of());
        var c = Receipt.check(m, me, List.of(key), List.of(), accounts, (Long) r.get("at"));
        System.out.println(Receipt.changeDigest(change) + " " + c.get("commit"));
        try {
            Receipt.check(m, me, List.of(key), List.of(), accounts, (Long) r.get("at") + 120);
        } catch (Refused e) {
            System.out.println(e.getMessage());
        }
    }
}
