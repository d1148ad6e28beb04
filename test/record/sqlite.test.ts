import { test } from 'bun:test'
import { join } from 'node:path'
import { SqliteStore } from '../../src/record/store/sqlite.ts'
import { tempDir } from '../support/child.ts'
import { storeContract } from '../support/store-contract.ts'

storeContract('SQLite', test, async () => {
  const folder = tempDir()
  const path = join(folder.path, 'data', 'ledger.sqlite')
  return {
    open: (migrations, instance = 'one') =>
      new SqliteStore({
        path,
        instance,
        said: (message) => {
          throw new Error(message)
        },
        ...(migrations && { migrations }),
      }),
    remove: async () => folder.remove(),
  }
})
