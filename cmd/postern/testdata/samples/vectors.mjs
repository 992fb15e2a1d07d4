import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { changeDigest, check } = await import(pathToFileURL(process.argv[2] + '/receipt.mjs'))
const v = JSON.parse(readFileSync(process.argv[3], 'utf8'))
const { receipt: r, change: { change } } = v
const me = { gateway: 'https://chat.site.test', audience: v.commit.host, own_key: v.witness.key_b64url, minimum: { 'email.change': 'A3' } }
const run = (now) => check({ change, receipt: r.jws }, me, [{ ...r.key, kid: r.kid }], [], { 'u-vic': {} }, now)
console.log(changeDigest(change), run(r.at).commit)
try {
  run(r.at + 120)
} catch (e) {
  console.log(e.message)
}
