// The receipt check of proof-gate.md §3.9, steps 1 to 9. Node's own crypto and nothing else.
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'

export const KINDS = { 'email.change': ['email'], 'name.change': ['name'] } // what this backend can do, and the fields of each
const CLAIMS = 'iss aud jti iat exp use sub sub_iss kind chg commit challenge conversation salt t0 approved_at level policy cnf fin ev log'.split(' ')
const TEXTS = 'iss jti use sub sub_iss kind chg commit challenge conversation salt level policy'.split(' ')

/** Its message is the reason code that the gateway is answered. */
export class Refused extends Error {}
const refuse = (reason) => { throw new Refused(reason) }
const object = (v) => typeof v === 'object' && v !== null && !Array.isArray(v)
const only = (v, ...keys) => object(v) && Object.keys(v).every((k) => keys.includes(k))
const exactly = (v, ...keys) => only(v, ...keys) && keys.every((k) => Object.hasOwn(v, k))
const whole = (v) => Number.isSafeInteger(v) && v >= 0 && v < 2 ** 40

/** Reads JSON strictly: no key twice or in two cases, at any depth, and no fractions. */
export function read(bytes, limit) {
  if (bytes.length > limit) refuse('json.invalid')
  let text, value
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    value = JSON.parse(text)
  } catch { refuse('json.invalid') }
  const open = [] // for each object or array that the scan is in: the keys so far
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]|-?\d[\d.eE+-]*/g)) {
    if (token === '{' || token === '[') open.push(new Set())
    else if (token === '}' || token === ']') open.pop()
    else if (colon) {
      const key = JSON.parse(token.slice(0, -colon.length)).toLowerCase()
      if (key === '__proto__' || open.at(-1).has(key)) refuse('json.duplicate')
      open.at(-1).add(key)
    } else if (token[0] !== '"' && /[.eE]/.test(token)) refuse('json.invalid')
  }
  return object(value) ? value : refuse('json.invalid')
}

function unb64(text) {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  return bytes.length && bytes.toString('base64url') === text ? bytes : refuse('json.invalid') // one text for one value
}

/** RFC 8785, which for strings is JSON with sorted keys and no spaces. */
const jcs = (v) => object(v) ? '{' + Object.keys(v).sort().map((k) => JSON.stringify(k) + ':' + jcs(v[k])).join(',') + '}' : JSON.stringify(v)
const digest = (label, text) => createHash('sha256').update(label + text).digest('base64url')

export function same(a, b) {
  if (typeof a !== 'string' || typeof b !== 'string') return false
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** The algorithm is the one that belongs to the key, never the one that a token asks for. */
function signed(jwk, alg, sig, text) {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const bytes = unb64(sig)
    if (alg === 'ES256') return jwk.crv === 'P-256' && bytes.length === 64 && verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, bytes)
    return alg === 'RS256' && jwk.kty === 'RSA' && key.asymmetricKeyDetails.modulusLength >= 2048 && verify('sha256', Buffer.from(text), key, bytes)
  } catch { return false }
}

/** The front door: form, header, key and signature of a token. It gives the claims. */
function door(raw, keys, typ, reason, limit = 16384, ignored = []) {
  try {
    const parts = typeof raw === 'string' && raw.length <= limit ? raw.split('.') : []
    if (parts.length !== 3) refuse(reason)
    const h = read(unb64(parts[0]), 4096)
    const claims = read(unb64(parts[1]), limit)
    const key = keys.find((k) => k.kid === h.kid)
    const alg = key && (key.alg ?? (key.kty === 'EC' ? 'ES256' : 'RS256'))
    const fits = key && only(h, 'alg', 'typ', 'kid', ...ignored) && h.alg === alg && typ.includes(h.typ)
    return fits && signed(key, alg, parts[2], parts[0] + '.' + parts[1]) ? claims : refuse(reason)
  } catch (e) { throw e instanceof Refused ? new Refused(reason) : e }
}

/** Step 3: the digest of what is about to be executed. Unknown kinds and fields are refused. */
export function changeDigest(change) {
  if (!exactly(change, 'v', 'kind', 'base', 'fields') || !object(change.fields)) refuse('change.schema')
  const values = [change.v, change.kind, change.base, ...Object.values(change.fields)]
  if (!values.every((v) => typeof v === 'string')) refuse('change.value')
  const known = Object.hasOwn(KINDS, change.kind) && KINDS[change.kind]
  if (change.v !== '1' || !known || !exactly(change.fields, ...known)) refuse('change.schema')
  return digest('postern.change.v1\n', jcs(change))
}

