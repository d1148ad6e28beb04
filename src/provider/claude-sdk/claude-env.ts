import { posix, win32 } from 'node:path'
import type { Secret } from '../../kit/secret.ts'
import { type Environment, type Machine, variable } from './install-places.ts'

/** What Claude Code's environment is made of. */
export interface ClaudeEnvOptions {
  /** The environment that ccproxy itself was started with. */
  readonly inherited: Environment
  readonly platform: NodeJS.Platform
  /** `sdk.env`, which wins over all else. */
  readonly extra: Readonly<Record<string, string>>
  /** The port that ccproxy listens on, where it does. */
  readonly port?: number | undefined
  /** The keys that clients send to ccproxy: Claude Code and its tools never see them. */
  readonly clientKeys: readonly Secret[]
  /** Keys for other upstreams: they go along only in variables that Claude Code itself reads. */
  readonly upstreamKeys: readonly Secret[]
  /** ccproxy's version, told to the API beside Claude Code's own. */
  readonly version: string
  /** The executable: where PATH lacks its folder, that folder comes last, for the Node.js beside it. */
  readonly executable?: string | undefined
}

/** ccproxy's flat settings that mean nothing to Claude Code. */
const OWN_NAMES = new Set([
  'HOST',
  'PORT',
  'LOG_LEVEL',
  'AUTH_TOKEN',
  'GATEWAY_API_KEY',
  'ANTHROPIC_UPSTREAM_URL',
  'UPSTREAM_BASE_URL',
  'UPSTREAM_API_KEY',
  'UPSTREAM_TIMEOUT_SECONDS',
  'DEFAULT_UPSTREAM_MODEL',
  'FORCE_UPSTREAM_MODEL',
  'MODEL_MAP_JSON',
  'DEFAULT_MAX_TOKENS',
  'PRETTY_LOGS',
  'LOG_PAYLOAD_MAX_CHARS',
])

/** ccproxy's nested settings: `SECURITY__AUTH_TOKEN`, `CCPROXY__SERVER__PORT`. */
const OWN_NESTED =
  /^(CCPROXY_|(SERVER|LIMITS|SECURITY|NETWORK|PROVIDERS|ROUTING|SDK|AUTH|RECORD|SCHEDULER)__)/i

/** How ccproxy tunes its own Bun; Claude Code is a Bun program too and brings its own. */
const OWN_RUNTIME = /^(BUN_CONFIG_MAX_HTTP_REQUESTS$|BUN_JSC_|BUN_BE_BUN$|MIMALLOC_)/

/** What Claude Code sets for the programs that it starts: ours is no child of that session (2.1.329, 2026-11). */
const NESTED_RUN = new Set([
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_SESSION_ID',
  'CLAUDE_CODE_CHILD_SESSION',
  'CLAUDE_CODE_SESSION_ATTENDED',
  'CLAUDE_CODE_MESSAGING_SOCKET',
  'CLAUDE_CODE_MESSAGING_TOKEN',
  'CLAUDE_CODE_CHILD_NOTES_DIR',
  'CLAUDE_CODE_EXECPATH',
  'CLAUDE_PID',
  'CLAUDE_EFFORT',
  'AI_AGENT',
])

/** Variables of other upstreams' names that Claude Code reads itself. */
const CLAUDE_READS = /^(ANTHROPIC_|CLAUDE_|AWS_|GOOGLE_|CLOUD_|GCLOUD_|VERTEX_|AZURE_)/

/** Base URLs that may point at ccproxy, and what goes with each when one does. */
const POINTERS: readonly (readonly [url: string, withIt: readonly string[]])[] = [
  ['ANTHROPIC_BASE_URL', ['ANTHROPIC_CUSTOM_HEADERS']],
  [
    'ANTHROPIC_BEDROCK_BASE_URL',
    ['CLAUDE_CODE_USE_BEDROCK', 'CLAUDE_CODE_SKIP_BEDROCK_AUTH', 'AWS_BEARER_TOKEN_BEDROCK'],
  ],
  ['ANTHROPIC_VERTEX_BASE_URL', ['CLAUDE_CODE_USE_VERTEX', 'CLAUDE_CODE_SKIP_VERTEX_AUTH']],
  [
    'ANTHROPIC_FOUNDRY_BASE_URL',
    ['CLAUDE_CODE_USE_FOUNDRY', 'CLAUDE_CODE_SKIP_FOUNDRY_AUTH', 'ANTHROPIC_FOUNDRY_API_KEY'],
  ],
]

/** Keys that a client of ccproxy may have made up, such as the `dummy` of its documentation. */
const KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const

