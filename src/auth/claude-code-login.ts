import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, ProxyError } from '../kit/error.ts'
import type { Secret } from '../kit/secret.ts'
import { denied } from './login-error.ts'
import { type CommandResult, type RunCommand, runCommand } from './run-command.ts'
import { parseCredentials, type StoredLogin } from './stored-login.ts'
import type { TokenSource, TokenState } from './token-source.ts'

/** Where Claude Code may keep its login on this machine. */
export interface ClaudeCodePlaces {
  readonly home: string
  /** The value of `CLAUDE_CONFIG_DIR`, where it is set. */
  readonly configDir: string | undefined
  readonly platform: NodeJS.Platform
  readonly run?: RunCommand
}

/** Claude Code's own login and where it was found. */
export interface FoundLogin {
  readonly login: StoredLogin
  /** A file's path, or the Keychain in words. */
  readonly source: string
}

const KEYCHAIN_SERVICE = 'Claude Code-credentials'
const KEYCHAIN_TIMEOUT_MS = 5_000

/** The files that Claude Code's versions have used, in the order in which they are asked. */
export function claudeCodeFiles({ home, configDir }: ClaudeCodePlaces): string[] {
  const folders = [join(home, '.claude'), join(home, '.config', 'claude')]
  if (configDir !== undefined && configDir !== '') folders.unshift(configDir)
  return folders.flatMap((folder) => [
    join(folder, '.credentials.json'),
    join(folder, 'credentials.json'),
  ])
}

/** Finds Claude Code's own login; only ever reads, for it is not ours to refresh or to write. */
export async function findClaudeCodeLogin(
  places: ClaudeCodePlaces,
): Promise<FoundLogin | undefined> {
  for (const path of claudeCodeFiles(places)) {
    const login = await readLogin(path)
    if (login !== undefined) return { login, source: path }
  }
  return places.platform === 'darwin' ? readKeychain(places.run ?? runCommand) : undefined
}

async function readLogin(path: string): Promise<StoredLogin | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unusable(path, code ?? 'unknown error')
  }
  const parsed = parseCredentials(text)
  if (typeof parsed === 'string') throw unusable(path, parsed)
  return parsed.credentials.login
}

async function readKeychain(run: RunCommand): Promise<FoundLogin | undefined> {
  const command = ['security', 'find-generic-password', '-s', KEYCHAIN_SERVICE, '-w']
  const result: CommandResult = await run(command, KEYCHAIN_TIMEOUT_MS)
  if (result.kind !== 'done' || result.exitCode !== 0) return undefined
  const parsed = parseCredentials(result.stdout.trim())
  const source = `macOS Keychain item "${KEYCHAIN_SERVICE}"`
  if (typeof parsed === 'string') throw unusable(source, parsed)
  const { login } = parsed.credentials
  return login === undefined ? undefined : { login, source }
}

function unusable(source: string, why: string): ProxyError {
  return new ProxyError(
    'authentication',
    `Cannot read Claude Code's login in "${source}": ${why}; run "claude" and sign in again, or set auth.oauth.use_claude_code_login = false`,
  )
}

/** How long what was found is believed. */
const FOUND_TTL_MS = 5_000

/** Claude Code's own login as a source of tokens: read anew, never refreshed, never written. */
export class ClaudeCodeLogin implements TokenSource {
  readonly kind = 'claude-code-login'
  readonly #places: ClaudeCodePlaces
  readonly #accepted: () => Promise<boolean>
  readonly #now: () => number
  #found: { readonly value: FoundLogin | undefined; readonly at: number } | undefined

  /**
   * @param accepted whether the terms were accepted, as our own file says
   * @param now milliseconds since the epoch
   */
  constructor(places: ClaudeCodePlaces, accepted: () => Promise<boolean>, now = Date.now) {
    this.#places = places
    this.#accepted = accepted
    this.#now = now
  }

  async state(): Promise<TokenState> {
    try {
      const found = await this.#find()
      if (found === undefined) return { kind: 'absent' }
      const { login, source } = found
      if (!(await this.#accepted())) return { kind: 'not-accepted', source }
      const { subscriptionType: plan, scopes, expiresAt } = login
      return { kind: 'ready', source, plan, scopes, expiresAt }
    } catch (error) {
      if (error instanceof ProxyError) return { kind: 'unusable', reason: error.message }
      throw error
    }
  }

  async token(): Promise<Secret> {
    const found = await this.#find()
    if (found === undefined) {
      throw denied('No login of Claude Code was found: run "claude" and sign in')
    }
    if (!(await this.#accepted())) {
      throw denied(
        `Claude Code's login in "${found.source}" may not be used: its terms were not accepted; run "ccproxy auth accept-terms"`,
      )
    }
    if (this.#hasEnded(found)) {
      this.#found = undefined
      throw denied(
        `Claude Code's login in "${found.source}" has expired: run "claude" once so that it refreshes it`,
      )
    }
    return found.login.accessToken
  }

  async rejected(token: Secret): Promise<Secret | undefined> {
    this.#found = undefined
    const found = await this.#find()
    if (found === undefined || this.#hasEnded(found)) return undefined
    const { accessToken } = found.login
    return accessToken.equals(token.reveal()) ? undefined : accessToken
  }

  async #find(): Promise<FoundLogin | undefined> {
    const now = this.#now()
    if (this.#found === undefined || Math.abs(now - this.#found.at) >= FOUND_TTL_MS) {
      this.#found = { value: await findClaudeCodeLogin(this.#places), at: now }
    }
    return this.#found.value
  }

  #hasEnded({ login }: FoundLogin): boolean {
    return login.expiresAt !== undefined && this.#now() >= login.expiresAt
  }
}
