import { chmodSync, mkdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, ProxyError } from '../kit/error.ts'
import { randomUrlText } from '../kit/random-url-text.ts'

/** Replaces a file at once, readable by its owner only; a link keeps pointing at its target. */
export function writePrivateFile(path: string, text: string): void {
  const target = realTarget(path)
  // A name that nobody can know, for a link put there would be written through.
  const beside = `${target}.${randomUrlText()}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx', flush: true })
    chmodSync(beside, 0o600)
    renameSync(beside, target)
  } catch (error) {
    rmSync(beside, { force: true })
    throw new ProxyError('internal', `Cannot write "${path}": ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** A file that does not exist yet is its own target. */
function realTarget(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
