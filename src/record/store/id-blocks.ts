import { KEYS_PER_MS, type NewRow, type Value } from './store.ts'

// Ids are looked up by text blocks, each with the hashes of all ids of one minute's rows, and read from end to end: a
// second or two of a month is looked through in some ten milliseconds. An index of ids or of their hashes is faster to
// ask, but its entries have no order, so each row writes a page of its own: half of what a row cost.

/** Keys of one minute. */
export const KEYS_PER_MINUTE = 60_000 * KEYS_PER_MS
/** 36^7 is more than 2^32. */
const LENGTH = 7
/** So many rows of a minute are a block of their own: adding to one writes all of it again. */
const MANY = 100

/** The hashes of ids of one minute, or of a part of it. */
export interface IdBlock {
  readonly minute: number
  /** 0, or what tells a large block apart. */
  readonly part: number
  hashes: string
}

/** An id's hash as blocks have it: seven letters and digits. */
export function hashOf(id: string): string {
  return Bun.hash.crc32(id).toString(36).padStart(LENGTH, '0')
}

/** The blocks of some rows, in an order in which no two writers wait for each other in a circle. */
export function idBlocks(rows: readonly NewRow[]): IdBlock[] {
  const groups = Map.groupBy(rows, ({ key }) => Math.floor(key / KEYS_PER_MINUTE))
  return [...groups]
    .sort(([one], [other]) => one - other)
    .map(([minute, some]) => {
      const part = some.length < MANY ? 0 : 1 + ((some[0]?.key ?? 0) % KEYS_PER_MINUTE)
      let hashes = ''
      for (const { id, upstreamId } of some) {
        hashes += hashOf(id)
        if (upstreamId !== undefined) hashes += hashOf(upstreamId)
      }
      return { minute, part, hashes }
    })
}

/** Adds a block, or adds to it. */
export const ID_BLOCK_SQL = `INSERT INTO id_block (minute, part, hashes) VALUES ($1, $2, $3)
  ON CONFLICT (minute, part) DO UPDATE SET hashes = id_block.hashes || excluded.hashes`

/** The parameters of the above. */
export function idBlockValues({ minute, part, hashes }: IdBlock): Value[] {
  return [minute, part, hashes]
}

/** Deletes the blocks of hours before one. */
export const FORGET_IDS_SQL = 'DELETE FROM id_block WHERE minute < $1 * 60'
