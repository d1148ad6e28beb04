import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type RunCommand, runCommand } from '../../auth/run-command.ts'
import { parseCredentials } from '../../auth/stored-login.ts'
import { errorCode } from '../../kit/error.ts'
import { isRecord, parseJson } from '../../kit/json.ts'
import { configDirOf, readClaudeSettings, type SettingSource } from './claude-settings.ts'
import type { Environment } from './install-places.ts'
import type { RunClaude } from './run-claude.ts'

/** Whether Claude Code is signed in, in words for people; never a secret. */
export interface LoginState {
  readonly state: 'signed_in' | 'expired' | 'signed_out' | 'unknown'
  readonly how: string
  /** What to do, where something is to be done. */
  readonly fix?: string
}

/** Where Claude Code's login is and which variables it sees. */
export interface LoginPlaces {
  /** The environment in which it runs. */
  readonly env: Environment
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly cwd?: string | undefined
  readonly sources: readonly SettingSource[]
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  readonly run?: RunCommand
}

/** How to sign in. */
export const SIGN_IN = 'run "claude" and sign in with /login, or set ANTHROPIC_API_KEY in sdk.env'

/** The first version with `claude auth status`; older ones would take the words for a prompt. */
const AUTH_STATUS_SINCE = '2.1.41'
const STATUS_TIMEOUT_MS = 10_000
const KEYCHAIN_TIMEOUT_MS = 5_000
const KEYCHAIN_SERVICE = 'Claude Code-credentials'

const CLOUDS: readonly (readonly [variable: string, provider: string, words: string])[] = [
  ['CLAUDE_CODE_USE_BEDROCK', 'bedrock', 'Amazon Bedrock'],
  ['CLAUDE_CODE_USE_VERTEX', 'vertex', 'Google Vertex AI'],
  ['CLAUDE_CODE_USE_FOUNDRY', 'foundry', 'Microsoft Foundry'],
  ['CLAUDE_CODE_USE_MANTLE', 'mantle', 'Amazon Bedrock (Mantle)'],
  ['CLAUDE_CODE_USE_ANTHROPIC_AWS', 'anthropicAws', 'Claude Platform on AWS'],
]

/**
 * Claude Code's own word on its login (`claude auth status`, half a second) with the end of its plan login, which
 * only its file tells; read from files and variables alone where the version cannot say or did not.
 */
export async function claudeLogin(
  places: LoginPlaces,
  claude: { readonly version: string; readonly run: RunClaude } | undefined,
): Promise<LoginState> {
  const settings = await readClaudeSettings({
    configDir: configDirOf(places.home, places.env.CLAUDE_CONFIG_DIR),
    cwd: places.cwd,
    sources: places.sources,
  })
  const env = { ...places.env, ...settings.env }
  const said = claude === undefined ? undefined : await askClaude(claude)
  if (said === undefined) return fromPlaces({ ...places, env }, settings.hasKeyHelper)
  if (said.loggedIn !== true) return signedOut(await readPlan({ ...places, env }))
  return fromMethod({ ...places, env }, said)
}

async function askClaude(claude: { readonly version: string; readonly run: RunClaude }) {
  if (Bun.semver.order(claude.version, AUTH_STATUS_SINCE) < 0) return undefined
  const result = await claude.run(['auth', 'status', '--json'], STATUS_TIMEOUT_MS)
  if (result.kind !== 'done') return undefined
  const said = parseJson(result.stdout)
  return isRecord(said) && typeof said.loggedIn === 'boolean' ? said : undefined
}

async function fromMethod(
  places: LoginPlaces,
  said: Readonly<Record<string, unknown>>,
): Promise<LoginState> {
  const { authMethod, apiProvider, apiKeySource, subscriptionType } = said
  if (authMethod === 'third_party') {
    const cloud = CLOUDS.find(([, provider]) => provider === apiProvider)
    return signedIn(`${cloud?.[2] ?? String(apiProvider)}, with its own credentials`)
  }
  if (authMethod === 'api_key') {
    const source = typeof apiKeySource === 'string' ? apiKeySource : 'its settings'
    return signedIn(`API key of ${source}`)
  }
  if (authMethod === 'api_key_helper') return signedIn('API key of its apiKeyHelper')
  if (authMethod === 'oauth_token') return signedIn(`token in ${tokenVariable(places.env)}`)
  const plan = typeof subscriptionType === 'string' ? subscriptionType : undefined
  if (authMethod !== 'claude.ai') return signedIn(`login "${String(authMethod)}"`)
  const stored = await readPlan(places)
  return stored.kind === 'plan' ? planState(stored, places) : signedIn(planWords(plan))
}

