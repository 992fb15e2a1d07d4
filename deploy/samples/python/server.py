"""A small account backend: python3 server.py CONFIG. Its accounts and its burned commitments are one file."""
import json, os, sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from receipt import Refused, change_digest, check, read, same

with open(sys.argv[1], encoding="utf-8") as f:
    ME = json.load(f)
STORE = os.path.join(ME["data"], "store.json")  # {"accounts": {sub: {…}}, "burned": {commit: {…}}, "log": {…}}
lock, fetched = threading.Lock(), {}


def keys(url):
    """A published key set, fetched by ourselves and at most a minute old: a key that is gone is dead."""
    at, found = fetched.get(url, (0, None))
    if time.monotonic() - at > 60 or found is None:
        with urllib.request.urlopen(url, timeout=3) as r:
            found = read(r.read(1 << 18), 1 << 18)["keys"]
        fetched[url] = (time.monotonic(), found)
    return found


def load():
    with open(STORE, encoding="utf-8") as f:
        return json.load(f)


def save(store):
    """All or nothing: the new file takes the old one's place when it is complete on the disk."""
    with open(STORE + ".new", "w", encoding="utf-8") as f:
        json.dump(store, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(STORE + ".new", STORE)


def apply(m):
    """Step 10: look whether it was done, check, burn, change, in one transaction."""
    chg = change_digest(m.get("change"))
    gateway_keys, provider_keys = keys(ME["gateway_keys"]), keys(ME["provider"]["keys"])
    with lock:
        store = load()
        burned = store["burned"].get(str(m.get("commit")))
        if burned and same(burned["chg"], chg):
            return burned["answer"]
        if burned:
            raise Refused("receipt.already_used")
        c = check(m, ME, gateway_keys, provider_keys, store["accounts"], int(time.time()))
        account = store["accounts"][c["sub"]]
        if m["change"]["base"] not in ("*", str(account["version"])):
            raise Refused("change.base")
        account.update(m["change"]["fields"], version=account["version"] + 1)
        answer = {"result": "applied", "version": str(account["version"])}
        store["burned"][c["commit"]] = {"chg": chg, "answer": answer}
        remember(store, c["log"])
        save(store)
        return answer


def remember(store, log):
    """Step 11: the gateway's log only grows. A smaller head, or another root of the same size, is for a person."""
    old = store.get("log") or log
    if log["size"] < old["size"] or log["size"] == old["size"] and log["root"] != old["root"]:
        print("alarm: the gateway's log was", old, "and is", log, file=sys.stderr, flush=True)
    else:
        store["log"] = log


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            status, answer = self.take()
        except Refused as e:
            code = str(e)
            status = 409 if code in ("receipt.already_used", "change.base") else 400 if code.startswith(("change.", "json.")) else 403
            answer = {"code": code}
        except Exception as e:  # our own fault: 500, so that the gateway asks again
            print(type(e).__name__, file=sys.stderr, flush=True)
            status, answer = 500, {"code": "internal"}
        body = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def take(self):
        size = int(self.headers.get("Content-Length", "0"))
        if not 0 < size <= 65536 or self.path != "/postern" or "Content-Encoding" in self.headers:
            return 400, {"code": "json.invalid"}
        m = read(self.rfile.read(size), 65536)
        if m.get("type") == "change.apply":
            return 200, apply(m)
        if m.get("type") == "change.settle":
            with lock:
                burned = load()["burned"].get(str(m.get("commit")))
            return 200, burned["answer"] if burned else {"result": "unknown"}
        return 204, None

    def log_message(self, *_):  # deliveries hold what people want changed: nothing of them goes into a log
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


host, port = ME["listen"].rsplit(":", 1)
Server((host, int(port)), Handler).serve_forever()
