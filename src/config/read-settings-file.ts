import { lstatSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, ProxyError } from '../kit/error.ts'
import { readFromDisk } from './paths.ts'

const OTHERS_WRITE = 0o002
const ROOT = 0
/** What a shell substitutes for a file, and what a process was started with, are pipes. */
const PIPES = /^\/(?:dev|proc)\//

/**
 * Reads a file that is found in a folder as settings, which may run commands and say where keys go. Throws at what has
 * no end, as a link to a device, and at what another user has put where all may write.
 */
export function readSettingsFile(path: string): string | undefined {
  try {
    refuseUnsafe(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  return readFromDisk(path)
}

function refuseUnsafe(path: string): void {
  const file = statSync(path)
  // Of a folder the reading itself tells.
  if (!file.isFile() && !file.isDirectory() && !PIPES.test(path)) {
    throw new ProxyError('invalid_request', 'it is no regular file')
  }
  const own = process.getuid?.()
  if (own === undefined || (statSync(dirname(path)).mode & OTHERS_WRITE) === 0) return
  if ([file, lstatSync(path)].every(({ uid }) => uid === own || uid === ROOT)) return
  throw new ProxyError(
    'permission',
    'it belongs to another user, in a folder that all may write: start ccproxy in a folder of yours',
  )
}
