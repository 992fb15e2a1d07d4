// A small account backend: node server.mjs CONFIG. Its accounts and its burned commitments are one file.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { changeDigest, check, read, Refused, same } from './receipt.mjs'

const ME = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const STORE = join(ME.data, 'store.json') // {accounts: {sub: {…}}, burned: {commit: {…}}, log: {…}}
const fetched = new Map()

/** A published key set, fetched by ourselves and at most a minute old: a key that is gone is dead. */
async function keys(url) {
  const [at, found] = fetched.get(url) ?? [0]
  if (found && Date.now() - at < 60_000) return found
  const r = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(3000) })
  const set = read(Buffer.from(await r.arrayBuffer()), 1 << 18).keys
  fetched.set(url, [Date.now(), set])
  return set
}

const load = () => JSON.parse(readFileSync(STORE, 'utf8'))

/** All or nothing: the new file takes the old one's place when it is complete on the disk. */
function save(store) {
  const f = openSync(STORE + '.new', 'w', 0o600)
  writeSync(f, JSON.stringify(store))
  fsyncSync(f)
  closeSync(f)
  renameSync(STORE + '.new', STORE)
}

async function apply(m) {
  const chg = changeDigest(m.change)
  const [gatewayKeys, providerKeys] = [await keys(ME.gateway_keys), await keys(ME.provider.keys)]
  // Step 10. From here on nothing waits, so no other delivery comes between: this is the transaction.
  const store = load()
  const burned = Object.hasOwn(store.burned, String(m.commit)) && store.burned[m.commit]
  if (burned && same(burned.chg, chg)) return burned.answer
  if (burned) throw new Refused('receipt.already_used')
  const c = check(m, ME, gatewayKeys, providerKeys, store.accounts, Math.floor(Date.now() / 1000))
  const account = store.accounts[c.sub]
  if (m.change.base !== '*' && m.change.base !== String(account.version)) throw new Refused('change.base')
  Object.assign(account, m.change.fields, { version: account.version + 1 })
  const answer = { result: 'applied', version: String(account.version) }
  store.burned[c.commit] = { chg, answer }
  remember(store, c.log)
  save(store)
  return answer
}

/** Step 11: the gateway's log only grows. A smaller head, or another root of the same size, is for a person. */
function remember(store, log) {
  const old = store.log ?? log
  if (log.size < old.size || (log.size === old.size && log.root !== old.root)) console.error('alarm: the gateway\'s log was', old, 'and is', log)
  else store.log = log
}

async function take(req) {
  const parts = []
  let size = 0
  for await (const part of req) {
    if ((size += part.length) > 65536) throw new Refused('json.invalid')
    parts.push(part)
  }
  if (req.method !== 'POST' || req.url !== '/postern' || req.headers['content-encoding']) throw new Refused('json.invalid')
  const m = read(Buffer.concat(parts), 65536)
  if (m.type === 'change.apply') return [200, await apply(m)]
  if (m.type !== 'change.settle') return [204]
  const { burned } = load()
  return [200, Object.hasOwn(burned, String(m.commit)) ? burned[m.commit].answer : { result: 'unknown' }]
}

function status(code) {
  if (code === 'receipt.already_used' || code === 'change.base') return 409
  return /^(change|json)\./.test(code) ? 400 : 403
}

const server = createServer(async (req, res) => {
  let answer
  try {
    answer = await take(req)
  } catch (e) {
    // What is no refusal is our own fault: 500, so that the gateway asks again.
    answer = e instanceof Refused ? [status(e.message), { code: e.message }] : [500, { code: 'internal' }]
    if (answer[0] === 500) console.error(e.name)
  }
  res.writeHead(answer[0], { 'content-type': 'application/json' }).end(answer[1] && JSON.stringify(answer[1]))
})
const [host, port] = ME.listen.split(':')
server.listen(Number(port), host)
