import { constants } from 'node:fs'
import { access, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { errorCode, ProxyError } from '../../kit/error.ts'
import {
  executableNames,
  installFolders,
  type Machine,
  pathFolders,
  versionedFolders,
} from './install-places.ts'

/** Where Claude Code is looked for. */
export interface ClaudePlaces extends Machine {
  /** `sdk.cli_path`: a path, `~/…`, or a name that PATH knows; nothing else is tried where it is set. */
  readonly cliPath?: string | undefined
  /** ccproxy's own executable, which is never taken for Claude Code. */
  readonly self?: string | undefined
}

/** The user's own Claude Code. */
export interface FoundClaude {
  /** What to start. */
  readonly path: string
  /** The file that it is in the end, for people to read. */
  readonly realPath: string
  readonly source: 'sdk.cli_path' | 'PATH' | 'install'
}

/** Looks for Claude Code on this machine: the configured path, PATH, then where installers put it. */
export async function findClaude(places: ClaudePlaces): Promise<FoundClaude | undefined> {
  const { cliPath } = places
  if (cliPath !== undefined) return configured(places, cliPath)
  return (
    (await firstOf(places, pathFolders(places), 'PATH')) ??
    (await firstOf(places, [...installFolders(places), ...(await versions(places))], 'install'))
  )
}

async function configured(places: ClaudePlaces, cliPath: string): Promise<FoundClaude> {
  const named = !/[/\\]/.test(cliPath)
  const path = cliPath.startsWith('~/') ? join(places.home, cliPath.slice(2)) : cliPath
  const candidates = named
    ? pathFolders(places).map((folder) => join(folder, cliPath))
    : [isAbsolute(path) ? path : resolve(path)]
  let why = named ? 'PATH does not have it' : 'there is no such file'
  for (const candidate of candidates) {
    const found = await examine(places, candidate, 'sdk.cli_path')
    if (typeof found !== 'string') return found
    if (found !== '') why = found
  }
  throw new ProxyError(
    'unavailable',
    `Cannot use sdk.cli_path "${cliPath}": ${why}; correct it, or remove it so that Claude Code is searched for`,
    { headers: { 'x-should-retry': 'false' } },
  )
}

async function firstOf(
  places: ClaudePlaces,
  folders: readonly string[],
  source: FoundClaude['source'],
): Promise<FoundClaude | undefined> {
  for (const folder of folders) {
    for (const name of executableNames(places.platform)) {
      const found = await examine(places, join(folder, name), source)
      if (typeof found !== 'string') return found
    }
  }
  return undefined
}

/** What a path holds: Claude Code, nothing (an empty text), or the reason why it cannot be used. */
async function examine(
  places: ClaudePlaces,
  path: string,
  source: FoundClaude['source'],
): Promise<FoundClaude | string> {
  try {
    const file = await stat(path)
    if (file.isDirectory()) return 'it is a folder'
    await access(path, places.platform === 'win32' ? constants.F_OK : constants.X_OK)
    const realPath = await realpath(path)
    if (await isOwn(places, realPath, file.size)) return 'it starts ccproxy itself'
    return { path: await behindShim(path), realPath, source }
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error'
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    return code === 'EACCES' ? 'it is not executable' : `it cannot be read (${code})`
  }
}

const SCRIPT_BYTES = 16 * 1024

/** A wrapper that calls ccproxy (as `ccproxy code` does for a terminal) would start us again without end. */
async function isOwn({ self }: ClaudePlaces, realPath: string, size: number): Promise<boolean> {
  if (self !== undefined && realPath === self) return true
  if (size > SCRIPT_BYTES) return false
  const text = await Bun.file(realPath).text()
  return (text.startsWith('#!') || realPath.endsWith('.cmd')) && /\bccproxy\b/.test(text)
}

/** npm's `claude.cmd` cannot be started without a shell; the program beside it can. */
async function behindShim(path: string): Promise<string> {
  if (!path.toLowerCase().endsWith('.cmd')) return path
  const below = join(dirname(path), 'node_modules', '@anthropic-ai', 'claude-code')
  for (const file of [join(below, 'bin', 'claude.exe'), join(below, 'cli.js')]) {
    if (await isFile(file)) return file
  }
  return path
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    // Not there, or not for us to see: either way it cannot be started.
    return false
  }
}

/** The folders of all versions of Node.js that its version managers hold, newest first. */
async function versions(machine: Machine): Promise<string[]> {
  const lists = versionedFolders(machine).map(async ({ path, below }) => {
    const names = await namesIn(path)
    const newest = names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    return newest.map((name) => join(path, name, below))
  })
  return (await Promise.all(lists)).flat()
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch {
    // Most machines have no such folder.
    return []
  }
}

/** Finds Claude Code and remembers where; a later install is found, a removed one is missed. */
export class ClaudeFinder {
  readonly #places: ClaudePlaces
  #path: { readonly path: string; readonly source: FoundClaude['source'] } | undefined

  constructor(places: ClaudePlaces) {
    this.#places = places
  }

  /** The executable, checked anew; undefined where there is none; throws where `sdk.cli_path` is wrong. */
  async find(): Promise<FoundClaude | undefined> {
    if (this.#path !== undefined) {
      const again = await examine(this.#places, this.#path.path, this.#path.source)
      if (typeof again !== 'string') return again
    }
    const found = await findClaude(this.#places)
    this.#path = found
    return found
  }
}
