import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { shownPath } from '../../config/paths.ts'
import { errorCode } from '../../kit/error.ts'
import { isRecord, parseJson } from '../../kit/json.ts'
import { configDirOf } from '../../provider/claude-sdk/claude-settings.ts'
import type { CommandContext } from '../command.ts'

/** One place that gives Claude Code settings. */
export interface ClaudeScope {
  readonly name: 'shell' | 'user' | 'project' | 'local' | 'managed'
  /** The file as a person reads it; for the shell its name. */
  readonly where: string
  readonly env: Readonly<Record<string, string>>
  readonly keyHelper: boolean
  readonly model: string | undefined
  /** Why it cannot be read. */
  readonly problem?: string
}

/** Where an administrator's settings are (2026-11). @see https://code.claude.com/docs/en/settings */
const MANAGED: Partial<Record<NodeJS.Platform, string>> = {
  darwin: '/Library/Application Support/ClaudeCode',
  win32: 'C:\\Program Files\\ClaudeCode',
}

/** Every scope that is there, the weakest first: a file's `env` wins over the shell. */
export async function claudeScopes(
  context: CommandContext,
  managedFolder = MANAGED[process.platform] ?? '/etc/claude-code',
): Promise<ClaudeScope[]> {
  const { env, home, cwd } = context
  const user = join(configDirOf(home, env.CLAUDE_CONFIG_DIR), 'settings.json')
  const project = join(cwd, '.claude', 'settings.json')
  const files: [ClaudeScope['name'], string][] = [
    ['user', user],
    // In the home both are one file.
    ...(project === user ? [] : [['project', project] as [ClaudeScope['name'], string]]),
    ['local', join(cwd, '.claude', 'settings.local.json')],
    ...(await managedFiles(managedFolder)).map((path): [ClaudeScope['name'], string] => [
      'managed',
      path,
    ]),
  ]
  const read = await Promise.all(
    files.map(([name, path]) => readScope(name, path, shownPath(path, cwd, home))),
  )
  return [shellScope(env), ...read.filter((scope) => scope !== undefined)]
}

async function managedFiles(folder: string): Promise<string[]> {
  const parts = join(folder, 'managed-settings.d')
  let names: string[] = []
  try {
    names = await readdir(parts)
  } catch {
    // Few machines have such a folder.
  }
  const more = names.filter((name) => name.endsWith('.json')).sort()
  return [join(folder, 'managed-settings.json'), ...more.map((name) => join(parts, name))]
}

function shellScope(env: CommandContext['env']): ClaudeScope {
  const given: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (value) given[name] = value
  return { name: 'shell', where: 'the shell', env: given, keyHelper: false, model: undefined }
}

async function readScope(
  name: ClaudeScope['name'],
  path: string,
  where: string,
): Promise<ClaudeScope | undefined> {
  const empty = { name, where, env: {}, keyHelper: false, model: undefined }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    return { ...empty, problem: `it cannot be read (${String(code)})` }
  }
  const settings = parseJson(text.replace(/^\uFEFF/, ''))
  if (!isRecord(settings)) return { ...empty, problem: 'it is no JSON object' }
  const { apiKeyHelper, model } = settings
  return {
    ...empty,
    env: textsIn(settings.env),
    keyHelper: typeof apiKeyHelper === 'string' && apiKeyHelper !== '',
    model: typeof model === 'string' && model !== '' ? model : undefined,
  }
}

function textsIn(env: unknown): Record<string, string> {
  const texts: Record<string, string> = {}
  if (!isRecord(env)) return texts
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string' && value !== '') texts[name] = value
  }
  return texts
}

/** What a variable is in the end: the strongest scope's word. */
export function effective(scopes: readonly ClaudeScope[], name: string): string | undefined {
  return scopes.findLast(({ env }) => env[name] !== undefined)?.env[name]
}