/** Set unless somebody has set them: no update in mid-run, tools of callers that may think for long. */
const DEFAULTS: Readonly<Record<string, string>> = {
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_TERMINAL_TITLE: '1',
  CLAUDE_CODE_STARTUP_FAILURE_RESULTS: '1',
  // A caller's tool is answered by its next request, which may be a day away (ms).
  MCP_TOOL_TIMEOUT: '86400000',
  // A caller's tool result reaches the model whole, as it would from the API.
  MAX_MCP_OUTPUT_TOKENS: '100000000',
}

/** The environment in which Claude Code runs: the user's, without what is ccproxy's alone. */
export function claudeEnv(options: ClaudeEnvOptions): Record<string, string> {
  const { inherited, extra, platform, port } = options
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && passes(options, name, value)) env[name] = value
  }
  const pointed = removeLoops(env, port)
  for (const name of KEYS) {
    const value = env[name]
    if (value !== undefined && isMadeUp(name, value, env, pointed)) delete env[name]
  }
  withFolder(env, platform, options.executable)
  const app = { CLAUDE_AGENT_SDK_CLIENT_APP: `ccproxy/${options.version}` }
  return { ...DEFAULTS, ...app, ...env, ...extra }
}

function passes({ clientKeys, upstreamKeys }: ClaudeEnvOptions, name: string, value: string) {
  if (OWN_NAMES.has(name) || NESTED_RUN.has(name)) return false
  if (OWN_NESTED.test(name) || OWN_RUNTIME.test(name)) return false
  if (clientKeys.some((key) => key.equals(value))) return false
  return CLAUDE_READS.test(name) || !upstreamKeys.some((key) => key.equals(value))
}

/** Takes out base URLs that lead back to ccproxy; tells whether Anthropic's did. */
function removeLoops(env: Record<string, string>, port: number | undefined): boolean {
  let anthropic = false
  for (const [name, withIt] of POINTERS) {
    const url = env[name]
    if (url === undefined || !pointsAt(url, port)) continue
    anthropic ||= name === 'ANTHROPIC_BASE_URL'
    for (const gone of [name, ...withIt]) delete env[gone]
  }
  return anthropic
}

/** Whether a base URL is the ccproxy that listens on `port` of this machine. */
export function pointsAt(baseUrl: string, port: number | undefined): boolean {
  if (port === undefined || !URL.canParse(baseUrl)) return false
  const url = new URL(baseUrl)
  const default_ = url.protocol === 'https:' ? 443 : 80
  if ((url.port === '' ? default_ : Number(url.port)) !== port) return false
  const host = url.hostname
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return /^127(\.\d+){3}$/.test(host) || ['0.0.0.0', '[::1]', '[::]'].includes(host)
}

/** A key was meant for ccproxy where the base URL was, and is none where Anthropic would get it. */
function isMadeUp(name: string, value: string, env: Environment, pointed: boolean): boolean {
  if (value === '') return true
  if (value.startsWith('sk-ant-')) return false
  if (pointed) return true
  return name === 'ANTHROPIC_API_KEY' && isAnthropics(env.ANTHROPIC_BASE_URL)
}

function isAnthropics(baseUrl: string | undefined): boolean {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return true
  const { hostname } = new URL(baseUrl)
  return hostname === 'anthropic.com' || hostname.endsWith('.anthropic.com')
}

function withFolder(
  env: Record<string, string>,
  platform: NodeJS.Platform,
  executable: string | undefined,
): void {
  const path = platform === 'win32' ? win32 : posix
  if (executable === undefined || !path.isAbsolute(executable)) return
  const folder = path.dirname(executable)
  const machine: Machine = { env, platform, home: '' }
  const name = Object.keys(env).find((key) => key.toLowerCase() === 'path') ?? 'PATH'
  const folders = variable(machine, 'PATH')?.split(path.delimiter) ?? []
  if (!folders.includes(folder)) env[name] = [...folders, folder].join(path.delimiter)
}

/**
 * What Claude Code's own settings need over them: where their `env` leads back to ccproxy, the empty values take
 * that away. For the SDK's option `settings`; undefined where nothing is to be said.
 */
export function settingsOver(
  settings: { readonly env: Readonly<Record<string, string>> },
  options: Pick<ClaudeEnvOptions, 'port' | 'extra'>,
): { readonly env: Record<string, string> } | undefined {
  const over: Record<string, string> = {}
  const all = { ...settings.env }
  const pointed = removeLoops(all, options.port)
  for (const name of Object.keys(settings.env)) {
    const meant = isKey(name) && pointed && isMadeUp(name, settings.env[name] ?? '', all, pointed)
    if (!(name in all) || meant) over[name] = options.extra[name] ?? ''
  }
  return Object.keys(over).length === 0 ? undefined : { env: over }
}

function isKey(name: string): name is (typeof KEYS)[number] {
  return KEYS.some((key) => key === name)
}
