"""The receipt check of proof-gate.md §3.9, steps 1 to 9. Needs python3-cryptography and nothing else."""
import base64, hashlib, hmac, json, re
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

KINDS = {"email.change": ["email"], "name.change": ["name"]}  # what this backend can do, and the fields of each
CLAIMS = ("iss aud jti iat exp use sub sub_iss kind chg commit challenge conversation salt t0 approved_at level policy "
          "cnf fin ev log").split()
TEXTS = "iss jti use sub sub_iss kind chg commit challenge conversation salt level policy".split()


class Refused(Exception):
    """Its text is the reason code that the gateway is answered."""


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise Refused("json.invalid")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64(data) != text:  # one text for one value
        raise Refused("json.invalid")
    return data


def read(text, limit):
    """Reads JSON strictly: no key twice or in two cases, at any depth, and no fractions."""
    def pairs(items):
        if len({k.lower() for k, _ in items}) != len(items):
            raise Refused("json.duplicate")
        return dict(items)

    def fraction(_):
        raise Refused("json.invalid")
    try:
        value = json.loads(text.decode(), object_pairs_hook=pairs, parse_float=fraction, parse_constant=fraction)
    except (ValueError, RecursionError):
        raise Refused("json.invalid") from None
    if len(text) > limit or not isinstance(value, dict):
        raise Refused("json.invalid")
    return value