function tokenVariable(env: Environment): string {
  return env.ANTHROPIC_AUTH_TOKEN ? 'ANTHROPIC_AUTH_TOKEN' : 'CLAUDE_CODE_OAUTH_TOKEN'
}

/** What Claude Code would use, in its order of precedence (2026-11). */
async function fromPlaces(places: LoginPlaces, hasKeyHelper: boolean): Promise<LoginState> {
  const { env, platform, run = runCommand } = places
  const cloud = CLOUDS.find(([variable]) => isOn(env[variable]))
  if (cloud !== undefined) return signedIn(`${cloud[2]}, with its own credentials`)
  if (env.ANTHROPIC_AUTH_TOKEN) return signedIn('token in ANTHROPIC_AUTH_TOKEN')
  if (env.ANTHROPIC_API_KEY) return signedIn('API key of ANTHROPIC_API_KEY')
  if (hasKeyHelper) return signedIn('API key of its apiKeyHelper')
  if (env.CLAUDE_CODE_OAUTH_TOKEN) return signedIn('token in CLAUDE_CODE_OAUTH_TOKEN')
  const stored = await readPlan(places)
  if (stored.kind === 'plan') return planState(stored, places)
  if (platform !== 'darwin') return signedOut(stored)
  // Without -w only its presence is told: no dialog of the Keychain opens.
  const command = ['security', 'find-generic-password', '-s', KEYCHAIN_SERVICE]
  const found = await run(command, KEYCHAIN_TIMEOUT_MS)
  if (found.kind === 'done' && found.exitCode === 0) return signedIn('plan login in the Keychain')
  if (found.kind === 'done') return signedOut(stored)
  return { state: 'unknown', how: 'the Keychain gave no answer', fix: SIGN_IN }
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false', 'no', 'off'].includes(value.toLowerCase())
}

interface Plan {
  readonly kind: 'plan'
  readonly plan: string | undefined
  readonly expiresAt: number | undefined
  readonly refreshable: boolean
}

type StoredPlan =
  | Plan
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly why: string }

/** The plan login in the one file that today's Claude Code reads; no token leaves this function. */
async function readPlan({ env, home }: LoginPlaces): Promise<StoredPlan> {
  const path = join(configDirOf(home, env.CLAUDE_CONFIG_DIR), '.credentials.json')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error'
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'none' }
    return { kind: 'broken', why: `"${path}" cannot be read (${code})` }
  }
  const parsed = parseCredentials(text)
  if (typeof parsed === 'string') return { kind: 'broken', why: `"${path}" is unusable: ${parsed}` }
  const { login } = parsed.credentials
  if (login === undefined) return { kind: 'none' }
  const { subscriptionType: plan, expiresAt, refreshToken, scopes } = login
  // A login of other scopes does not count there (2.1.329).
  if (!scopes.includes('user:inference')) return { kind: 'none' }
  return { kind: 'plan', plan, expiresAt, refreshable: refreshToken !== undefined }
}

function planState({ plan, expiresAt, refreshable }: Plan, places: LoginPlaces): LoginState {
  const words = planWords(plan)
  if (expiresAt === undefined) return signedIn(words)
  const time = new Date(expiresAt).toISOString()
  if (expiresAt > (places.now ?? Date.now)()) {
    return signedIn(`${words}, ${refreshable ? 'refreshed before' : 'expires'} ${time}`)
  }
  if (refreshable) return signedIn(`${words}, refreshed at the next use`)
  return { state: 'expired', how: `${words}, expired ${time}`, fix: SIGN_IN }
}

function planWords(plan: string | undefined): string {
  return plan === undefined ? 'plan login' : `plan login (${plan})`
}

function signedIn(how: string): LoginState {
  return { state: 'signed_in', how }
}

function signedOut(stored: StoredPlan): LoginState {
  const why = stored.kind === 'broken' ? `: ${stored.why}` : ''
  return { state: 'signed_out', how: `not signed in${why}`, fix: SIGN_IN }
}
