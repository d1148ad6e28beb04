import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf } from '../kit/error.ts'
import { isPostgres } from './ledger.ts'

/** Where a ledger is, and what keeps rows from being written to it. */
export interface LedgerCheck {
  /** Its file or address; never with a password. */
  readonly place: string
  readonly problem: string | undefined
}

/** Looks whether a ledger could be opened and written; changes nothing, and makes nothing that is not there yet. */
export async function checkLedger(database: string): Promise<LedgerCheck> {
  const server = isPostgres(database)
  const place = server ? withoutSecrets(database) : database
  try {
    return { place, problem: await (server ? serverProblem(database) : fileProblem(database)) }
  } catch (error) {
    return { place, problem: messageOf(error) }
  }
}

function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

async function serverProblem(url: string): Promise<string | undefined> {
  return (await import('./store/postgres-check.ts')).postgresProblem(url)
}

async function fileProblem(path: string): Promise<string | undefined> {
  if (!existsSync(path)) {
    const there = nearest(dirname(path))
    if (!statSync(there).isDirectory()) return `"${there}" is a file`
    accessSync(there, constants.W_OK)
    return undefined
  }
  if (!statSync(path).isFile()) return 'it is no file'
  accessSync(path, constants.R_OK | constants.W_OK)
  // SQLite puts its log beside it.
  accessSync(dirname(path), constants.W_OK)
  return (await import('./store/sqlite-check.ts')).sqliteProblem(path)
}

/** The folder itself, or what of the way to it exists. */
function nearest(folder: string): string {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) || dirname(path) === path) return path
  }
}
