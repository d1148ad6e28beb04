import type { IncomingMessage } from 'node:http'
import { Value } from '@sinclair/typebox/value'
import { LiveResult } from '../../http/logs/schema.ts'
import { messageOf, ProxyError } from '../../kit/error.ts'
import { parseJson } from '../../kit/json.ts'
import { pause } from '../../kit/pause.ts'
import { callProxy } from '../client/call-proxy.ts'
import { hearEvents, RETRY_MS } from '../client/event-stream.ts'
import type { ProxyPlace } from '../client/proxy-address.ts'
import type { Exchange } from './log-table.ts'
import type { Source } from './source.ts'

/** How exchanges are followed. */
export interface FollowOptions {
  readonly source: Source
  readonly proxy: ProxyPlace
  readonly filter: URLSearchParams
  /** How many of the past are shown first. */
  readonly past: number
  readonly signal: AbortSignal
  readonly show: (exchanges: readonly Exchange[]) => void
  readonly lost: (reason: string) => void
}

/** A row is in the ledger so much later than it settled: those of the moment before the stream began, ms. */
const LATE_MS = 2000
const REMEMBERED = 2000
const MOST_ROWS = 1000

/** Shows what was and then what comes, each once, until the signal; comes back when the proxy does. */
export async function follow(options: FollowOptions): Promise<void> {
  const { signal, lost } = options
  const seen = new Seen(options)
  let wait = 0
  while (!signal.aborted) {
    try {
      const stream = await open(options)
      await seen.catchUp()
      wait = RETRY_MS.first
      const late = setTimeout(
        () => void seen.catchUp().catch((error) => lost(messageOf(error))),
        LATE_MS,
      )
      await listen(stream, seen, signal).finally(() => clearTimeout(late))
      if (!signal.aborted) lost('ccproxy closed the connection')
    } catch (error) {
      if (signal.aborted) return
      // The first connection must succeed; a refusal will not turn into anything else.
      if (wait === 0 || (error instanceof ProxyError && error.status < 500)) throw error
      wait = Math.min(wait * 2, RETRY_MS.longest)
    }
    await pause(wait, signal)
  }
}

/** What was shown: after a break the ledger is asked for what came meanwhile. */
class Seen {
  readonly #options: FollowOptions
  readonly #shown = new Set<string>()
  #last: string | undefined

  constructor(options: FollowOptions) {
    this.#options = options
  }

  async catchUp(): Promise<void> {
    const { source, filter, past } = this.#options
    const query = new URLSearchParams(filter)
    if (this.#last !== undefined) query.set('since', this.#last)
    const limit = this.#last === undefined ? past : MOST_ROWS
    if (limit === 0) return
    query.set('limit', `${limit}`)
    const { rows } = await source.query(query)
    this.take([...rows].reverse())
  }

  take(exchanges: readonly Exchange[]): void {
    const fresh = exchanges.filter((one) => !this.#shown.has(keyOf(one)))
    for (const one of fresh) {
      this.#shown.add(keyOf(one))
      // Long requests settle after later ones: what began before the newest may still come.
      if (this.#last === undefined || one.time < this.#last) this.#last = one.time
    }
    this.#forget()
    if (fresh.length > 0) this.#options.show(fresh)
  }

  #forget(): void {
    for (const key of this.#shown) {
      if (this.#shown.size <= REMEMBERED) return
      this.#shown.delete(key)
      this.#last = key.slice(0, key.indexOf(' '))
    }
  }
}

function keyOf({ time, id }: Exchange): string {
  return `${time} ${id}`
}

async function open({ proxy, filter, signal }: FollowOptions): Promise<IncomingMessage> {
  const query = new URLSearchParams(filter)
  for (const name of ['since', 'until', 'limit', 'order', 'cursor']) query.delete(name)
  const headers = {
    accept: 'text/event-stream',
    ...(proxy.key !== undefined && { 'x-api-key': proxy.key }),
  }
  const stream = await callProxy({ url: `${proxy.url}/logs/stream?${query}`, headers, signal })
  if (stream.statusCode === 200) return stream
  stream.destroy()
  const kind = (stream.statusCode ?? 0) >= 500 ? 'unavailable' : 'not_found'
  throw new ProxyError(
    kind,
    `ccproxy at ${proxy.url} does not tell: it answered ${stream.statusCode}`,
  )
}

async function listen(stream: IncomingMessage, seen: Seen, signal: AbortSignal): Promise<void> {
  try {
    await hearEvents(stream, ({ event, data }) => {
      const exchange: unknown = event === 'settled' ? parseJson(data) : undefined
      if (Value.Check(LiveResult, exchange)) seen.take([exchange])
    })
  } catch (error) {
    if (!signal.aborted) throw new Error(messageOf(error), { cause: error })
  }
}
