import type { SQL } from 'bun'
import { whole } from './filter.ts'
import { FORGET_IDS_SQL } from './id-blocks.ts'
import { dayOf, FORGET_NAMES_SQL } from './names.ts'
import { numberOf } from './read.ts'
import { FORGET_SQL } from './rollup.ts'
import {
  KEYS_PER_HOUR,
  KEYS_PER_MS,
  type Retention,
  type StoredRow,
  type StoreSize,
  type Value,
} from './store.ts'

/** Deleted at once, so that no other writer waits for long. */
const STEP = 2000
/** Room made below the limit. */
const ROOM = 0.95
/** What a row takes with its indexes, bytes: a server's own figures do not shrink when rows go. */
const ROW_BYTES = 400

/** A connection, or one within a transaction. */
export type Connection = Pick<SQL, 'unsafe'>

/** The rows that a statement gives. */
export async function rowsOf(
  connection: Connection,
  sql: string,
  params: readonly Value[],
): Promise<readonly StoredRow[]> {
  const rows: unknown = await connection.unsafe(sql, [...params])
  return Array.isArray(rows) ? rows : []
}

/** Deletes what is too old or too much, in small steps. */
export async function retainPostgres(
  sql: Connection,
  { before, bytes }: Retention,
): Promise<number> {
  let gone = 0
  // A retention of a thousand years begins before any row, and before any key.
  if (before !== undefined && before > 0) {
    gone += await deleteRows(sql, before * KEYS_PER_MS, Number.MAX_SAFE_INTEGER)
    await forgetHours(sql, before)
  }
  if (bytes !== undefined) gone += await deleteBeyond(sql, bytes)
  return gone
}

/** Deletes the oldest rows below a key, `most` at most. */
async function deleteRows(sql: Connection, below: number, most: number): Promise<number> {
  let gone = 0
  while (gone < most) {
    const step = Math.min(STEP, most - gone)
    const keys = `SELECT key FROM exchange WHERE key < ${whole(below)} ORDER BY key LIMIT ${step}`
    const deleted = await rowsOf(
      sql,
      `WITH gone AS (DELETE FROM exchange WHERE key IN (${keys}) RETURNING key),
        bodies AS (DELETE FROM body WHERE key IN (SELECT key FROM gone))
        SELECT count(*) AS count FROM gone`,
      [],
    )
    const count = numberOf(deleted[0], 'count')
    gone += count
    if (count < step) break
  }
  return gone
}

/** Bodies go before rows do; with rows go the figures of the hours that are left empty. */
async function deleteBeyond(sql: Connection, bytes: number): Promise<number> {
  let size = await sizeOfPostgres(sql)
  if (size.bytes <= bytes) return 0
  while (size.bytes > bytes * ROOM) {
    const oldest = `SELECT key, size FROM body ORDER BY key LIMIT ${STEP}`
    const summed = `SELECT key, sum(size) OVER (ORDER BY key) - size AS before FROM (${oldest}) o`
    const deleted = await rowsOf(
      sql,
      `DELETE FROM body WHERE key IN (SELECT key FROM (${summed}) s WHERE before < $1) RETURNING key`,
      [Math.ceil(size.bytes - bytes * ROOM)],
    )
    if (deleted.length === 0) break
    size = await sizeOfPostgres(sql)
  }
  const tooMany = Math.ceil((size.bytes - bytes * ROOM) / ROW_BYTES)
  if (tooMany <= 0) return 0
  const gone = await deleteRows(sql, Number.MAX_SAFE_INTEGER, tooMany)
  const [row] = await rowsOf(sql, 'SELECT min(key) AS key FROM exchange', [])
  const oldest = numberOf(row, 'key')
  // Where nothing is left, all figures but those of the running hour are of rows that are gone.
  await forgetHours(sql, oldest === 0 ? Date.now() : Math.floor(oldest / KEYS_PER_MS))
  return gone
}

/** Figures go with the rows, and names that nobody has used for longer still. */
async function forgetHours(sql: Connection, before: number): Promise<void> {
  const hour = Math.floor((before * KEYS_PER_MS) / KEYS_PER_HOUR)
  for (const statement of [FORGET_SQL, FORGET_IDS_SQL]) await rowsOf(sql, statement, [hour])
  await rowsOf(sql, FORGET_NAMES_SQL, [dayOf(before) - 2])
}

/** What a database holds; its bytes are an estimate. */
export async function sizeOfPostgres(sql: Connection): Promise<StoreSize> {
  const [row] = await rowsOf(
    sql,
    `SELECT count(*) AS rows, min(key) AS oldest, max(key) AS newest,
      (SELECT coalesce(sum(size), 0) FROM body) AS bodies FROM exchange`,
    [],
  )
  const rows = numberOf(row, 'rows')
  const time = (name: string) =>
    rows === 0 ? undefined : Math.floor(numberOf(row, name) / KEYS_PER_MS)
  return {
    rows,
    bytes: rows * ROW_BYTES + numberOf(row, 'bodies'),
    oldest: time('oldest'),
    newest: time('newest'),
  }
}
