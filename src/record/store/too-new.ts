import { StoreError } from './store.ts'

/** A newer ccproxy's ledger: what it means is not known here, so nothing of it is touched. */
export function tooNew(place: string, version: number, known: number): StoreError {
  return new StoreError(
    'refused',
    `Ledger "${place}" has version ${version} and this ccproxy knows ${known}: update ccproxy, or name another with record.database`,
  )
}