def jcs(value):
    """RFC 8785, which for strings is JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(label, value):
    return b64(hashlib.sha256(label.encode() + value).digest())


def same(a, b):
    return isinstance(a, str) and isinstance(b, str) and hmac.compare_digest(a.encode(), b.encode())


def public(jwk):
    n = {k: int.from_bytes(unb64(jwk[k]), "big") for k in ("x", "y", "n", "e") if k in jwk}
    if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256":
        return ec.EllipticCurvePublicNumbers(n["x"], n["y"], ec.SECP256R1()).public_key()
    if jwk.get("kty") == "RSA" and n["n"].bit_length() >= 2048:
        return rsa.RSAPublicNumbers(n["e"], n["n"]).public_key()
    raise Refused("json.invalid")


def signed(jwk, alg, sig, text):
    """The algorithm is the one that belongs to the key, never the one that a token asks for."""
    try:
        key = public(jwk)
        if isinstance(key, ec.EllipticCurvePublicKey) and alg == "ES256" and len(sig) == 64:
            r, s = int.from_bytes(sig[:32], "big"), int.from_bytes(sig[32:], "big")
            key.verify(encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
            return True
        if isinstance(key, rsa.RSAPublicKey) and alg == "RS256":
            key.verify(sig, text, padding.PKCS1v15(), hashes.SHA256())
            return True
    except (InvalidSignature, ValueError, KeyError, Refused):
        pass
    return False


def door(raw, keys, typ, reason, limit=16384, ignored=()):
    """The front door: form, header, key and signature of a token. It gives the claims."""
    try:
        if not isinstance(raw, str) or len(raw) > limit or raw.count(".") != 2:
            raise Refused(reason)
        head, body, sig = raw.split(".")
        h, claims = read(unb64(head), 4096), read(unb64(body), limit)
        key = next((k for k in keys if k.get("kid") == h.get("kid")), None)
        alg = key and key.get("alg", "ES256" if key.get("kty") == "EC" else "RS256")
        if not key or set(h) - {"alg", "typ", "kid", *ignored} or h.get("alg") != alg or h.get("typ", "") not in typ:
            raise Refused(reason)
        if not signed(key, alg, unb64(sig), f"{head}.{body}".encode()):
            raise Refused(reason)
        return claims
    except Refused:
        raise Refused(reason) from None


def whole(value):
    return type(value) is int and 0 <= value < 1 << 40


def change_digest(change):
    """Step 3: the digest of what is about to be executed. Unknown kinds and fields are refused."""
    if not isinstance(change, dict) or set(change) != {"v", "kind", "base", "fields"} or not isinstance(change["fields"], dict):
        raise Refused("change.schema")
    values = [change["v"], change["kind"], change["base"], *change["fields"].values()]
    if not all(isinstance(v, str) for v in values):
        raise Refused("change.value")
    if change["v"] != "1" or sorted(change["fields"]) != KINDS.get(change["kind"]):
        raise Refused("change.schema")
    return digest("postern.change.v1\n", jcs(change))


def check(m, me, gateway_keys, provider_keys, accounts, now):
    """Checks one delivery; gives the claims. me is the configuration: gateway, audience, own_key, provider, minimum."""
    chg = change_digest(m.get("change"))
    c = door(m.get("receipt"), gateway_keys, ["postern-receipt+jwt"], "receipt.sig")  # step 1
    shape = {"cnf": {"jwk"}, "fin": {"token", "sig"}, "log": {"origin", "size", "root", "leaf"}}
    if set(c) - set(CLAIMS) or not all(isinstance(c.get(k), str) for k in TEXTS) or any(not isinstance(c.get(k), dict) or set(c[k]) != v for k, v in shape.items()) or not whole(c["log"]["size"]):
        raise Refused("receipt.sig")
    if c.get("iss") != me["gateway"] or c.get("use") != "apply":  # step 2
        raise Refused("receipt.iss")
    if not isinstance(c.get("aud"), str):
        raise Refused("receipt.aud_single")
    if c["aud"] != me["audience"]:
        raise Refused("receipt.aud")
    if not all(whole(c.get(k)) for k in ("iat", "exp", "t0", "approved_at")) or not 0 < c["exp"] - c["iat"] <= 120 or c["iat"] > now + 5:
        raise Refused("receipt.lifetime")
    if now >= c["exp"]:
        raise Refused("receipt.expired")
    if not same(chg, c.get("chg")) or m["change"]["kind"] != c.get("kind"):  # step 3
        raise Refused("receipt.change_mismatch")
    jwk = c["cnf"]["jwk"]
    if not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", "x", "y"}:
        raise Refused("receipt.sig")
    named = {k: c.get(k) for k in ("challenge", "conversation", "chg", "salt")}
    bound = {"v": "1", "host": me["audience"], "jkt": digest("", jcs(jwk)), "t0": str(c["t0"]), **named}
    if not same(digest("postern.commit.v1\n", jcs(bound)), c.get("commit")):  # step 4
        raise Refused("receipt.commit")
    level = evidence(c, me, provider_keys, now)  # step 5
    finish = {"v": "1", "challenge": c["challenge"], "chg": chg, "commit": c["commit"], "token": c["fin"]["token"]}
    try:
        approved = signed(jwk, "ES256", unb64(c["fin"]["sig"]), b"postern.finish.v1\n" + jcs(finish))
    except Refused:
        approved = False
    if not approved:  # step 6
        raise Refused("finish.sig")
    if not c["t0"] <= c["approved_at"] <= now + 5 or not -5 <= now - c["t0"] <= 780:  # step 7
        raise Refused("receipt.expired")
    if m.get("sub", c["sub"]) != c["sub"] or c["sub"] not in accounts:  # step 8
        raise Refused("evidence.subject_mismatch")
    if not level >= max(me["minimum"].get(c["kind"], "never"), c["level"]):  # step 9: A1 < A2 < A3 < never
        raise Refused("receipt.level")
    return c


def evidence(c, me, provider_keys, now):
    """Step 5: the level that the evidence reaches here, whatever the receipt says."""
    ev = c.get("ev")
    if not isinstance(ev, dict) or set(ev) - {"kind", "auth_time", "witness", "jwt"}:
        raise Refused("evidence.missing")
    if ev.get("kind") == "id_token":
        return id_token(ev.get("jwt"), c, me, provider_keys, now)
    if ev.get("kind") not in ("event", "witness"):
        raise Refused("evidence.missing")
    level, at = "A1", ev.get("auth_time")
    if ev["kind"] == "witness":
        text = "\n".join(["postern.witness.v1", c["commit"], c["chg"], c["sub"], str(at)])
        if not me["own_key"] or not same(b64(hmac.digest(unb64(me["own_key"]), text.encode(), "sha256")), ev.get("witness")):
            raise Refused("evidence.witness")
        level = "A3"
    if c.get("sub_iss") != me["audience"]:
        raise Refused("evidence.subject_mismatch")
    fresh(at, c, now)
    return level


def fresh(at, c, now):
    if not whole(at):
        raise Refused("evidence.no_auth_time")
    if at < c["t0"] - 2:
        raise Refused("evidence.stale")
    if at > now + 5:
        raise Refused("clock.skew")


def id_token(raw, c, me, keys, now):
    idp = me["provider"]
    if c.get("sub_iss") != idp["issuer"]:
        raise Refused("evidence.iss")
    t = door(raw, keys, ["", "JWT"], "evidence.sig", 8192, ["x5t"])  # with the provider's keys, not the gateway's
    if t.get("iss") != idp["issuer"]:
        raise Refused("evidence.iss")
    if t.get("aud") not in (idp["client"], [idp["client"]]) or t.get("azp", idp["client"]) != idp["client"]:
        raise Refused("evidence.aud")
    if not same(t.get("nonce"), c["commit"]):
        raise Refused("evidence.nonce_mismatch")
    if not whole(t.get("iat")) or not c["t0"] - 2 <= t["iat"] <= now + 5:
        raise Refused("clock.skew")
    if not whole(t.get("exp")) or t["exp"] <= t["iat"] or now >= t["exp"] + 900:  # freshness comes from t0
        raise Refused("evidence.stale")
    fresh(t.get("auth_time"), c, now)
    if not same(t.get("sub"), c.get("sub")):
        raise Refused("evidence.subject_mismatch")
    amr = t.get("amr") if isinstance(t.get("amr"), list) else []
    return "A3" if any(s == t.get("acr") or s in amr for s in idp["strong"]) else "A2"
