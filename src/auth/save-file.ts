import { chmod, mkdir, open, readdir, realpath, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from '../kit/error.ts'

/**
 * Replaces a file so that a crash at any moment leaves the old text or the new one: written beside it
 * with mode 0600, synced, renamed, and the folder synced. The folder is made 0700.
 * Two callers must not save the same file at once: hold its lock.
 */
export async function saveFile(path: string, text: string): Promise<void> {
  const target = await realTarget(path)
  const folder = dirname(target)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  await removeLeftovers(target)
  const beside = `${target}.${process.pid}-${crypto.randomUUID()}.tmp`
  try {
    await writeSynced(beside, text)
    await rename(beside, target)
  } catch (error) {
    await removeIfThere(beside)
    throw error
  }
  await syncFolder(folder)
}

/** Removes a file, or does nothing where there is none. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

/** A link stays a link: what it points to is replaced. */
async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return path
    throw error
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is durable only when its folder is; Windows has no such call. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A process that was killed while saving leaves its half behind, with tokens in it. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}.`
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(prefix) && name.endsWith('.tmp')) {
      await removeIfThere(join(dirname(target), name))
    }
  }
}
