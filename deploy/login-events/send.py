import base64
import hashlib
import hmac
import secrets
import time
import urllib.error
import urllib.request


def send(url, secret, event):
    """Posts a login event (JSON bytes); secret is whsec_…. Gives status and answer."""
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    mid, ts = "ev_" + secrets.token_hex(16), str(int(time.time()))
    mac = hmac.new(key, f"{mid}.{ts}.".encode() + event, hashlib.sha256).digest()
    request = urllib.request.Request(url, data=event, method="POST", headers={
        "content-type": "application/json",
        "webhook-id": mid,
        "webhook-timestamp": ts,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    })
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
