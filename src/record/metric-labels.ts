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

/** More names than this are `other`, whatever upstreams say. */
const MOST_NAMES = 100

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
    if (!answered || this.#names.size >= MOST_NAMES) return 'other'
    this.#names.add(name)
    return name
  }
}