/** Checks one delivery; gives the claims. me is the configuration: gateway, audience, own_key, provider, minimum. */
export function check(m, me, gatewayKeys, providerKeys, accounts, now) {
  const chg = changeDigest(m.change)
  const c = door(m.receipt, gatewayKeys, ['postern-receipt+jwt'], 'receipt.sig') // step 1
  const shape = exactly(c.cnf, 'jwk') && exactly(c.cnf.jwk, 'kty', 'crv', 'x', 'y') && exactly(c.fin, 'token', 'sig') && exactly(c.log, 'origin', 'size', 'root', 'leaf') && whole(c.log.size)
  if (!only(c, ...CLAIMS) || !shape || !TEXTS.every((k) => typeof c[k] === 'string')) refuse('receipt.sig')
  if (c.iss !== me.gateway || c.use !== 'apply') refuse('receipt.iss') // step 2
  if (typeof c.aud !== 'string') refuse('receipt.aud_single')
  if (c.aud !== me.audience) refuse('receipt.aud')
  const times = [c.iat, c.exp, c.t0, c.approved_at].every(whole)
  if (!times || c.exp <= c.iat || c.exp - c.iat > 120 || c.iat > now + 5) refuse('receipt.lifetime')
  if (now >= c.exp) refuse('receipt.expired')
  if (!same(chg, c.chg) || m.change.kind !== c.kind) refuse('receipt.change_mismatch') // step 3
  const { challenge, conversation, salt } = c
  const bound = { v: '1', host: me.audience, challenge, conversation, chg, jkt: digest('', jcs(c.cnf.jwk)), salt, t0: String(c.t0) }
  if (!same(digest('postern.commit.v1\n', jcs(bound)), c.commit)) refuse('receipt.commit') // step 4
  const level = evidence(c, me, providerKeys, now) // step 5
  const approval = jcs({ v: '1', challenge, chg, commit: c.commit, token: c.fin.token })
  if (!signed(c.cnf.jwk, 'ES256', c.fin.sig, 'postern.finish.v1\n' + approval)) refuse('finish.sig') // step 6
  if (c.approved_at < c.t0 || c.approved_at > now + 5 || now - c.t0 > 780 || c.t0 > now + 5) refuse('receipt.expired') // step 7
  if ((m.sub ?? c.sub) !== c.sub || !Object.hasOwn(accounts, c.sub)) refuse('evidence.subject_mismatch') // step 8
  const minimum = Object.hasOwn(me.minimum, c.kind) ? me.minimum[c.kind] : 'never' // A1 < A2 < A3 < never
  if (level < minimum || level < c.level) refuse('receipt.level') // step 9
  return c
}

/** Step 5: the level that the evidence reaches here, whatever the receipt says. */
function evidence(c, me, providerKeys, now) {
  const ev = c.ev
  if (!only(ev, 'kind', 'auth_time', 'witness', 'jwt')) refuse('evidence.missing')
  if (ev.kind === 'id_token') return idToken(ev.jwt, c, me.provider, providerKeys, now)
  if (ev.kind !== 'event' && ev.kind !== 'witness') refuse('evidence.missing')
  if (ev.kind === 'witness') {
    const text = ['postern.witness.v1', c.commit, c.chg, c.sub, ev.auth_time].join('\n')
    const own = me.own_key && createHmac('sha256', Buffer.from(me.own_key, 'base64url')).update(text).digest('base64url')
    if (!own || !same(own, ev.witness)) refuse('evidence.witness')
  }
  if (c.sub_iss !== me.audience) refuse('evidence.subject_mismatch')
  fresh(ev.auth_time, c, now)
  return ev.kind === 'witness' ? 'A3' : 'A1'
}

function fresh(at, c, now) {
  if (!whole(at)) refuse('evidence.no_auth_time')
  if (at < c.t0 - 2) refuse('evidence.stale')
  if (at > now + 5) refuse('clock.skew')
}

function idToken(raw, c, idp, keys, now) {
  if (c.sub_iss !== idp.issuer) refuse('evidence.iss')
  const t = door(raw, keys, [undefined, 'JWT'], 'evidence.sig', 8192, ['x5t']) // with the provider's keys, not the gateway's
  if (t.iss !== idp.issuer) refuse('evidence.iss')
  const aud = Array.isArray(t.aud) && t.aud.length === 1 ? t.aud[0] : t.aud
  if (aud !== idp.client || (t.azp ?? idp.client) !== idp.client) refuse('evidence.aud')
  if (!same(t.nonce, c.commit)) refuse('evidence.nonce_mismatch')
  if (!whole(t.iat) || t.iat < c.t0 - 2 || t.iat > now + 5) refuse('clock.skew')
  if (!whole(t.exp) || t.exp <= t.iat || now >= t.exp + 900) refuse('evidence.stale') // freshness comes from t0
  fresh(t.auth_time, c, now)
  if (!same(t.sub, c.sub)) refuse('evidence.subject_mismatch')
  const amr = Array.isArray(t.amr) ? t.amr : []
  return idp.strong.some((s) => s === t.acr || amr.includes(s)) ? 'A3' : 'A2'
}
