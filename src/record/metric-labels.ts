import type { Settled } from './observer.ts'

/** Endpoints by the path below the prefix. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  '/v1/messages': 'messages',
  '/v1/messages/count_tokens': 'count_tokens',
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'responses',
  '/v1/models': 'models',
}
const FOLDED: readonly (readonly [start: string, label: string])[] = [
  ['/v1/models/', 'models'],
  ['/v1/messages/batches', 'batches'],
  ['/v1/files', 'files'],
  ['/v1/skills', 'skills'],
]

/** A path as a label: whatever ids it has, there are but a few. */
export function endpointOf(path: string): string {
  const known = ENDPOINTS[path]
  if (known !== undefined) return known
  return FOLDED.find(([start]) => path.startsWith(start))?.[1] ?? 'other'
}

/** Statuses that count by themselves: an upstream can answer with any number. */
const STATUSES: ReadonlySet<number> = new Set([
  ...[200, 201, 202, 204, 206, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422],
  ...[424, 429, 499, 500, 501, 502, 503, 504, 524, 529],
])

/** A status as a label: a rare one by its class. */
export function statusOf(status: number): string {
  return STATUSES.has(status) ? `${status}` : `${Math.floor(status / 100)}xx`
}

/** How an upstream failed an exchange; undefined where it did not. */
export function upstreamFailure({ ending, status }: Settled): string | undefined {
  switch (ending) {
    case 'upstream_timeout':
      return 'timeout'
    case 'upstream_cut':
      return status >= 400 ? 'unreachable' : 'cut'
    case 'upstream_error':
      return errorKind(status)
    case 'complete':
    case 'refused':
    case 'client_left':
    case 'drained':
    case 'internal':
      return undefined
  }
}

function errorKind(status: number): string {
  if (status < 400) return 'in_stream'
  if (status === 401 || status === 403) return 'authentication'
  if (status === 429) return 'rate_limit'
  if (status === 529) return 'overloaded'
  return status < 500 ? 'invalid_request' : 'server'
}

/** More names than this are `other`, whatever upstreams say; so are longer ones. */
const MOST_NAMES = 100
const LONGEST_NAME = 100

/** Names of models as labels: clients may send any, so one counts once the settings or an upstream's answer vouch for it. */
export class ModelNames {
  readonly #names: Set<string>

  constructor(named: readonly string[]) {
    this.#names = new Set(named.filter((name) => !name.includes('*')).slice(0, MOST_NAMES))
  }

  label({ upstreamModel, model, status, usage }: Settled): string {
    const name = upstreamModel ?? model
    if (name === undefined) return 'none'
    if (this.#names.has(name)) return name
    const answered = status < 400 && usage.output !== undefined
    if (!answered || this.#names.size >= MOST_NAMES || name.length > LONGEST_NAME) return 'other'
    this.#names.add(name)
    return name
  }
}
