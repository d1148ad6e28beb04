import type { Database } from 'bun:sqlite'
import { FORGET_IDS_SQL } from './id-blocks.ts'
import { dayOf, FORGET_NAMES_SQL, RETIRE_NAMES_SQL } from './names.ts'
import { numberOf } from './read.ts'
import { FORGET_SQL, levelFor } from './rollup.ts'
import { KEYS_PER_HOUR, KEYS_PER_MS, type Retention, type StoreSize } from './store.ts'

/** How many rows go at once: a few milliseconds of work, then others are let in. */
const STEP = 500
/** How many bodies: each may have megabytes, and no more are to go than must. */
const BODIES = 8
/** Pages given back to the disk at once. */
const PAGES = 256
const PAUSE_MS = 5
/** Room that is made below the limit, so that the next row does not ask for it again. */
const ROOM = 0.95

type Run = <Result>(step: (database: Database) => Result) => Result

/** Deletes what is too old or too much, in small steps, and gives the room back to the disk. */
export async function retainSqlite(run: Run, { before, bytes }: Retention): Promise<number> {
  let gone = 0
  const repeat = async (step: (database: Database) => number) => {
    for (let count = run(step); count > 0; count = run(step)) {
      gone += count
      await Bun.sleep(PAUSE_MS)
    }
  }
  if (before !== undefined) {
    await repeat((database) => deleteRows(database, before * KEYS_PER_MS))
    run((database) => {
      forgetFigures(database, before)
      forgetNames(database, before)
    })
  }
  if (bytes !== undefined && run(usedBytes) > bytes) {
    await repeat((database) => (usedBytes(database) > bytes * ROOM ? deleteOldest(database) : 0))
  }
  while (run(giveBack)) await Bun.sleep(PAUSE_MS)
  return gone
}

/** Deletes the oldest rows below a key; gives how many. */
function deleteRows(database: Database, below: number): number {
  const oldest = 'SELECT key FROM exchange WHERE key < $1 ORDER BY key LIMIT $2'
  const found = database.query(`SELECT max(key) AS last, count(*) AS count FROM (${oldest})`)
  return database
    .transaction(() => {
      const step = found.get(below, STEP)
      const count = numberOf(step, 'count')
      if (count === 0) return 0
      const last = numberOf(step, 'last')
      database.query('DELETE FROM body WHERE key <= $1').run(last)
      database.query('DELETE FROM exchange WHERE key <= $1').run(last)
      return count
    })
    .immediate()
}

/** Bodies go before rows do; with rows go the figures of the hours that are left empty. */
function deleteOldest(database: Database): number {
  const bodies = 'SELECT key FROM body ORDER BY key LIMIT $1'
  const { changes } = database.query(`DELETE FROM body WHERE key IN (${bodies})`).run(BODIES)
  if (changes > 0) return changes
  const before = oldestTime(database)
  const count = deleteRows(database, Number.MAX_SAFE_INTEGER)
  if (count === 0) return 0
  const oldest = oldestTime(database)
  forgetFigures(database, oldest)
  // To look for names takes longer than all else, and they go by the day.
  if (dayOf(oldest) > dayOf(before)) forgetNames(database, oldest)
  return count
}

/** When the oldest row came; now where there is none. */
function oldestTime(database: Database): number {
  const key = numberOf(database.query('SELECT min(key) AS key FROM exchange').get(), 'key')
  return key === 0 ? Date.now() : Math.floor(key / KEYS_PER_MS)
}

/** Figures go with the rows. */
function forgetFigures(database: Database, before: number): void {
  const hour = Math.floor((before * KEYS_PER_MS) / KEYS_PER_HOUR)
  for (const statement of [FORGET_SQL, FORGET_IDS_SQL]) database.query(statement).run(hour)
}

/** Names go once nobody has used them for longer than that. */
function forgetNames(database: Database, before: number): void {
  database.query(FORGET_NAMES_SQL).run(dayOf(before) - 2)
}

/** Forgets all rows and figures; gives how many rows there were. */
export function resetSqlite(database: Database): number {
  return database
    .transaction(() => {
      const { rows } = sizeOfSqlite(database)
      for (const table of ['exchange', 'body', 'hourly', 'id_block']) {
        database.run(`DELETE FROM ${table}`)
      }
      database.run(RETIRE_NAMES_SQL)
      return rows
    })
    .immediate()
}

function usedBytes(database: Database): number {
  return (pragma(database, 'page_count') - free(database)) * pragma(database, 'page_size')
}

function free(database: Database): number {
  return pragma(database, 'freelist_count')
}

function pragma(database: Database, name: string): number {
  return numberOf(database.query(`PRAGMA ${name}`).get(), name)
}

/** True while there is more to give back than what the next rows need. */
function giveBack(database: Database): boolean {
  const before = free(database)
  if (before <= PAGES) return false
  database.run(`PRAGMA incremental_vacuum(${PAGES})`)
  return free(database) < before
}

/** What a database holds. Whole hours are counted by their figures: to count a million rows takes a fifth of a second. */
export function sizeOfSqlite(database: Database): StoreSize {
  // Both in one plain SELECT would read the whole table.
  const end = (name: string) => `(SELECT ${name}(key) FROM exchange)`
  const ends = database.query(`SELECT ${end('min')} AS oldest, ${end('max')} AS newest`).get()
  const oldest = numberOf(ends, 'oldest')
  if (oldest === 0) {
    return { rows: 0, bytes: usedBytes(database), oldest: undefined, newest: undefined }
  }
  const hour = Math.floor(oldest / KEYS_PER_HOUR)
  // The oldest hour may have lost rows that its figures still have.
  const first = database.query('SELECT count(*) AS rows FROM exchange WHERE key < $1')
  const later = database.query(
    `SELECT coalesce(sum(requests), 0) AS rows FROM hourly WHERE level = ${levelFor([])} AND hour > $1`,
  )
  const rows =
    numberOf(first.get((hour + 1) * KEYS_PER_HOUR), 'rows') + numberOf(later.get(hour), 'rows')
  const newest = Math.floor(numberOf(ends, 'newest') / KEYS_PER_MS)
  return { rows, bytes: usedBytes(database), oldest: Math.floor(oldest / KEYS_PER_MS), newest }
}
