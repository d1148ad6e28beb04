import type { Store } from './store.ts'

/** A store that is only read. */
export type StoreReader = Pick<Store, 'all' | 'close'>
