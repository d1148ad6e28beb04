/**
 * Fills a ledger with a million rows of 30 days and times what the dashboard asks of it: p50 and p95 of each question,
 * the size before and after old rows go, and what writing costs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { analyse } from '../../src/record/store/analytics.ts'
import { listRows, readEntry } from '../../src/record/store/list.ts'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import { rowMaker } from '../../test/support/ledger-rows.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '15' },
  },
})
const ROWS = Number(values.rows)
const DAYS = Number(values.days)
const ROUNDS = Number(values.rounds)
const BATCH = 1000
const DAY_MS = 86_400_000
const GOAL_MS = 100

const folder = mkdtempSync(join(tmpdir(), 'ccproxy-ledger-'))
const path = join(folder, 'ledger.sqlite')
const store = new SqliteStore({ path, instance: 'bench', said: console.error })
const now = Date.now()
const from = now - DAYS * DAY_MS

async function fill(): Promise<void> {
  const make = rowMaker(1)
  const cpu = process.cpuUsage()
  const began = performance.now()
  let making = 0
  for (let at = 0; at < ROWS; at += BATCH) {
    const start = performance.now()
    const rows = Array.from({ length: Math.min(BATCH, ROWS - at) }, (_, index) =>
      make(Math.floor(from + ((now - from) * (at + index)) / ROWS), at + index),
    )
    making += performance.now() - start
    await store.write(rows)
    if (process.stderr.isTTY) process.stderr.write(`\r${at + rows.length} rows`)
  }
  const { user, system } = process.cpuUsage(cpu)
  const each = (user + system - making * 1000) / ROWS
  const seconds = (performance.now() - began - making) / 1000
  console.log(`\nWritten: ${ROWS} rows in ${seconds.toFixed(1)} s, CPU ${each.toFixed(1)} µs a row`)
}

await fill()
const newest = await listRows(store, { limit: 1000 })
const middle = newest.rows[500]
const id = middle?.id ?? ''
const upstreamId = newest.rows.find((row) => row.upstreamRequestId)?.upstreamRequestId ?? ''
const session = newest.rows.find((row) => row.session)?.session ?? ''

const RANGES = { '24 h': DAY_MS, '7 d': 7 * DAY_MS, '30 d': 30 * DAY_MS, all: undefined }
const QUESTIONS: [string, () => Promise<unknown>][] = []
for (const [name, span] of Object.entries(RANGES)) {
  const since = span === undefined ? undefined : now - span
  for (const by of ['hour', 'day', 'model', 'client', 'provider', 'status'] as const) {
    QUESTIONS.push([`figures by ${by}, ${name}`, () => analyse(store, { by, since })])
  }
}
QUESTIONS.push(
  ['figures of one model by day, 30 d', () => analyse(store, { by: 'day', model: ['gpt-5'] })],
  ['figures of one session', () => analyse(store, { by: 'model', session })],
)
const FILTERS: Record<string, Parameters<typeof listRows>[1]> = {
  none: {},
  '24 h': { since: now - DAY_MS },
  model: { model: ['claude-opus-5-5'] },
  'rare model': { model: ['gpt-5'] },
  provider: { provider: ['bedrock'] },
  client: { client: ['client-11'] },
  'status 4xx': { status: ['4xx'] },
  'status 504': { status: ['504'] },
  ended: { ended: ['upstream_timeout'] },
  session: { session },
  'client and 504': { client: ['client-9'], status: ['504'] },
  'text: part of a path': { text: 'count_tok' },
  'text: rare path': { text: 'file_rare' },
  'text: part of an error': { text: 'case 17' },
  'text: part of a model': { text: 'HAIKU' },
  'text: request id': { text: id },
  'text: upstream request id': { text: upstreamId },
  'text: nothing fits': { text: 'no such thing' },
  'oldest first': { order: 'asc' },
  'deep page': { cursor: (from + (now - from) / 2) * 1024 },
}
for (const [name, filter] of Object.entries(FILTERS)) {
  QUESTIONS.push([`first page, ${name}`, () => listRows(store, { limit: 50, ...filter })])
}
QUESTIONS.push(
  ['one entry by id', () => readEntry(store, id)],
  ['one entry by key', () => readEntry(store, middle?.key ?? 0)],
  ['size', () => store.size()],
)

let missed = 0
for (const [name, ask] of QUESTIONS) {
  const times: number[] = []
  const before = process.cpuUsage()
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await ask()
    times.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(before)
  const cpu = (user + system) / 1000 / ROUNDS
  times.sort((one, other) => one - other)
  const p50 = times[Math.floor(ROUNDS / 2)] ?? 0
  const p95 = times[Math.floor(ROUNDS * 0.95)] ?? 0
  if (p50 > GOAL_MS) missed += 1
  const mark = p50 > GOAL_MS ? '  over the goal' : ''
  console.log(
    `${name.padEnd(40)} p50 ${p50.toFixed(1).padStart(7)} ms  p95 ${p95.toFixed(1).padStart(7)} ms  CPU ${cpu.toFixed(1).padStart(6)} ms${mark}`,
  )
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`
const describe = async () => {
  const { rows, bytes } = await store.size()
  return `${rows} rows, ${megabytes(bytes)}, file ${megabytes(Bun.file(path).size)}`
}
console.log(`Before retention: ${await describe()}`)
const began = performance.now()
const gone = await store.retain({ before: now - (DAYS / 2) * DAY_MS, bytes: undefined })
console.log(
  `Half the age, ${gone} rows gone in ${((performance.now() - began) / 1000).toFixed(1)} s: ${await describe()}`,
)
await store.retain({ before: undefined, bytes: 50 * 1024 * 1024 })
console.log(`At most 50 MB: ${await describe()}`)
await store.close()
rmSync(folder, { recursive: true, force: true })
if (missed > 0) console.log(`${missed} questions are over ${GOAL_MS} ms`)
