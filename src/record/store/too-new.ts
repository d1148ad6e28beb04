import { StoreError } from './store.ts'

/** A newer ccproxy's ledger: what it means is not known here, so nothing of it is touched. */
export function tooNew(place: string, version: number, known: number): StoreError {
  return new StoreError(
    'refused',
    `Ledger "${place}" has version ${version} and this ccproxy knows ${known}: update ccproxy, or name another with record.database`,
  )
}

/** Throws where a ledger that is only to be read has not the version that is known here. */
export function checkVersion(place: string, version: number, known: number): void {
  if (version > known) throw tooNew(place, version, known)
  if (version === known) return
  throw new StoreError(
    'refused',
    `Ledger "${place}" is of an older ccproxy: start this one once, which brings it up to date`,
  )
}
