import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { isFolder, type Mount, mount } from './isolation-paths.ts'

/** The login that Claude Code keeps on its own and refreshes. */
const LOGIN = '.credentials.json'

/** What Claude Code writes as it runs and nothing inside needs from earlier runs or from others. */
const PRIVATE = new Set([
  ...['backups', 'cache', 'daemon', 'debug', 'file-history', 'ide', 'image-cache', 'jobs', 'logs'],
  ...['paste-cache', 'plans', 'projects', 'session-env', 'sessions', 'shell-snapshots', 'state'],
  ...['statsig', 'tasks', 'teams', 'telemetry', 'todos', 'traces', 'uploads', 'usage-data'],
])

/** Records of the user's other conversations, which are files. */
const HIDDEN = new Set(['history.jsonl'])

/** What a Claude Code outside would obey, so that nothing inside may make it where it is missing. */
const OBEYED_FILES: Readonly<Record<string, string>> = {
  'CLAUDE.md': '',
  'settings.json': '{}\n',
  'settings.local.json': '{}\n',
}
const OBEYED_FOLDERS = [
  ...['agents', 'commands', 'hooks', 'output-styles', 'plugins', 'rules', 'skills', 'workflows'],
  // Scripts that its shell tool reads.
  ...['session-env', 'shell-snapshots'],
]

/**
 * What of Claude Code's own state there is inside.
 *
 * 2026-11: a refreshed login has to persist and has to be the one that Claude Codes outside use, since
 * the refresh token changes with each use. Claude Code (2.1.329) writes `.credentials.json` by a rename
 * and locks by making `.oauth_refresh.lock` beside it; a mount of that file alone would miss every
 * renewal from outside and lock nobody. So where there is a login its folder is mounted, to be written.
 * Settings, agents, hooks, plugins and whatever else is in it are mounted over it to be read only, and
 * the missing ones among them are made, because a tool that could write them would have its commands run
 * outside. Without that file (a key or a token in the environment) nothing is written at all: the folder
 * is private and the settings in it can be read.
 *
 * `~/.claude.json` is read only: Claude Code runs well without writing it, and it names MCP servers,
 * which are commands too.
 */
export function stateMounts(env: Readonly<Record<string, string>>, home: string): Mount[] {
  const config = env.CLAUDE_CONFIG_DIR || join(home, '.claude')
  const store = env.CLAUDE_SECURESTORAGE_CONFIG_DIR
  const login = store === undefined ? config : store || join(home, '.claude')
  const file = join(env.CLAUDE_CONFIG_DIR || home, '.claude.json')
  return [
    ...[...new Set([config, login])].flatMap(folderMounts),
    ...(existsSync(file) ? [mount('read', file)] : []),
  ]
}

function folderMounts(folder: string): Mount[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const hasLogin = existsSync(join(folder, LOGIN))
    if (hasLogin) makeObeyed(folder)
    const inside = readdirSync(folder)
      .filter((name) => name !== LOGIN && !isPassing(name))
      .map((name) => entryMount(folder, name))
    return [mount(hasLogin ? 'write' : 'private', folder), ...inside]
  } catch (error) {
    const text = `Cannot make "${folder}" ready for an isolated Claude Code: ${messageOf(error)}`
    throw new ProxyError('unavailable', text, { cause: error })
  }
}

function entryMount(folder: string, name: string): Mount {
  const path = join(folder, name)
  if (HIDDEN.has(name)) return mount('hidden', path)
  return mount(PRIVATE.has(name) && isFolder(path) ? 'private' : 'read', path)
}

/** Locks and files that are about to be renamed may be gone a moment later. */
function isPassing(name: string): boolean {
  return /\.lock$|\.tmp\b|^\.credentials\.json\./.test(name)
}

function makeObeyed(folder: string): void {
  for (const name of OBEYED_FOLDERS) mkdirSync(join(folder, name), { recursive: true })
  for (const [name, text] of Object.entries(OBEYED_FILES)) {
    const path = join(folder, name)
    if (!existsSync(path)) writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  }
}
