import json, sys
sys.path.insert(0, sys.argv[1])
from receipt import Refused, change_digest, check

v = json.load(open(sys.argv[2], encoding="utf-8"))
r, change = v["receipt"], v["change"]["change"]
me = {"gateway": "https://chat.site.test", "audience": v["commit"]["host"], "own_key": v["witness"]["key_b64url"], "minimum": {"email.change": "A3"}}
keys = [{**r["key"], "kid": r["kid"]}]
c = check({"change": change, "receipt": r["jws"]}, me, keys, [], {"u-vic": {}}, r["at"])
print(change_digest(change), c["commit"])
try:
    check({"change": change, "receipt": r["jws"]}, me, keys, [], {"u-vic": {}}, r["at"] + 120)
except Refused as e:
    print(e)
