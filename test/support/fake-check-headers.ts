import { demand, Refusal } from './fake-refusal.ts'
import type { RecordedRequest } from './raw-server.ts'

/** What the fake accepts. */
export interface HeaderRules {
  /** Credentials that are let in. */
  readonly credentials: readonly string[]
  /** Values that must never arrive, such as the proxy's own client token. */
  readonly forbidden: readonly string[]
}

/** @see wire.md 0 and 1.1 */
const VERSIONS = ['2023-06-01', '2026-10-21']

/** @see wire.md 1.11 */
const BETAS = new Set([
  'claude-code-20250219',
  'interleaved-thinking-2025-05-14',
  'context-management-2025-06-27',
  'per-turn-control-2026-07-01',
  'mid-conversation-tool-changes-2026-07-01',
  'mid-conversation-system-2026-04-07',
  'thinking-token-count-2026-05-13',
  'thinking-display-updates-2026-08-18',
  'effort-2025-11-24',
  'advanced-tool-use-2025-11-20',
  'oauth-2025-04-20',
  'extended-cache-ttl-2025-04-11',
  'context-1m-2025-08-07',
  'prompt-caching-scope-2026-01-05',
  'files-api-2025-04-14',
  'skills-2025-10-02',
  'mcp-client-2025-11-20',
  'compact-2026-01-12',
  'compact-2026-09-04',
  'fast-mode-2026-02-01',
  'structured-outputs-2025-11-13',
  'task-budgets-2026-03-13',
  'server-side-fallback-2026-07-01',
  'fallback-credit-2026-07-01',
  'message-threads-2026-08-12',
  'message-batches-2024-09-24',
  'output-300k-2026-03-24',
  'advisor-tool-2026-03-01',
  'token-counting-2024-11-01',
  'user-profiles-billing-2026-10-01',
])

/** Hop-by-hop and proxy headers (wire.md 8), and what only a browser or a hop would add. */
const FORBIDDEN = [
  ...['keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te'],
  ...['trailer', 'upgrade', 'cookie', 'forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host'],
  ...['x-forwarded-proto', 'x-real-ip', 'cf-connecting-ip', 'sec-fetch-mode', 'set-cookie'],
]

/** Checks what must hold for any request, on any endpoint; says what a proxy leaked. */
export function checkHygiene(
  request: RecordedRequest,
  rules: HeaderRules,
  port: number,
): string | undefined {
  for (const name of FORBIDDEN) {
    if (request.header(name) !== undefined) return `Header ${name} must not reach the API`
  }
  const connection = request.header('connection')?.toLowerCase() ?? 'keep-alive'
  if (!['keep-alive', 'close'].includes(connection)) return `Connection: ${connection}`
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(request.header('host') ?? '')) return `Host: ${request.header('host')}`
  for (const once of ['host', 'content-length', 'content-type', 'authorization', 'x-api-key']) {
    const lines = request.headers.filter(([name]) => name.toLowerCase() === once)
    if (lines.length > 1) return `Header ${once} came ${lines.length} times`
  }
  const lengths = ['content-length', 'transfer-encoding'].filter((name) => request.header(name))
  if (lengths.length > 1) return 'Both content-length and transfer-encoding'
  for (const [name, value] of request.headers) {
    const leaked = rules.forbidden.find((secret) => value.includes(secret))
    if (leaked !== undefined) return `Header ${name} carries a client token`
  }
  return undefined
}

/** The beta values of a request, in order. */
export function betasOf(request: RecordedRequest): string[] {
  const list = request.header('anthropic-beta') ?? ''
  return list
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '')
}

/** Refuses what the real API refuses by headers alone. */
export function checkApiHeaders(request: RecordedRequest, rules: HeaderRules): void {
  checkCredential(request, rules)
  const version = request.header('anthropic-version')
  demand(version !== undefined, 'anthropic-version: header is required')
  demand(VERSIONS.includes(version), `anthropic-version: "${version}" is not a valid version`)
  const unknown = betasOf(request).filter((beta) => !BETAS.has(beta))
  const names = unknown.map((beta) => `\`${beta}\``).join(', ')
  demand(unknown.length === 0, `Unexpected value(s) ${names} for the \`anthropic-beta\` header.`)
}

function checkCredential(request: RecordedRequest, rules: HeaderRules): void {
  const key = request.header('x-api-key')
  const authorization = request.header('authorization')
  const bearer = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  const unauthorized = (why: string) => new Refusal(401, 'authentication_error', why)
  if (key === undefined && authorization === undefined) {
    throw unauthorized('x-api-key header is required')
  }
  if (key !== undefined && !rules.credentials.includes(key)) throw unauthorized('invalid x-api-key')
  if (authorization !== undefined && !rules.credentials.includes(bearer ?? '')) {
    throw unauthorized('Invalid bearer token')
  }
  if (bearer?.startsWith('sk-ant-oat') && !betasOf(request).includes('oauth-2025-04-20')) {
    throw unauthorized('OAuth authentication is currently not supported.')
  }
}

/** Refuses a body of another type than JSON. */
export function checkJsonType(request: RecordedRequest): void {
  const type = request.header('content-type') ?? ''
  demand(/^application\/json(;|$)/i.test(type), `content-type: "${type}" is not application/json`)
}
