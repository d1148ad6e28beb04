import { lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreError } from './store.ts'

const OTHERS_WRITE = 0o002

/**
 * Throws where, in a folder that all can write, a file that somebody else can reach stands in the ledger's place:
 * another user's file or link, or one that bears a second name.
 */
export function refuseForeign(path: string): void {
  const own = process.getuid?.()
  if (own === undefined || (statSync(dirname(path)).mode & OTHERS_WRITE) === 0) return
  const entry = lstatSync(path, { throwIfNoEntry: false })
  const file = statSync(path, { throwIfNoEntry: false })
  if ([entry, file].some((each) => each !== undefined && each.uid !== own)) {
    throw new StoreError('failed', `"${path}" belongs to another user: name another file`)
  }
  if (file !== undefined && file.nlink > 1) {
    throw new StoreError('failed', `"${path}" has a second name elsewhere: name another file`)
  }
}
