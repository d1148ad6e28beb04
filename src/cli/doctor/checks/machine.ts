import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../../config/diagnose.ts'
import { ledgerDatabase } from '../../../config/ledger-options.ts'
import { dataFolder, shownPath } from '../../../config/paths.ts'
import { messageOf } from '../../../kit/error.ts'
import { isPostgres } from '../../../record/ledger.ts'
import { checkLedger } from '../../../record/ledger-check.ts'
import { type CheckGroup, type Finding, fail, fine, warn } from '../check.ts'
import type { DoctorWorld } from '../doctor-world.ts'

const MEGABYTE = 1024 * 1024
const LITTLE = 1024 * MEGABYTE
const TOO_LITTLE = 50 * MEGABYTE

/** What ccproxy keeps, and where. */
export const MACHINE: CheckGroup = {
  title: 'This machine',
  checks: [
    { name: 'data', cheap: true, run: async (world) => data(world) },
    { name: 'ledger', cheap: false, run: ledger },
    { name: 'disk', cheap: true, run: disk },
  ],
}

/** Sessions, logins and the like: by writing where they go, or would. */
function data({ context }: DoctorWorld): Finding[] {
  const folder = dataFolder(context.env, context.home)
  const shown = shownPath(folder, context.cwd, context.home)
  const there = nearest(folder)
  try {
    if (!statSync(there).isDirectory()) throw new Error(`"${there}" is a file`)
    if (there === folder) tryToWrite(folder)
    else accessSync(there, constants.W_OK)
    return fine(`${shown} can be written`)
  } catch (error) {
    const fix = `make ${folder} a folder of yours that can be written, or set XDG_DATA_HOME`
    return fail(`Nothing can be kept in ${shown}: ${messageOf(error)}`, fix)
  }
}

/** The configured ledger, wherever it is: only looked at. */
async function ledger({ settings, context }: DoctorWorld): Promise<Finding[]> {
  if (settings instanceof ConfigError) return []
  const { record } = settings.settings
  if (!record.ledger) return fine('No ledger is kept (record.ledger)')
  const database = ledgerDatabase(settings.settings, context)
  if (database === ':memory:') return fine('The ledger is kept in memory only')
  const { place, problem } = await checkLedger(database)
  const shown = isPostgres(database) ? place : shownPath(place, context.cwd, context.home)
  if (problem === undefined) return fine(`The ledger ${shown} can be written`)
  const fix = isPostgres(database)
    ? 'see that this server runs and lets ccproxy write, or correct record.database'
    : `make ${place} a file of yours that can be written, or name another with record.database`
  return fail(`The ledger ${shown} cannot be written: ${problem}`, fix)
}

function tryToWrite(folder: string): void {
  const path = join(folder, `.doctor-${process.pid}`)
  writeFileSync(path, '', { mode: 0o600 })
  rmSync(path)
}

/** The folder itself, or what of the way to it exists. */
function nearest(folder: string): string {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) || dirname(path) === path) return path
  }
}

async function disk({ context, freeBytes }: DoctorWorld): Promise<Finding[]> {
  const folder = dataFolder(context.env, context.home)
  const free = await freeBytes(nearest(folder))
  const shown = shownPath(folder, context.cwd, context.home)
  const words = `${Math.round(free / MEGABYTE)} MB are free for ${shown}`
  const fix = 'free some space, or set XDG_DATA_HOME to a larger disk'
  if (free < TOO_LITTLE) return fail(`Only ${words}`, fix)
  return free < LITTLE ? warn(`Only ${words}`, fix) : fine(words)
}
