import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { errorCode } from '../kit/error.ts'

/** Reads a file's text; `undefined` where there is none, an error where it cannot be read. */
export type ReadFile = (path: string) => string | undefined

/** Reads from the disk. */
export function readFromDisk(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** What the search for a config file depends on. */
export interface Places {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  /** The value of `--config`. */
  readonly config?: string | undefined
  readonly readFile: ReadFile
}

/** A place where a config file may be; an explicit one must exist. */
export interface Candidate {
  readonly path: string
  readonly origin: 'flag --config' | 'environment CCPROXY_CONFIG' | 'search'
}

/**
 * Where a config file is looked for, in order. The first that exists is the one file that is read;
 * files are never merged with each other, so that a project's file is complete in itself.
 */
export function candidates(places: Places): Candidate[] {
  const { env, cwd, home, config } = places
  const absolute = (path: string) => resolve(cwd, path.replace(/^~(?=$|[/\\])/, home))
  if (config !== undefined) return [{ path: absolute(config), origin: 'flag --config' }]
  if (env.CCPROXY_CONFIG) {
    return [{ path: absolute(env.CCPROXY_CONFIG), origin: 'environment CCPROXY_CONFIG' }]
  }
  const root = gitRoot(cwd, places.readFile)
  const folders = root === undefined || root === cwd ? [cwd] : [cwd, root]
  const paths = folders.flatMap((folder) => [
    join(folder, '.ccproxy.toml'),
    join(folder, 'ccproxy.toml'),
  ])
  return [...paths, userConfigPath(env, home)].map((path) => ({ path, origin: 'search' }))
}

/** The user's own config file: `$XDG_CONFIG_HOME/ccproxy/config.toml` or `~/.config/…`. */
export function userConfigPath(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const base = env.XDG_CONFIG_HOME
  const folder = base !== undefined && isAbsolute(base) ? base : join(home, '.config')
  return join(folder, 'ccproxy', 'config.toml')
}

/** The file that keeps the plan login, beside the user's own config file. */
export function credentialsPath(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return join(dirname(userConfigPath(env, home)), 'credentials.json')
}

/** The folder of what ccproxy keeps for itself: `$XDG_DATA_HOME/ccproxy` or `~/.local/share/ccproxy`. */
export function dataFolder(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  const base = env.XDG_DATA_HOME
  const folder = base !== undefined && isAbsolute(base) ? base : join(home, '.local', 'share')
  return join(folder, 'ccproxy')
}

/** The nearest folder upward with a `.git` (a folder, or a file as worktrees have it). */
function gitRoot(cwd: string, readFile: ReadFile): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (isGitRoot(folder, readFile)) return folder
    if (dirname(folder) === folder) return undefined
  }
}

function isGitRoot(folder: string, readFile: ReadFile): boolean {
  try {
    const head = readFile(join(folder, '.git', 'HEAD'))
    return head !== undefined || readFile(join(folder, '.git')) !== undefined
  } catch {
    // A folder that may not be read is no place for a config file either.
    return false
  }
}

/** A path as a message names it: from the working folder if below it, else from `~`. */
export function shownPath(path: string, cwd: string, home: string): string {
  const within = relative(cwd, path)
  if (within !== '' && !within.startsWith('..') && !isAbsolute(within)) return `./${within}`
  const atHome = relative(home, path)
  return atHome !== '' && !atHome.startsWith('..') && !isAbsolute(atHome) ? `~/${atHome}` : path
}
