import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.*;
import java.time.Duration;
import java.time.Instant;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

/** A small account backend: javac *.java && java Server CONFIG. Its accounts and its burned commitments are one file. */
final class Server {
    private record Fetched(long at, List<Object> keys) {}

    private final Map<String, Object> me;
    private final Path store; // {"accounts": {sub: {…}}, "burned": {commit: {…}}, "log": {…}}
    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();
    private final Map<String, Fetched> fetched = new ConcurrentHashMap<>();

    private Server(Map<String, Object> me) {
        this.me = me;
        store = Path.of((String) me.get("data"), "store.json");
    }

    public static void main(String[] args) throws IOException {
        var s = new Server(Json.read(Files.readAllBytes(Path.of(args[0])), 1 << 16));
        var listen = ((String) s.me.get("listen")).split(":");
        var http = HttpServer.create(new InetSocketAddress(listen[0], Integer.parseInt(listen[1])), 128);
        http.createContext("/", s::handle);
        http.setExecutor(Executors.newFixedThreadPool(16));
        http.start();
    }

    /** A published key set, fetched by ourselves and at most a minute old: a key that is gone is dead. */
    private List<Object> keys(Object url) throws IOException, InterruptedException {
        var old = fetched.get((String) url);
        if (old != null && System.nanoTime() - old.at < 60_000_000_000L) return old.keys;
        var r = client.send(HttpRequest.newBuilder(URI.create((String) url)).timeout(Duration.ofSeconds(3)).build(), HttpResponse.BodyHandlers.ofInputStream());
        try (var in = r.body()) {
            if (r.statusCode() != 200 || !(Json.read(in.readNBytes((1 << 18) + 1), 1 << 18).get("keys") instanceof List<?> l)) throw new IOException("no keys");
            var keys = new ArrayList<Object>(l);
            fetched.put((String) url, new Fetched(System.nanoTime(), keys));
            return keys;
        }
    }

    private Map<String, Object> load() throws IOException { return Json.read(Files.readAllBytes(store), 1 << 30); }

    /** All or nothing: the new file takes the old one's place when it is complete on the disk. */
    private void save(Map<String, Object> all) throws IOException {
        var fresh = store.resolveSibling("store.json.new");
        try (var f = FileChannel.open(fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (var b = ByteBuffer.wrap(Receipt.utf8(Json.write(all))); b.hasRemaining();) f.write(b);
            f.force(true);
        }
        Files.move(fresh, store, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Step 10: look whether it was done, check, burn, change, in one transaction. */
    private Object apply(Map<String, Object> m) throws IOException, InterruptedException {
        var chg = Receipt.changeDigest(m.get("change"));
        var gatewayKeys = keys(me.get("gateway_keys"));
        var providerKeys = keys(Json.object(me.get("provider")).get("keys"));
        synchronized (this) {
            var all = load();
            var burned = Json.object(Json.object(all.get("burned")).get(String.valueOf(m.get("commit"))));
            if (Receipt.same(burned.get("chg"), chg)) return burned.get("answer");
            Receipt.refuse(!burned.isEmpty(), "receipt.already_used");
            var accounts = Json.object(all.get("accounts"));
            var c = Receipt.check(m, me, gatewayKeys, providerKeys, accounts, Instant.now().getEpochSecond());
            var account = Json.object(accounts.get(c.get("sub")));
            var change = Json.object(m.get("change"));
            var version = (Long) account.get("version");
            Receipt.refuse(!List.of("*", "" + version).contains(change.get("base")), "change.base");
            account.putAll(Json.object(change.get("fields")));
            account.put("version", version + 1);
            var answer = Map.of("result", "applied", "version", "" + (version + 1));
            Json.object(all.get("burned")).put((String) c.get("commit"), Map.of("chg", chg, "answer", answer));
            remember(all, Json.object(c.get("log")));
            save(all);
            return answer;
        }
    }

    /** Step 11: the gateway's log only grows. A smaller head, or another root of the same size, is for a person. */
    private static void remember(Map<String, Object> all, Map<String, Object> log) {
        var old = Json.object(all.getOrDefault("log", log));
        var order = ((Long) log.get("size")).compareTo((Long) old.get("size"));
        if (order < 0 || order == 0 && !Objects.equals(log.get("root"), old.get("root"))) System.err.println("alarm: the gateway's log was " + old + " and is " + log);
        else all.put("log", log);
    }

    private Object take(HttpExchange x) throws IOException, InterruptedException {
        var body = x.getRequestBody().readNBytes(65537);
        Receipt.refuse(!x.getRequestMethod().equals("POST") || !x.getRequestURI().toString().equals("/postern") || x.getRequestHeaders().containsKey("Content-Encoding"), "json.invalid");
        var m = Json.read(body, 65536);
        if ("change.apply".equals(m.get("type"))) return apply(m);
        if (!"change.settle".equals(m.get("type"))) return null;
        synchronized (this) {
            var burned = Json.object(Json.object(load().get("burned")).get(String.valueOf(m.get("commit"))));
            return burned.isEmpty() ? Map.of("result", "unknown") : burned.get("answer");
        }
    }

    private void handle(HttpExchange x) throws IOException {
        int status = 200;
        Object answer;
        try {
            answer = take(x);
            if (answer == null) status = 204;
        } catch (Refused e) {
            var code = e.getMessage();
            status = Set.of("receipt.already_used", "change.base").contains(code) ? 409 : code.matches("(change|json)\\..*") ? 400 : 403;
            answer = Map.of("code", code);
        } catch (Exception e) { // our own fault: 500, so that the gateway asks again
            System.err.println(e.getClass().getName());
            status = 500;
            answer = Map.of("code", "internal");
        }
        var body = answer == null ? new byte[0] : Receipt.utf8(Json.write(answer));
        x.sendResponseHeaders(status, status == 204 ? -1 : body.length);
        if (status != 204) x.getResponseBody().write(body);
        x.close();
    }
}
